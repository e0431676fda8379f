"""Random QNodes against default.qubit, values and gradients, single parameters and batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pennylane as qml
import pytest

from tests.pennylane_device.comparison import Doubles, close

WIRES = 4
ONE = ["RX", "RY", "RZ", "PhaseShift"]
TWO = ["CRX", "CRY", "CRZ", "ControlledPhaseShift", "IsingXX", "IsingYY", "IsingZZ"]
FIXED = ["Hadamard", "PauliX", "PauliY", "PauliZ", "S", "T", "SX"]
FIXED_PAIRS = ["CNOT", "CY", "CZ", "CH", "SWAP", "ISWAP"]
DECOMPOSED = ["PSWAP", "SingleExcitation", "MultiRZ"]  # by PennyLane


def random_function(rng: np.random.Generator, n_gates: int = 25) -> Callable[[Any, Any], Any]:
    """Return a quantum function of features (..., 3) and weights (6,): gates, templates, and sums of Pauli words."""
    kinds = [str(rng.choice(["one", "two", "rot", "fixed", "pair", "many", "adjoint"])) for _ in range(n_gates)]
    names = {"one": ONE, "two": [*TWO, *DECOMPOSED], "fixed": FIXED, "pair": FIXED_PAIRS}
    plan = [
        (kind, str(rng.choice(names.get(kind, [""]))), rng.permutation(WIRES).tolist(), rng.integers(0, 9, 3).tolist())
        for kind in kinds
    ]
    layers = rng.normal(size=(2, WIRES, 3))

    def function(features: Any, weights: Any) -> Any:
        numbers = [features[..., 0], features[..., 1], features[..., 2], *weights]
        qml.AngleEmbedding(features, wires=[3, 0, 2], rotation="Y")
        for kind, name, wires, (a, b, c) in plan:
            if kind == "one":
                getattr(qml, name)(numbers[a], wires=wires[0])
            elif kind == "two":
                getattr(qml, name)(numbers[a], wires=wires[:2])
            elif kind == "rot":
                qml.Rot(weights[a % 6], weights[b % 6], weights[c % 6], wires=wires[0])
            elif kind == "fixed":
                getattr(qml, name)(wires[0])
            elif kind == "pair":
                getattr(qml, name)(wires[:2])
            elif kind == "many":
                qml.PauliRot(numbers[a], "XYZ", wires=wires[:3])
            else:
                qml.adjoint(qml.CRY)(numbers[b], wires=wires[1:3])
        qml.StronglyEntanglingLayers(layers, wires=range(WIRES))
        return (
            qml.expval(qml.Z(0)),
            qml.expval(qml.X(1) @ qml.Y(3)),
            qml.expval(qml.Hamiltonian([0.3, -1.2, 0.5], [qml.Z(2), qml.X(0) @ qml.Z(1), qml.Identity(0)])),
            qml.expval(0.5 * qml.Y(2) - qml.s_prod(0.7, qml.prod(qml.Z(0), qml.Z(3))) + qml.Z(0)),
        )

    return function


@pytest.mark.parametrize("batch", [None, 1, 3])
@pytest.mark.parametrize("seed", range(4))
def test_random_functions(seed: int, batch: int | None) -> None:
    rng = np.random.default_rng([45, seed])
    function = random_function(rng)
    features = rng.normal(size=3 if batch is None else (batch, 3))
    close(function, [features, rng.normal(size=6)], WIRES)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_many_random_functions(seed: int) -> None:
    rng = np.random.default_rng([46, seed])
    for batch in (None, 5):
        features = rng.normal(size=3 if batch is None else (batch, 3))
        close(random_function(rng, 60), [features, rng.normal(size=6)], WIRES)


def strongly(x: Any, w: Any) -> None:
    qml.AngleEmbedding(x, wires=range(3), rotation="Y")
    qml.StronglyEntanglingLayers(w, wires=range(3), ranges=[2, 1], imprimitive=qml.CZ)


def basic(x: Any, w: Any) -> None:
    qml.AngleEmbedding(x, wires=range(3))
    qml.BasicEntanglerLayers(w[:, :, 0], wires=[2, 0, 1], rotation=qml.RZ)


def iqp(x: Any, w: Any) -> None:
    qml.IQPEmbedding(x, wires=range(3), n_repeats=2)
    qml.IQPEmbedding(w[0, 0], wires=range(3), pattern=[[0, 2]])  # its pattern cannot be remembered: it is decomposed


def iqp_of_weights(x: Any, w: Any) -> None:
    qml.Hadamard(0)
    qml.IQPEmbedding(w[0, 0], wires=range(3))


def two_design(x: Any, w: Any) -> None:
    qml.AngleEmbedding(x, wires=range(3))
    qml.SimplifiedTwoDesign(w[0, :, 0], w[:, :2, :2], wires=range(3))


def qaoa(x: Any, w: Any) -> None:
    qml.QAOAEmbedding(x[..., :2], w[:, :, 0], wires=range(2))


def layers_of_a_batch(x: Any, w: Any) -> None:
    qml.StronglyEntanglingLayers(x[..., None, :, None] * w, wires=range(3))


TEMPLATES = [strongly, basic, iqp, iqp_of_weights, two_design, qaoa, layers_of_a_batch]


@pytest.mark.parametrize("batch", [None, 4])
@pytest.mark.parametrize("template", TEMPLATES)
def test_templates(template: Callable[[Any, Any], None], batch: int | None) -> None:
    rng = np.random.default_rng(8)
    features: Doubles = rng.normal(size=3 if batch is None else (batch, 3))

    def function(x: Any, w: Any) -> Any:
        template(x, w)
        qml.RX(0.2, wires=1)
        return [qml.expval(qml.Z(wire)) for wire in range(3)]

    if template is qaoa and batch:
        pytest.skip("PennyLane has no batches of this template")
    close(function, [features, rng.normal(size=(2, 3, 3))], 3)


def test_wires_have_any_names() -> None:
    rng = np.random.default_rng(3)

    def function(x: Any) -> Any:
        qml.RX(x[0], wires="left")
        qml.CRY(x[1], wires=[7, "left"])
        qml.Hadamard(7)
        qml.CRZ(x[2], wires=["left", -1])
        return qml.expval(qml.Z("left") @ qml.X(7)), qml.probs(wires=[-1, "left"]), qml.expval(qml.Y("unused"))

    parameters = rng.normal(size=3)
    wires = [-1, "left", 7, "unused"]
    results = [
        qml.QNode(function, qml.device(name, wires=wires))(parameters) for name in ("qlab.engine", "default.qubit")
    ]
    for mine, other in zip(*results, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-12)


@pytest.mark.parametrize("method", ["compiled", "torch"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.complex64, 1e-5), (np.complex128, 1e-12)])
def test_precision_and_path_can_be_chosen(method: str, dtype: type, tolerance: float) -> None:
    import torch

    rng = np.random.default_rng(11)
    function = random_function(rng)
    features, weights = torch.tensor(rng.normal(size=(3, 3))), torch.tensor(rng.normal(size=6))
    device = qml.device("qlab.engine", wires=WIRES, c_dtype=dtype, method=method)
    reference = qml.QNode(function, qml.device("default.qubit", wires=WIRES), interface="torch")
    results = qml.QNode(function, device, interface="torch")(features, weights)
    for mine, other in zip(results, reference(features, weights), strict=True):
        assert mine.dtype == (torch.float32 if dtype is np.complex64 else torch.float64)
        torch.testing.assert_close(mine.double(), other.double(), rtol=0, atol=tolerance)
