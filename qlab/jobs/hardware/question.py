"""What a trained head asks of whatever executes its circuit, and its answer to other values than the ideal ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from qlab.backends.table import Notebook, Table
from qlab.circuits.circuit import Circuit
from qlab.circuits.observables import PauliWord
from qlab.circuits.preparation import by_rotations, preparation_angles
from qlab.config.schema import RunConfig
from qlab.errors import DataError, OptionError
from qlab.jobs import threads
from qlab.jobs.prepare import encode_data, load_data
from qlab.jobs.restore import restore_config, restore_model
from qlab.jobs.run import Run
from qlab.jobs.training import examples
from qlab.progress import Progress
from qlab.training.trainer import predict


@dataclass(frozen=True, eq=False)
class Question:
    """The circuit of a trained head on some samples of the test part.

    Attributes:
        circuit: what is executed for each sample; amplitudes of the head's own are prepared by gates.
        inputs: (N, n_inputs).
        weights: (n_weights,).
        words: K Pauli words whose expectation values are wanted.
        index: (N,), positions of the samples in the dataset.
        labels: (N,).
    """

    circuit: Circuit
    inputs: torch.Tensor
    weights: torch.Tensor
    words: tuple[PauliWord, ...]
    index: NDArray[np.int64]
    labels: NDArray[np.int64]
    _run: Run
    _config: RunConfig
    _features: torch.Tensor
    _asked: Notebook

    def logits(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return what the head makes (N, n_classes) of expectation values (N, K)."""
        table = Table(self._asked, torch.from_numpy(values))
        model = restore_model(self._run.folder, self._run.record, self._config, table)
        logits: NDArray[np.float32] = predict(model, self._features).numpy()
        return logits


def question_of(run: Run, limit: int | None, progress: Progress) -> Question:
    """Return what the head of a finished run asks for the first ``limit`` samples of its test part.

    Raises:
        RequestError: the data are missing.
        DataError: they are no longer those that the run was trained on.
        OptionError: the head has no circuit.
        CapabilityError: it executes more than one circuit for a sample.
    """
    config = restore_config(run.folder, name=run.folder.name, output_dir=str(run.folder.root))
    threads.for_encoding(config)
    task = encode_data(config, load_data(config, progress))
    if task.splits.fingerprint != run.record.dataset["fingerprint"]:
        raise DataError(f"the data of {run.path.name} are no longer those it was trained on")
    known = examples(task, "test")
    features, labels = known.features[:limit], known.labels[:limit]
    asked = Notebook()
    model = restore_model(run.folder, run.record, config, asked)
    if model.circuit is None:
        raise OptionError(f"{run.path.name} has the head {config.head.name}, which has no circuit to execute")
    predict(model, features)
    index = task.splits.test[:limit]
    circuit, inputs = _executable(asked.circuit, asked.inputs)
    return Question(circuit, inputs, asked.weights, asked.words, index, labels.numpy(), run, config, features, asked)


def _executable(circuit: Circuit, inputs: torch.Tensor) -> tuple[Circuit, torch.Tensor]:
    """Return a circuit of gates alone, as devices execute them, and its inputs (N, n_inputs)."""
    if not circuit.embeds_amplitudes:
        return circuit, inputs
    angles = torch.from_numpy(preparation_angles(inputs[:, : 2**circuit.n_qubits].double().numpy()))
    return by_rotations(circuit), torch.cat([inputs.double(), angles], dim=1)
