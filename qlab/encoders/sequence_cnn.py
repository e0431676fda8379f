"""A small convolutional network for DNA sequences, trained on a source task and then frozen."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from qlab.arrays import State
from qlab.data.dataset import FloatArray, IntArray
from qlab.encoders.encoder import FitContext
from qlab.encoders.fitted import pack_facts, require_fitted, under_prefix, unpack_facts, with_prefix
from qlab.encoders.projection import Projection, principal
from qlab.encoders.sequences import Strands, require_sequences, require_shape
from qlab.encoders.source import SourceKind, source_examples, source_facts
from qlab.encoders.supervised import Schedule, train_classifier

_NAME = "sequence_cnn"
_SEQUENCES_AT_ONCE = 256


class _Detectors(nn.Module):
    """One-hot sequences (batch, 4, 1, length) to how strongly each filter answers where it answers most.

    Args:
        filters: of the convolution.
        width: bases that a filter sees.
        strands: ``both`` takes the stronger of the answers along the sequence and along its reverse complement.
    """

    def __init__(self, filters: int, width: int, strands: Strands) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(4, filters, width)
        self.strands = strands

    def forward(self, images: Tensor) -> Tensor:
        """Return (batch, filters)."""
        strand = images[:, :, 0, :]  # (batch, 4, length)
        strongest = self.convolution(strand).amax(dim=2)
        if self.strands == "both":
            reverse = strand.flip((1, 2))  # A, C, G, T backwards are their complements
            strongest = torch.maximum(strongest, self.convolution(reverse).amax(dim=2))
        return torch.relu(strongest)


class SequenceCNN:
    """Convolution, ReLU and global max pooling, trained with a linear classifier; then principal components.

    The components are standardised on the training images.

    Args:
        n_features: how many components; at most ``filters``.
        filters: of the convolution.
        width: bases that a filter sees.
        strands: ``both`` lets each filter look along both strands.
        source: train on ``generated`` examples that are disjoint from the task's, or on the ``train`` split itself.
        source_size: how many generated examples; one in nine is held out.
        pretrain_epochs: passes over them.
        pretrain_lr: peak learning rate.
        seed: of first weights, order and decomposition.
    """

    def __init__(
        self,
        *,
        n_features: int,
        filters: int = 32,
        width: int = 12,
        strands: Strands = "both",
        source: SourceKind = "generated",
        source_size: int = 1800,
        pretrain_epochs: int = 30,
        pretrain_lr: float = 0.01,
        seed: int = 0,
    ) -> None:
        self.n_features, self.filters, self.width, self.strands = n_features, filters, width, strands
        self.source: SourceKind = source
        self.source_size = source_size
        self.schedule = Schedule(pretrain_epochs, pretrain_lr, batch_size=32, seed=seed)
        self._network: _Detectors | None = None
        self._projection: Projection | None = None
        self._facts: dict[str, object] = {}

    @property
    def n_parameters(self) -> int:
        """Weights of the filters and entries of the components."""
        weights = sum(parameter.numel() for parameter in require_fitted(self._network).parameters())
        return weights + require_fitted(self._projection).n_parameters

    @property
    def provenance(self) -> Mapping[str, object]:
        """Accuracy on held-out source examples, and how many there were."""
        return dict(self._facts)

    def cache_facts(self, context: FitContext) -> Mapping[str, object]:
        """Return the version of this code and the hash of the source examples."""
        return {"version": 1, **source_facts(self.source, self.source_size, context)}

    def fit(self, images: FloatArray, labels: IntArray, context: FitContext) -> None:
        """Train the filters on the source examples, then decompose their answers to images (N, 4, 1, length).

        Raises:
            OptionError: the images are no one-hot sequences, or too short; fewer of them, or filters, than
                ``n_features``.
            DataError: there are no source examples.
            DivergedError: the loss is not finite.
        """
        require_sequences(images, _NAME, self.width)
        examples, classes = source_examples(self.source, self.source_size, images, labels, context)
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(self.schedule.seed)
            network = _Detectors(self.filters, self.width, self.strands)
        task = f"training {self.filters} filters on {len(examples)} source sequences"
        accuracy = train_classifier(network, self.filters, examples, classes, self.schedule, context.progress, task)
        self._set(network)
        self._projection = principal(self._answers(images), self.n_features, whiten=True, seed=self.schedule.seed)
        self._facts = {"source_accuracy": accuracy, "source_size": len(examples), "source": self.source}

    def transform(self, images: FloatArray) -> FloatArray:
        """Return features (N, n_features) of images (N, 4, 1, length)."""
        require_shape(images, _NAME, self.width)
        return require_fitted(self._projection).apply(self._answers(images))

    def state(self) -> State:
        """Return filters, components, scales and facts."""
        network = {name: tensor.numpy().copy() for name, tensor in require_fitted(self._network).state_dict().items()}
        projection = with_prefix("projection", require_fitted(self._projection).state())
        return with_prefix("network", network) | projection | {"facts": pack_facts(self._facts)}

    def load_state(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Restore what ``state`` returned."""
        network = _Detectors(self.filters, self.width, self.strands)
        arrays = under_prefix("network", state)
        network.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in arrays.items()})
        self._set(network)
        self._projection = Projection.from_state(under_prefix("projection", state))
        self._facts = unpack_facts(state["facts"])

    def _set(self, network: _Detectors) -> None:
        self._network = network.eval().requires_grad_(False)

    @torch.inference_mode()
    def _answers(self, images: FloatArray) -> FloatArray:
        network = require_fitted(self._network)
        answers = np.empty((len(images), self.filters), dtype=np.float32)
        for start in range(0, len(images), _SEQUENCES_AT_ONCE):
            rows = slice(start, start + _SEQUENCES_AT_ONCE)
            answers[rows] = network(torch.from_numpy(np.ascontiguousarray(images[rows]))).numpy()
        return answers
