"""Every operation that takes a batch of parameters, against PennyLane's own simulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pennylane as qml
import pytest

from tests.pennylane_device.comparison import close

BATCH = np.array([0.3, -1.1, 2.4])
NUMBERED = [
    *("RX", "RY", "RZ", "PhaseShift", "U1", "U2", "U3", "Rot", "GlobalPhase", "MultiRZ", "PSWAP", "IsingXX", "IsingYY"),
    *("IsingZZ", "IsingXY", "CRX", "CRY", "CRZ", "CRot", "ControlledPhaseShift", "CPhaseShift00", "CPhaseShift01"),
    *("CPhaseShift10", "SingleExcitation", "SingleExcitationPlus", "SingleExcitationMinus", "DoubleExcitation"),
    *("DoubleExcitationPlus", "DoubleExcitationMinus", "OrbitalRotation", "FermionicSWAP"),
]
WRAPPED: dict[str, Callable[[Any], Any]] = {
    "PauliRot": lambda x: qml.PauliRot(x, "XZY", [2, 0, 3]),
    "PCPhase": lambda x: qml.PCPhase(x, 3, [2, 0]),
    "ctrl": lambda x: qml.ctrl(qml.RX(x, 2), [0, 3], control_values=[1, 0]),
    "ctrl of FermionicSWAP": lambda x: qml.ctrl(qml.FermionicSWAP(x, [2, 0]), 3),
    "adjoint": lambda x: qml.adjoint(qml.FermionicSWAP(x, [2, 0])),
    "pow": lambda x: qml.pow(qml.IsingXY(x, [2, 0]), 2),
    "exp": lambda x: qml.exp(qml.X(2) @ qml.Z(0), 1j * x),
    "exp of a sum": lambda x: qml.exp(qml.X(2) @ qml.Z(0) + qml.Y(0), 1j * x),
    "evolve": lambda x: qml.evolve(qml.X(2) @ qml.Z(0), x),
}


def numbered(name: str) -> Callable[[Any], Any]:
    gate = getattr(qml, name)
    n_wires = gate.num_wires if isinstance(gate.num_wires, int) else 3
    return lambda x: gate(*(x + 0.4 * place for place in range(gate.num_params)), wires=[2, 0, 3, 1][:n_wires])


OPERATIONS = {**{name: numbered(name) for name in NUMBERED}, **WRAPPED}
BY_MATRIX = {"DoubleExcitationPlus", "DoubleExcitationMinus", "PCPhase", "exp of a sum"}  # without derivatives
FAILING = {"IsingXY", "pow"}  # in the reference, which has no derivative of IsingXY by a batch


def matrices(n_wires: int) -> Any:
    drawn = np.random.default_rng(n_wires).normal(size=(2, 3, 2**n_wires, 2**n_wires))
    return np.linalg.qr(drawn[0] + 1j * drawn[1])[0]


def behind(operation: Callable[[Any], Any], measurements: Callable[[], Any]) -> Callable[[Any], Any]:
    def function(x: Any) -> Any:
        for wire in range(4):
            qml.RY(0.4 + wire, wire)
        operation(x)
        qml.RX(0.7, 0)
        return measurements()

    return function


def results(function: Callable[[Any], Any], x: Any, wires: Any = 4) -> list[Any]:
    return [qml.QNode(function, qml.device(name, wires=wires))(x) for name in ("qlab.engine", "default.qubit")]


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("wires", [4, None])
def test_values(name: str, wires: int | None) -> None:
    several = lambda: (qml.state(), qml.probs(wires=[1, 2]), qml.expval(qml.Z(0) @ qml.X(2)))  # noqa: E731
    for mine, theirs in zip(*results(behind(OPERATIONS[name], several), BATCH, wires), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-7)
    mine, theirs = results(behind(OPERATIONS[name], lambda: qml.expval(qml.Z(0))), BATCH, wires)
    np.testing.assert_allclose(mine, theirs, atol=1e-7)


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name not in BY_MATRIX | FAILING])
def test_gradients(name: str) -> None:
    close(behind(OPERATIONS[name], lambda: (qml.expval(qml.Z(0)), qml.probs(wires=[2, 3]))), [BATCH], 4)


@pytest.mark.parametrize("n_wires", [1, 2, 3])
def test_batches_of_matrices(n_wires: int) -> None:
    unitary = behind(lambda matrix: qml.QubitUnitary(matrix, [2, 0, 3][:n_wires]), qml.state)
    mine, theirs = results(unitary, matrices(n_wires))
    np.testing.assert_allclose(mine, theirs, atol=1e-7)
    diagonal = behind(lambda phases: qml.DiagonalQubitUnitary(phases, [2, 0, 3][:n_wires]), qml.state)
    angles = np.random.default_rng(3).normal(size=(3, 2**n_wires))
    mine, theirs = results(diagonal, np.exp(1j * angles))
    np.testing.assert_allclose(mine, theirs, atol=1e-7)


def test_shots_of_a_batch_that_is_decomposed_row_by_row() -> None:
    shots, operation = 4000, OPERATIONS["DoubleExcitationPlus"]
    exact = results(behind(operation, lambda: qml.probs(wires=[2, 0])), BATCH)[1]
    function = behind(operation, lambda: (qml.probs(wires=[2, 0]), qml.sample(wires=[2, 0]), qml.counts(wires=[2, 0])))
    node = qml.set_shots(qml.QNode(function, qml.device("qlab.engine", wires=4, seed=2)), shots)
    estimates, samples, counts = node(BATCH)
    sampled = [np.bincount(row @ [2, 1], minlength=4) / shots for row in samples]
    counted = [[row.get(outcome, 0) / shots for outcome in ("00", "01", "10", "11")] for row in counts]
    for found in (estimates, sampled, counted):
        assert np.all(np.abs(np.asarray(found) - exact) < 5 * np.sqrt(exact * (1 - exact) / shots))
