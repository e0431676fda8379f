"""tensorcircuit-ng on JAX: compiled, vectorised over the batch, one scan over the layers."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import tensorcircuit as tc

from qlab.bench.contestants.base import Task
from qlab.bench.problem import Problem


class TensorCircuit:
    """The step as one XLA program in complex64; unrolled layers would take minutes to compile."""

    def __init__(self, task: Task) -> None:
        tc.set_backend("jax")
        tc.set_dtype("complex64")
        problem = task.problem
        layers = (problem.n_layers, problem.n_qubits, 3)
        self._sets = [
            tuple(
                jnp.asarray(array, jnp.float32)
                for array in (numbers.inputs, numbers.weights.reshape(layers), numbers.direction)
            )
            for numbers in task.numbers
        ]
        batched = jax.vmap(lambda inputs, weights: values(problem, inputs, weights), (0, None))

        def loss(inputs: Any, weights: Any, direction: Any) -> tuple[Any, Any]:
            found = batched(inputs, weights)
            return jnp.sum(found * direction), found

        wanted = (1, 0) if problem.input_gradients else (1,)
        inputs, weights, direction = self._sets[0]
        step = jax.value_and_grad(loss, argnums=wanted, has_aux=True)
        self._step = jax.jit(step).lower(inputs, weights, direction).compile()
        self._evaluate = jax.jit(batched).lower(inputs, weights).compile()

    def step(self, turn: int) -> tuple[Any, ...]:
        """Return values and gradients; see ``Contestant``."""
        (_, found), (by_weights, *by_inputs) = jax.block_until_ready(self._step(*self._sets[turn]))
        return found, np.asarray(by_weights).reshape(-1), *by_inputs

    def evaluate(self, turn: int) -> None:
        """Compute the values only; see ``Contestant``."""
        inputs, weights, _ = self._sets[turn]
        jax.block_until_ready(self._evaluate(inputs, weights))


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
