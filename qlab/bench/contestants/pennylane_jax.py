"""default.qubit on JAX: the whole step as one XLA program. It is fast, but takes long to compile."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import pennylane as qml

from qlab.bench.contestants.base import Task
from qlab.bench.contestants.pennylane import quantum_function


class DefaultQubitJax:
    """default.qubit in complex64 with backpropagation on a broadcast batch, compiled with ``jax.jit``."""

    def __init__(self, task: Task) -> None:
        problem = task.problem
        device = qml.device("default.qubit", wires=problem.n_qubits)
        function = quantum_function(problem, lambda array, axis: jnp.moveaxis(array, axis, 0))
        qnode = qml.QNode(function, device, interface="jax", diff_method="backprop")
        self._sets = [
            tuple(jnp.asarray(array, jnp.float32) for array in (numbers.inputs, numbers.weights, numbers.direction))
            for numbers in task.numbers
        ]

        def values(inputs: Any, weights: Any) -> Any:
            return jnp.stack(qnode(inputs, weights), axis=-1)

        def loss(inputs: Any, weights: Any, direction: Any) -> tuple[Any, Any]:
            found = values(inputs, weights)
            return jnp.sum(found * direction), found

        wanted = (1, 0) if problem.input_gradients else (1,)
        inputs, weights, direction = self._sets[0]
        step = jax.value_and_grad(loss, argnums=wanted, has_aux=True)
        self._step = jax.jit(step).lower(inputs, weights, direction).compile()
        self._evaluate = jax.jit(values).lower(inputs, weights).compile()

    def step(self, turn: int) -> tuple[Any, ...]:
        """Return values and gradients; see ``Contestant``."""
        (_, found), gradients = jax.block_until_ready(self._step(*self._sets[turn]))
        return found, *gradients

    def evaluate(self, turn: int) -> None:
        """Compute the values only; see ``Contestant``."""
        inputs, weights, _ = self._sets[turn]
        jax.block_until_ready(self._evaluate(inputs, weights))
