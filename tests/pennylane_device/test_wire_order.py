"""States, probabilities and shots of all wires, where neither the device nor the measurement names them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

import numpy as np
import pennylane as qml
import pytest
from pennylane.exceptions import DeviceError

_RNG = np.random.default_rng(17)
PAIR, TRIPLE = (np.linalg.qr(_RNG.normal(size=(n, n)) + 1j * _RNG.normal(size=(n, n)))[0] for n in (4, 8))
LAYER = _RNG.normal(size=(1, 3, 3))
HAMILTONIAN = (qml.X("a") @ qml.Z(2), qml.Y("b"))


def behind_a_snapshot(wires: Any) -> None:
    qml.Snapshot()
    qml.CSWAP(wires[:3])


def with_allocated_wires(wires: Any) -> None:
    with qml.allocation.allocate(1) as [work]:
        qml.CNOT([wires[0], work])
        qml.CNOT([wires[0], work])
    qml.SingleExcitationPlus(0.3, wires[:2])


OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "SingleExcitation": lambda w: qml.SingleExcitation(0.3, w[:2]),
    "SingleExcitationPlus": lambda w: qml.SingleExcitationPlus(0.3, w[:2]),
    "SingleExcitationMinus": lambda w: qml.SingleExcitationMinus(0.3, w[:2]),
    "DoubleExcitation": lambda w: qml.DoubleExcitation(0.3, w),
    "DoubleExcitationPlus": lambda w: qml.DoubleExcitationPlus(0.3, w),
    "OrbitalRotation": lambda w: qml.OrbitalRotation(0.3, w),
    "FermionicSWAP": lambda w: qml.FermionicSWAP(0.3, w[:2]),
    "FermionicSingleExcitation": lambda w: qml.FermionicSingleExcitation(0.3, w[:3]),
    "MultiRZ": lambda w: qml.MultiRZ(0.3, w[:3]),
    "PauliRot": lambda w: qml.PauliRot(0.3, "XIZ", w[:3]),
    "IsingXY": lambda w: qml.IsingXY(0.3, w[:2]),
    "PSWAP": lambda w: qml.PSWAP(0.3, w[:2]),
    "SISWAP": lambda w: qml.SISWAP(w[:2]),
    "CCZ": lambda w: qml.CCZ(w[:3]),
    "CSWAP": behind_a_snapshot,
    "MultiControlledX": qml.MultiControlledX,
    "MultiControlledX with work wires": lambda w: qml.MultiControlledX([*w, "c"], work_wires=[7, "work"]),
    "allocated wires": with_allocated_wires,
    "ctrl": lambda w: qml.ctrl(qml.Rot(0.1, 0.2, 0.3, w[0]), w[1:3], control_values=[0, 1]),
    "adjoint": lambda w: qml.adjoint(qml.FermionicSWAP(0.3, w[:2])),
    "pow": lambda w: qml.pow(qml.ISWAP(w[:2]), 0.5),
    "exp": lambda w: qml.exp(qml.X(w[0]) @ qml.Z(w[1]), 0.3j),
    "prod": lambda w: qml.prod(qml.X(w[0]), qml.RX(0.3, w[1])),
    "QubitUnitary": lambda w: qml.QubitUnitary(PAIR, w[:2]),
    "QubitUnitary of three": lambda w: qml.QubitUnitary(TRIPLE, w[:3]),
    "DiagonalQubitUnitary": lambda w: qml.DiagonalQubitUnitary(np.exp(1j * np.arange(8)), w[:3]),
    "PCPhase": lambda w: qml.PCPhase(0.3, 3, w[:2]),
    "Permute": lambda w: qml.Permute([w[2], w[1], w[0]], w[:3]),
    "QFT": lambda w: qml.QFT(w[:3]),
    "QFT of many": lambda w: qml.QFT([*w, 8, "c", 5]),
    "GroverOperator": lambda w: qml.GroverOperator(w[:3]),
    "QuantumPhaseEstimation": lambda w: qml.QuantumPhaseEstimation(qml.RX(0.3, w[0]), estimation_wires=w[1:3]),
    "Select": lambda w: qml.Select([qml.X(w[0]), qml.RY(0.3, w[0])], control=[w[1]]),
    "SelectPauliRot": lambda w: qml.SelectPauliRot(np.arange(4) * 0.3, control_wires=w[:2], target_wire=w[2]),
    "TrotterProduct": lambda _: qml.TrotterProduct(qml.dot([0.3, 0.2], HAMILTONIAN), 1.3, n=2, order=2),
    "QROM": lambda w: qml.QROM(["01", "11", "10", "00"], w[:2], w[2:], work_wires=["c", 8]),
    "BasisState": lambda w: (qml.Hadamard(w[2]), qml.BasisState([0, 1], w[:2])),
    "StatePrep": lambda w: (qml.Hadamard(w[2]), qml.StatePrep(np.array([0.6, 0.8j, 0, 0]), w[:2])),
    "first StatePrep": lambda w: qml.StatePrep(np.array([0.6, 0.8j, 0, 0]), w[:2]),
    "AngleEmbedding of some wires": lambda w: qml.AngleEmbedding([0.1], w),
    "StronglyEntanglingLayers": lambda w: qml.StronglyEntanglingLayers(LAYER, w[:3]),
    "no layer": lambda w: qml.StronglyEntanglingLayers(LAYER[:0], w[:3]),
    "nothing": lambda w: qml.Identity(w[1]),
}


def behind(operation: Callable[[Any], Any], wires: Any, measurements: Callable[[], Any]) -> Callable[[], Any]:
    """Return a quantum function that turns every wire behind an operation, each by its own angle."""

    def function() -> Any:
        qml.RY(0.9, wires[0])
        operation(wires)
        for number, wire in enumerate(["b", "new", 0]):
            qml.RX(0.7 + 0.5 * number, wire)
        return measurements()

    return function


def both(function: Callable[[], Any]) -> list[Any]:
    return [qml.QNode(function, qml.device(name))() for name in ("qlab.engine", "default.qubit")]


def everything() -> Any:
    return (
        qml.state(),
        qml.probs(),
        qml.density_matrix(["new", "b"]),
        qml.probs(wires=[0, "unused"]),
        qml.expval(qml.Z(0)),
    )


@pytest.mark.parametrize("name", OPERATIONS)
def test_wires_are_in_the_order_of_pennylanes_simulator(name: str) -> None:
    for wires in ([2, "a", 0, "b"], ["b", 0, "a", 2]):
        for mine, theirs in zip(*both(behind(OPERATIONS[name], wires, everything)), strict=True):
            assert mine.shape == theirs.shape
            np.testing.assert_allclose(mine, theirs, atol=1e-7)  # as exactly as PennyLane takes matrices of three apart


@pytest.mark.parametrize("wires", list(permutations(range(3))))
def test_numbers_are_wires_in_their_own_order_until_another_is_between(wires: tuple[int, ...]) -> None:
    for last in (2, 5):

        def function(last: int = last) -> Any:
            qml.MultiRZ(0.3, [*wires, last] if last == 5 else wires)
            qml.SingleExcitationPlus(1.3, wires[:2])
            qml.RX(0.7, wires[0])
            return qml.state(), qml.probs()

        for mine, theirs in zip(*both(function), strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-12)


@pytest.mark.parametrize(
    "name", ["SingleExcitationPlus", "MultiControlledX with work wires", "DoubleExcitation", "QROM"]
)
def test_shots_are_in_the_same_order(name: str) -> None:
    shots = 4000
    exact = both(behind(OPERATIONS[name], [2, "a", 0, "b"], qml.probs))[1]
    function = behind(OPERATIONS[name], [2, "a", 0, "b"], lambda: (qml.counts(), qml.sample(), qml.probs()))
    counts, samples, estimates = qml.set_shots(qml.QNode(function, qml.device("qlab.engine", seed=6)), shots)()
    n_wires = len(exact).bit_length() - 1
    counted = np.array([counts.get(f"{outcome:0{n_wires}b}", 0) for outcome in range(len(exact))])
    sampled = np.bincount(samples @ 2 ** np.arange(n_wires)[::-1], minlength=len(exact))
    for found in (counted / shots, sampled / shots, estimates):
        assert np.all(np.abs(found - exact) < 5 * np.sqrt(exact * (1 - exact) / shots) + 1e-9)


def test_deferred_measurements_do_not_move_wires() -> None:
    """PennyLane measures all wires only where none is measured on the way; named ones stay what they are."""

    def function() -> Any:
        qml.RX(0.7, "a")
        first = qml.measure("a", reset=True)
        qml.RX(0.2, "a")
        qml.cond(first, qml.RY)(0.4, "b")
        qml.SingleExcitationPlus(0.3, ["c", "b"])
        qml.RX(0.5, "b")
        return qml.probs(wires=["c", "a", "b"]), qml.density_matrix(["b", "c"]), qml.probs(op=[first])

    for mine, theirs in zip(*both(function), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-12)


def test_gradients_of_a_batch_are_in_the_same_order() -> None:
    import torch

    found = []
    for name in ("qlab.engine", "default.qubit"):
        x = torch.tensor([0.3, -0.8], dtype=torch.float64, requires_grad=True)

        def function(x: Any) -> Any:
            qml.RY(0.9, "b")
            qml.SingleExcitationPlus(x, ["b", "a"])
            qml.RX(0.7, "b")
            return qml.probs()

        values = qml.QNode(function, qml.device(name), interface="torch")(x)
        (gradient,) = torch.autograd.grad((values * torch.arange(4.0)).sum(), x)
        found.append((values, gradient))
    for mine, theirs in zip(*found, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-12)


@pytest.fixture
def decomposition_graph() -> Iterator[None]:
    qml.decomposition.enable_graph()
    yield
    qml.decomposition.disable_graph()


@pytest.mark.usefixtures("decomposition_graph")
def test_work_wires_of_decompositions_are_left_out() -> None:
    for name in ("MultiControlledX", "MultiControlledX with work wires", "prod"):
        for mine, theirs in zip(*both(behind(OPERATIONS[name], [2, "a", 0, "b"], everything)), strict=True):
            assert mine.shape == theirs.shape
            np.testing.assert_allclose(mine, theirs, atol=1e-7)


def test_a_state_that_leaves_out_a_wire_in_use_is_refused() -> None:
    tape = qml.tape.QuantumScript([qml.Hadamard(0), qml.CNOT([0, 1])], [qml.measurements.StateMP(wires=[0])])
    with pytest.raises(DeviceError, match="a state of 1 wires alone needs the others in"):
        qml.device("qlab.engine").execute(tape)
