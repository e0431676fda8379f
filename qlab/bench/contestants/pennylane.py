"""PennyLane's simulators as a training in PyTorch uses them, and in complex128 as the reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pennylane as qml
import torch
from pennylane import numpy as differentiable

from qlab.bench.contestants.base import Task
from qlab.bench.contestants.torch_step import TorchStep
from qlab.bench.problem import Problem
from qlab.circuits.slots import Input


def quantum_function(problem: Problem, split: Callable[[Any, int], Any]) -> Callable[[Any, Any], list[Any]]:
    """Return the function of a QNode; ``split(array, axis)`` takes an array apart at once, which is faster."""
    gates: list[tuple[Any, tuple[int, ...], bool, int]] = []
    for gate in problem.circuit().gates:
        slot: Any = gate.angles[0] if gate.angles else None
        number = -1 if slot is None else slot.indices[0] if isinstance(slot, Input) else slot.index
        gates.append((getattr(qml, gate.name), gate.qubits, isinstance(slot, Input), number))

    def function(inputs: Any, weights: Any) -> list[Any]:
        columns, angles = split(inputs, -1), split(weights, 0)
        for operation, qubits, by_input, number in gates:
            if number < 0:
                operation(wires=qubits)
            else:
                operation((columns if by_input else angles)[number], wires=qubits)
        return [qml.expval(qml.PauliZ(qubit)) for qubit in range(problem.n_measured)]

    return function


class DefaultQubit(TorchStep):
    """default.qubit with backpropagation on a broadcast batch; with PyTorch it has no complex64."""

    DTYPE = torch.float64

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        device = qml.device("default.qubit", wires=task.problem.n_qubits)
        function = quantum_function(task.problem, torch.unbind)
        self._qnode = qml.QNode(function, device, interface="torch", diff_method="backprop")

    def values(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return values (B, K)."""
        return torch.stack(list(self._qnode(inputs, weights)), dim=-1)


class Lightning(TorchStep):
    """lightning.qubit in complex64 with the adjoint method: one sweep per observable, Jacobian before the loss."""

    DEVICE_VJP = False

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        device = qml.device("lightning.qubit", wires=task.problem.n_qubits, c_dtype=np.complex64)
        function = quantum_function(task.problem, torch.unbind)
        self._qnode = qml.QNode(function, device, interface="torch", diff_method="adjoint", device_vjp=self.DEVICE_VJP)

    def values(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return values (B, K)."""
        return torch.stack(list(self._qnode(inputs, weights)), dim=-1)


class LightningVjp(Lightning):
    """The same with one sweep per sample of the observables' weighted sum."""

    DEVICE_VJP = True


class LightningReference:
    """lightning.qubit in complex128 with NumPy's arrays, since its values through PyTorch are single precision."""

    def __init__(self, task: Task) -> None:
        device = qml.device("lightning.qubit", wires=task.problem.n_qubits, c_dtype=np.complex128)
        function = quantum_function(task.problem, lambda array, axis: differentiable.moveaxis(array, axis, 0))
        self._qnode = qml.QNode(function, device, interface="autograd", diff_method="adjoint", device_vjp=True)
        by_inputs = task.problem.input_gradients
        self._sets = [
            (
                differentiable.array(numbers.inputs, requires_grad=by_inputs),
                differentiable.array(numbers.weights, requires_grad=True),
                numbers.direction,
            )
            for numbers in task.numbers
        ]
        self._wanted = [1, 0] if by_inputs else [1]

    def step(self, turn: int) -> tuple[Any, ...]:
        """Return values and gradients; see ``Contestant``."""
        inputs, weights, direction = self._sets[turn]
        kept = []

        def loss(inputs: Any, weights: Any) -> Any:
            values = differentiable.stack(self._qnode(inputs, weights), axis=-1)
            kept.append(values)
            return differentiable.sum(values * direction)

        gradients = qml.grad(loss, argnums=self._wanted)(inputs, weights)
        values = getattr(kept[-1], "_value", kept[-1])
        return values, *gradients

    def evaluate(self, turn: int) -> None:
        """Compute the values only; see ``Contestant``."""
        inputs, weights, _ = self._sets[turn]
        self._qnode(np.asarray(inputs), np.asarray(weights))
