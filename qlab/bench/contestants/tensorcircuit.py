"""tensorcircuit-ng on JAX: compiled, vectorised over the batch, one scan over the layers."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import tensorcircuit as tc

from qlab.bench.contestants.base import Task
from qlab.bench.contestants.jax_step import JaxStep
from qlab.bench.problem import Problem


class TensorCircuit(JaxStep):
    """The step in complex64; unrolled layers would take minutes to compile."""

    def __init__(self, task: Task) -> None:
        tc.set_backend("jax")
        tc.set_dtype("complex64")
        problem = task.problem
        layers = (problem.n_layers, problem.n_qubits, 3)
        batched = jax.vmap(lambda inputs, weights: values(problem, inputs, weights), (0, None))
        sets = [(each.inputs, each.weights.reshape(layers), each.direction) for each in task.numbers]
        super().__init__(batched, sets, problem.input_gradients)


def values(problem: Problem, inputs: Any, weights: Any) -> Any:
    """Return values (K,) of one sample's inputs (n,) and weights (L, n, 3)."""
    n_qubits = problem.n_qubits

    def layer(state: Any, angles: Any) -> tuple[Any, None]:
        circuit = tc.Circuit(n_qubits, inputs=state)
        if problem.order == "entangle":
            _ring(circuit, n_qubits)
        for qubit in range(n_qubits):
            circuit.rx(qubit, theta=angles[qubit, 0])
            circuit.ry(qubit, theta=angles[qubit, 1])
            circuit.rz(qubit, theta=angles[qubit, 2])
        if problem.order == "rotate":
            _ring(circuit, n_qubits)
        return circuit.state(), None

    first = tc.Circuit(n_qubits)
    for qubit in range(n_qubits):
        first.ry(qubit, theta=inputs[qubit])
    state, _ = jax.lax.scan(layer, first.state(), weights)
    kept = (2,) * problem.n_measured
    probabilities = jnp.sum((jnp.real(state) ** 2 + jnp.imag(state) ** 2).reshape(*kept, -1), axis=-1)
    halves = [jnp.moveaxis(probabilities, qubit, 0).reshape(2, -1).sum(1) for qubit in range(problem.n_measured)]
    return jnp.stack([half[0] - half[1] for half in halves])


def _ring(circuit: Any, n_qubits: int) -> None:
    for qubit in range(n_qubits):
        circuit.cnot(qubit, (qubit + 1) % n_qubits)
