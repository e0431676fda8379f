"""Everything that PennyLane can measure on a state, with gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pennylane as qml
import pytest
import scipy.sparse

from tests.pennylane_device.comparison import close

_DRAWN = np.random.default_rng(0).normal(size=(2, 4, 4))
HERMITIAN = _DRAWN[0] + _DRAWN[0].T + 1j * (_DRAWN[1] - _DRAWN[1].T)

MEASUREMENTS: dict[str, Callable[[], Any]] = {
    "state": qml.state,
    "density matrix": lambda: qml.density_matrix([1, 3]),
    "probabilities": lambda: qml.probs(wires=[2, 0]),
    "probabilities of an observable": lambda: qml.probs(op=qml.X(1)),
    "variance": lambda: qml.var(qml.Z(0) @ qml.X(2)),
    "variance of a matrix": lambda: qml.var(qml.Hermitian(HERMITIAN, [1, 3])),
    "a matrix": lambda: qml.expval(qml.Hermitian(HERMITIAN, [3, 1])),
    "a projector": lambda: qml.expval(qml.Projector([0, 1], wires=[2, 1])),
    "Hadamard and a sum": lambda: qml.expval(qml.Hadamard(1) @ qml.Z(0) + 0.3 * qml.Z(2)),
    "purity": lambda: qml.purity([0, 1]),
    "entropy": lambda: qml.vn_entropy([0, 2]),
    "mutual information": lambda: qml.mutual_info([0], [1]),
    "several": lambda: [qml.expval(qml.Z(0)), qml.probs(wires=[1]), qml.var(qml.Y(3)), qml.expval(qml.X(0))],
}


def function(x: Any, w: Any) -> None:
    qml.AngleEmbedding(x, wires=range(4))
    qml.StronglyEntanglingLayers(w, wires=range(4))
    qml.PhaseShift(x[..., 0] * 0.3, 1)
    qml.GlobalPhase(x[..., 1])
    qml.DoubleExcitation(w[1, 2, 2], wires=range(4))
    qml.ECR([0, 1])


@pytest.mark.parametrize("batch", [None, 3])
@pytest.mark.parametrize("name", MEASUREMENTS)
def test_measurements_and_their_gradients(name: str, batch: int | None) -> None:
    rng = np.random.default_rng(5)

    def measured(x: Any, w: Any) -> Any:
        function(x, w)
        return MEASUREMENTS[name]()

    close(measured, [rng.normal(size=4 if batch is None else (batch, 4)), rng.normal(size=(2, 4, 3))], 4)


def test_states_have_the_global_phases_of_pennylane() -> None:
    """Each gate of the vocabulary, on a state that it does not leave alone."""
    rng = np.random.default_rng(2)
    names = ["Hadamard", "PauliX", "PauliY", "PauliZ", "S", "T", "SX", "CNOT", "CY", "CZ", "CH", "SWAP", "ISWAP"]
    names += ["RX", "RY", "RZ", "PhaseShift", "Rot", "CRX", "CRY", "CRZ", "CRot", "ControlledPhaseShift"]
    names += ["IsingXX", "IsingYY", "IsingZZ", "Toffoli", "CSWAP"]
    for name in names:
        gate = getattr(qml, name)

        def each(w: Any, gate: Any = gate) -> Any:
            for wire in range(3):
                qml.RY(0.4 + wire, wires=wire)
            gate(*w[: gate.num_params], wires=[2, 0, 1][: gate.num_wires])
            if gate.num_params == 0 and gate.num_wires == 1:
                qml.adjoint(gate)(wires=1)
            return qml.state()

        close(each, [rng.normal(size=3)], 3, 1e-13)


def test_coefficients_and_matrices_of_observables_are_differentiable() -> None:
    def weighted(x: Any, c: Any) -> Any:
        qml.RX(x[0], wires=0)
        qml.CRY(x[1], wires=[0, 1])
        matrix = c[0] * qml.math.convert_like(HERMITIAN, c)
        return (
            qml.expval(qml.Hamiltonian(c[:2], [qml.Z(0), qml.X(1) @ qml.Z(0)])),
            qml.expval(qml.s_prod(c[2], qml.X(1))),
            qml.expval(qml.Hermitian(matrix, wires=[0, 1])),
        )

    close(weighted, [np.array([0.4, 1.1]), np.array([0.5, -0.3, 0.9])], 2)


def test_a_sparse_observable_has_values_and_shifted_gradients() -> None:
    sparse = scipy.sparse.csr_matrix(HERMITIAN)

    def measured(x: Any) -> Any:
        qml.RX(x, wires=0)
        qml.CNOT([0, 1])
        return qml.expval(qml.SparseHamiltonian(sparse, wires=[0, 1]))

    x = qml.numpy.array(0.7, requires_grad=True)
    ours, theirs = (qml.QNode(measured, qml.device(name, wires=2)) for name in ("qlab.engine", "default.qubit"))
    np.testing.assert_allclose(ours(x), theirs(x), atol=1e-12)
    expected = (theirs(x + np.pi / 2) - theirs(x - np.pi / 2)) / 2
    np.testing.assert_allclose(qml.grad(ours)(x), expected, atol=1e-12)


def test_deferred_measurements_in_the_middle() -> None:
    def measured(x: Any, w: Any) -> Any:
        qml.AngleEmbedding(x, wires=[0, 1])
        first = qml.measure(0)
        qml.cond(first, qml.RX)(w[0], 1)
        qml.cond(first == 0, qml.Z)(1)
        second = qml.measure(1, reset=True)
        qml.RY(w[1], 1)
        return qml.expval(qml.Z(1)), qml.expval(first * 2 + second), qml.probs(op=[first, second]), qml.var(first)

    rng = np.random.default_rng(9)
    for shape in ((2,), (3, 2)):
        close(measured, [rng.normal(size=shape), rng.normal(size=2)], 6)
