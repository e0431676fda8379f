"""TensorFlow Quantum: a graph of its C++ simulator with adjoint gradients, in complex64."""

from __future__ import annotations

from typing import Any

import cirq
import sympy
import tensorflow as tf
import tensorflow_quantum as tfq

from qlab.bench.contestants.base import Task
from qlab.circuits.slots import Input

_GATES = {"RX": cirq.rx, "RY": cirq.ry, "RZ": cirq.rz}


class TensorFlowQuantum:
    """One circuit for every sample, whose symbols are its inputs and the weights."""

    def __init__(self, task: Task) -> None:
        problem = task.problem
        self._by_inputs = problem.input_gradients
        self._sets = [
            tuple(tf.constant(array, tf.float32) for array in (numbers.inputs, numbers.weights, numbers.direction))
            for numbers in task.numbers
        ]
        inputs = sympy.symbols(f"x0:{problem.n_qubits}")
        weights = sympy.symbols(f"w0:{problem.n_weights}")
        qubits = cirq.GridQubit.rect(1, problem.n_qubits)
        circuit = cirq.Circuit()
        for gate in problem.circuit().gates:
            places = [qubits[qubit] for qubit in gate.qubits]
            slot: Any = gate.angles[0] if gate.angles else None
            if slot is None:
                circuit.append(cirq.CNOT(*places))
            else:
                symbol = inputs[slot.indices[0]] if isinstance(slot, Input) else weights[slot.index]
                circuit.append(_GATES[gate.name](symbol)(*places))
        observables = [cirq.Z(qubits[qubit]) for qubit in range(problem.n_measured)]
        self._names = tf.constant([str(symbol) for symbol in (*inputs, *weights)])
        self._circuits = tf.repeat(tfq.convert_to_tensor([circuit]), problem.batch)
        self._observables = tf.repeat(tfq.convert_to_tensor([observables]), problem.batch, axis=0)
        adjoint = tfq.differentiators.Adjoint()
        self._values = adjoint.generate_differentiable_op(analytic_op=tfq.get_expectation_op())
        self._step, self._evaluate = tf.function(self._differentiate), tf.function(self._execute)

    def step(self, turn: int) -> tuple[Any, ...]:
        """Return values and gradients; see ``Contestant``."""
        return tuple(found.numpy() for found in self._step(*self._sets[turn]))

    def evaluate(self, turn: int) -> None:
        """Compute the values only; see ``Contestant``."""
        inputs, weights, _ = self._sets[turn]
        self._evaluate(inputs, weights).numpy()

    def _differentiate(self, inputs: Any, weights: Any, direction: Any) -> tuple[Any, ...]:
        wanted = [weights, inputs] if self._by_inputs else [weights]
        with tf.GradientTape() as tape:
            tape.watch(wanted)
            values = self._execute(inputs, weights)
            loss = tf.reduce_sum(values * direction)
        return values, *tape.gradient(loss, wanted)

    def _execute(self, inputs: Any, weights: Any) -> Any:
        shared = tf.tile(weights[None], [tf.shape(inputs)[0], 1])
        return self._values(self._circuits, self._names, tf.concat([inputs, shared], 1), self._observables)
