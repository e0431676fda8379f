"""Every registered component passes the suite that its kind has to pass."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from qlab.backends.base import Capabilities
from qlab.backends.engine import EngineBackend
from qlab.backends.estimate import Estimate
from qlab.backends.pennylane import PennyLaneBackend
from qlab.backends.shift import ParameterShift
from qlab.circuits import Circuit
from qlab.config import registry
from qlab.config.options.datasets import SplitOptions
from qlab.config.options.heads import MLP
from qlab.data.dataset import DataContext, Dataset
from qlab.data.entanglement import Entanglement
from qlab.data.tfbs import Tfbs
from qlab.encoders.encoder import FitContext
from qlab.encoders.trainable import Block, TrainableEncoder
from qlab.heads.head import Head
from qlab.noise.noisy import NoisyCircuit
from qlab.testing.backends import check_backend
from qlab.testing.blocks import check_block
from qlab.testing.datasets import check_dataset
from qlab.testing.encoders import check_encoder
from qlab.testing.heads import check_head
from tests.data.colour_files import cifar_members, stl_members, unpack

SPLIT_FIELDS = frozenset(field.name for field in dataclasses.fields(SplitOptions))
SMALL: dict[str, dict[str, Any]] = {
    "quantum_dot": {"size": 40, "resolution": 16},
    "resnet": {"n_features": 4, "weights": "random"},
    "tensor_train": {"n_features": 4, "source": "train", "pretrain_epochs": 1},
    "identity": {},
    "tfbs": {"size": 60, "length": 40},
    "cifar100": {"classes": [0, 57]},
    "stl10": {"classes": [9, 0, 4]},
    "entanglement": {"size": 60},
    "tfim": {"size": 60},
    "xxz": {"size": 60},
    "block_means": {},
    "pooled_signs": {},
    "pauli": {},
    "kmer": {"n_features": 4, "k": 3},
    "pwm": {"n_features": 4},
    "sequence_cnn": {"n_features": 4, "filters": 8, "source": "train", "pretrain_epochs": 1},
}
HEADS: dict[str, dict[str, Any]] = {"amplitude_vqc": {"n_qubits": 3}, "quantized": {"method": "descent", "calls": 10}}
COLOUR: dict[str, Callable[[], dict[str, bytes]]] = {
    "cifar100": lambda: cifar_members(2000, 1000),
    "stl10": lambda: stl_members(100, 50),
}


def options(group: str, name: str, **changes: Any) -> Any:
    return dataclasses.replace(registry.options_class(group, name)(), **changes)


@pytest.mark.parametrize("name", registry.names("dataset"))
def test_datasets(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    chosen = options("dataset", name, **SMALL.get(name, {}))
    if name in ("mnist", "fashion_mnist"):
        chosen.path = str(request.getfixturevalue("data_dir") / name)
    if name in COLOUR:
        chosen.path = str(unpack(tmp_path / name, COLOUR[name]()))
    check_dataset(lambda: registry.build(chosen, leave_out=SPLIT_FIELDS), DataContext(cache=tmp_path))


@pytest.mark.parametrize("name", registry.names("encoder"))
def test_encoders(name: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    labels = np.arange(120, dtype=np.int64) % 2
    images = rng.normal(size=(120, 1, 16, 16)).astype(np.float32) + labels[:, None, None, None].astype(np.float32)
    data = Dataset("noise", "synthetic", images, labels, ("low", "high"))
    if name in ("kmer", "pwm", "sequence_cnn"):
        data = Tfbs(size=120, length=40).load(DataContext())
    if name == "block_means":
        data = dataclasses.replace(data, images=abs(images))
    if name == "pauli":
        data = Entanglement(size=120).load(DataContext())
    chosen = options("encoder", name, **SMALL.get(name, {"n_features": 4}))

    def no_source(size: int) -> Dataset:
        raise AssertionError("no source set is needed here")

    check_encoder(lambda: registry.build(chosen), data, FitContext(source=no_source, cache=tmp_path))


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("batch_pca", {}),
        ("resnet18_published", {}),
        ("cnn", {"augment": "affine"}),
        ("cnn", {"augment": "flip_crop"}),
        ("cnn", {"widths": [1, 4], "hidden": None, "grid": 1}),
    ],
)
def test_trainable_blocks(name: str, changes: dict[str, Any]) -> None:
    chosen = options("encoder", name, n_features=4, **changes)
    assert isinstance(registry.build(chosen), TrainableEncoder)
    check_block(lambda: registry.build(chosen), (1, 12, 12), 4)


def test_a_block_that_hides_its_dependence_on_the_batch_is_caught() -> None:
    class Centred(Block):
        def __init__(self, generator: torch.Generator) -> None:
            super().__init__()
            self.n_features = 9
            self.factor = torch.nn.Parameter(torch.rand(1, generator=generator))

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.factor * (images - images.mean(0)).flatten(1)

    class Hiding(TrainableEncoder):
        def block(self, image_shape: tuple[int, ...], generator: torch.Generator) -> Block:
            return Centred(generator)

    with pytest.raises(AssertionError, match="features in batches of 13 and of 2 differ"):
        check_block(Hiding, (1, 3, 3), 9)


@pytest.mark.parametrize("name", registry.names("head"))
def test_heads(name: str) -> None:
    chosen = options("head", name, **HEADS.get(name, {}))
    n_classes = 2 if name == "quantized" else 3

    def make(generator: torch.Generator) -> Head:
        required = (8, n_classes, EngineBackend(precision="double"), generator)
        if isinstance(chosen, MLP):
            return registry.factory(chosen)(*required, n_parameters=147)  # type: ignore[no-any-return]
        return registry.build(chosen, *required)  # type: ignore[no-any-return]

    check_head(make, 8, n_classes)


@pytest.mark.parametrize("changes", [{"inputs": "probabilities", "parametrisation": "weights"}, {"training": "greedy"}])
def test_residual_heads_of_other_kinds(changes: dict[str, Any]) -> None:
    chosen = options("head", "residual", **changes)
    check_head(lambda generator: registry.build(chosen, 8, 3, EngineBackend(), generator), 8, 3)


@pytest.mark.parametrize("name", registry.names("backend"))
def test_backends(name: str) -> None:
    chosen = options("backend", name)
    check_backend(registry.build(chosen, leave_out=frozenset({"shots", "seed"})), 2e-6)


@pytest.mark.parametrize(
    ("backend", "tolerance"),
    [
        (EngineBackend(precision="double"), 1e-12),
        (EngineBackend(precision="double", simulation="trajectories", trajectories=2000), 1e-12),
        (ParameterShift(EngineBackend(precision="double")), 1e-12),
        (PennyLaneBackend(), 1e-10),
        (PennyLaneBackend(device="lightning.qubit", gradient="adjoint"), 2e-6),
        # With PyTorch, default.mixed computes parts of a circuit in single precision.
        (PennyLaneBackend(device="default.mixed"), 2e-6),
    ],
    ids=[
        "engine in double precision",
        "engine with trajectories",
        "parameter shift",
        "default.qubit",
        "lightning.qubit",
        "default.mixed",
    ],
)
def test_backends_in_other_settings(backend: Any, tolerance: float) -> None:
    check_backend(backend, tolerance)


def test_a_dataset_that_breaks_a_rule_is_caught() -> None:
    class Forgetful:
        def load(self, context: DataContext) -> Dataset:
            images = np.random.default_rng().normal(size=(20, 1, 4, 4)).astype(np.float32)
            return Dataset("noise", "synthetic", images, np.arange(20, dtype=np.int64) % 2, ("a", "b"))

        def load_source(self, context: DataContext, size: int) -> Dataset:
            raise NotImplementedError

    with pytest.raises(AssertionError, match="two loads give different images"):
        check_dataset(Forgetful, DataContext())


def test_a_backend_that_leaves_noise_out_in_silence_is_caught() -> None:
    class Silent(EngineBackend):
        def estimate(self, noisy: NoisyCircuit, *arguments: Any, **settings: Any) -> Estimate:
            return Estimate(self.expectations(noisy.circuit, *arguments))

    class Modest(Silent):
        def capabilities(self) -> Capabilities:
            return dataclasses.replace(super().capabilities(), noise=False)

    with pytest.raises(AssertionError, match="flips and readout errors do not shrink"):
        check_backend(Silent(precision="double"), 1e-10)
    with pytest.raises(AssertionError, match="cannot execute noise, yet it did not refuse"):
        check_backend(Modest(precision="double"), 1e-10)


def test_a_backend_that_does_not_say_what_it_chose_is_caught() -> None:
    class Secretive(EngineBackend):
        def resolved(self, circuit: Circuit, batch: int) -> dict[str, str]:
            return {"method": self._method}

    with pytest.raises(AssertionError, match="leaves method=auto open"):
        check_backend(Secretive(precision="double"), 1e-10)


def test_a_head_with_weights_of_its_own_chance_is_caught() -> None:
    class Loose(Head):
        def __init__(self, generator: torch.Generator) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(4, 2)

        def forward(self, features: torch.Tensor) -> torch.Tensor:
            return self.layer(features)  # type: ignore[no-any-return]

    with pytest.raises(AssertionError, match="the same seed gives different first weights"):
        check_head(Loose, 4, 2)
