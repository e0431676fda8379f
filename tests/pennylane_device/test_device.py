"""How PennyLane finds the device, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pennylane as qml
import pytest
import torch
from pennylane.exceptions import DeviceError, QuantumFunctionError

from qlab.backends.engine import EngineBackend
from qlab.backends.pennylane import PennyLaneBackend
from qlab.pennylane_device.device import EngineDevice
from qlab.testing.backends import check_backend


def device(wires: int = 2) -> Any:
    return qml.device("qlab.engine", wires=wires)


def turned(x: Any) -> Any:
    qml.RX(x, wires=0)
    return qml.expval(qml.Z(0))


def test_pennylane_finds_it_by_its_name() -> None:
    assert isinstance(device(), EngineDevice)
    assert device().name == "qlab.engine"
    assert qml.QNode(turned, device())(0.3) == pytest.approx(np.cos(0.3), abs=1e-15)


def test_it_is_a_device_of_qlabs_own_pennylane_backend() -> None:
    check_backend(PennyLaneBackend(device="qlab.engine"), 1e-12)


def test_results_are_those_of_the_engine_backend() -> None:
    from qlab.circuits import variational

    circuit = variational(4, 2, "iqp", "ring")
    inputs, weights = (
        torch.linspace(-1, 1, 12, dtype=torch.float64).view(3, 4),
        torch.linspace(-2, 2, circuit.n_weights),
    )
    ours = PennyLaneBackend(device="qlab.engine").expectations(circuit, inputs, weights)
    theirs = EngineBackend(precision="double").expectations(circuit, inputs, weights)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("options", [{"c_dtype": np.float64}, {"method": "gpu"}])
def test_unknown_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(DeviceError, match="must be"):
        qml.device("qlab.engine", wires=2, **options)


@pytest.mark.parametrize("options", [{"diff_method": "backprop"}, {"diff_method": "adjoint", "max_diff": 2}])
def test_derivatives_that_it_does_not_have_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(QuantumFunctionError, match="does not support"):
        qml.QNode(turned, device(), **options)(torch.tensor(0.3, requires_grad=True))


def test_derivatives_of_estimates_are_refused() -> None:
    with pytest.raises(QuantumFunctionError, match="does not support adjoint"):
        qml.set_shots(qml.QNode(turned, device(), diff_method="adjoint"), 10)(qml.numpy.array(0.3, requires_grad=True))


def test_a_second_derivative_says_so() -> None:
    node = qml.QNode(turned, device(), interface="torch")
    x = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    with pytest.raises(RuntimeError, match="can be differentiated once"):
        torch.autograd.grad(node(x), x, create_graph=True)


@pytest.mark.parametrize("method", ["one-shot", "tree-traversal"])
def test_mid_circuit_measurements_are_deferred_only(method: str) -> None:
    def measured() -> Any:
        qml.Hadamard(0)
        qml.measure(0)
        return qml.expval(qml.Z(0))

    with pytest.raises(DeviceError, match=f"defers mid-circuit measurements; mcm_method={method}"):
        qml.set_shots(qml.QNode(measured, device(), mcm_method=method), 10)()


def test_postselection_is_refused() -> None:
    def measured() -> Any:
        qml.Hadamard(0)
        qml.measure(0, postselect=1)
        return qml.expval(qml.Z(0))

    with pytest.raises(ValueError, match="Postselection is not allowed"):
        qml.QNode(measured, device())()


def test_batches_of_different_sizes_are_refused() -> None:
    def two(x: Any, y: Any) -> Any:
        qml.RX(x, wires=0)
        qml.RY(y, wires=1)
        return qml.expval(qml.Z(0))

    with pytest.raises(DeviceError, match="batches of 3 and of 2; all must have one size"):
        qml.QNode(two, device())(np.ones(3), np.ones(2))


def test_a_matrix_of_several_qubits_is_executed_but_not_differentiated() -> None:
    generator = np.kron([[0, 1], [1, 0]], [[1, 0], [0, -1]]).astype(complex)

    def function(x: Any) -> Any:
        qml.RY(0.4, wires=1)
        identity, flips = (qml.math.convert_like(each, x) for each in (np.eye(4), generator))
        matrix = qml.math.cos(x) * identity - 1j * qml.math.sin(x) * flips
        qml.QubitUnitary(matrix, wires=[0, 1])
        return qml.expval(qml.Z(0)), qml.expval(qml.X(1))

    ours, theirs = (qml.QNode(function, qml.device(name, wires=2)) for name in ("qlab.engine", "default.qubit"))
    np.testing.assert_allclose(ours(0.8), theirs(0.8), atol=1e-10)
    with pytest.raises(DeviceError, match="cannot differentiate QubitUnitary on 2 wires"):
        ours(torch.tensor(0.8, dtype=torch.complex128, requires_grad=True))


def test_an_operation_without_decomposition_is_executed_by_its_matrix() -> None:
    def function(x: Any) -> Any:
        qml.Hadamard(0)
        qml.DoubleExcitationPlus(x, wires=range(4))
        return qml.state()

    ours, theirs = (qml.QNode(function, qml.device(name, wires=4)) for name in ("qlab.engine", "default.qubit"))
    np.testing.assert_allclose(ours(0.6), theirs(0.6), atol=1e-8)


def test_an_operation_of_another_world_is_refused() -> None:
    def function() -> Any:
        qml.Displacement(0.1, 0.2, wires=0)
        return qml.expval(qml.Z(0))

    with pytest.raises(DeviceError, match=r"Displacement.* not supported with qlab\.engine"):
        qml.QNode(function, device())()


def test_wires_that_the_device_does_not_have_are_refused() -> None:
    with pytest.raises(qml.exceptions.WireError, match="not found on the device"):
        qml.QNode(lambda: qml.expval(qml.Z(5)), device())()


def test_snapshots_are_states_on_the_way() -> None:
    def function() -> Any:
        qml.Hadamard(0)
        qml.Snapshot("before")
        qml.CNOT([0, 1])
        return qml.expval(qml.X(0) @ qml.X(1))

    node = qml.QNode(function, device())
    assert node() == pytest.approx(1)
    with pytest.warns(UserWarning, match="a tape will be created for each snapshot"):
        states = qml.snapshots(node)()
    np.testing.assert_allclose(states["before"], [np.sqrt(0.5), 0, np.sqrt(0.5), 0], atol=1e-12)


def test_executions_are_tracked() -> None:
    tracked = device()
    with tracked.tracker:
        qml.QNode(turned, tracked)(np.array([0.1, 0.2]))
    assert tracked.tracker.totals["batches"] == 1
    assert tracked.tracker.totals["simulations"] == 1
