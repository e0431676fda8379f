"""default.qubit on JAX: the whole step as one XLA program. It is fast, but takes long to compile."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import pennylane as qml

from qlab.bench.contestants.base import Task
from qlab.bench.contestants.jax_step import JaxStep
from qlab.bench.contestants.pennylane import quantum_function


class DefaultQubitJax(JaxStep):
    """default.qubit in complex64 with backpropagation on a broadcast batch, compiled with ``jax.jit``."""

    def __init__(self, task: Task) -> None:
        device = qml.device("default.qubit", wires=task.problem.n_qubits)
        function = quantum_function(task.problem, lambda array, axis: jnp.moveaxis(array, axis, 0))
        qnode = qml.QNode(function, device, interface="jax", diff_method="backprop")

        def values(inputs: Any, weights: Any) -> Any:
            return jnp.stack(qnode(inputs, weights), axis=-1)

        sets = [(each.inputs, each.weights, each.direction) for each in task.numbers]
        super().__init__(values, sets, task.problem.input_gradients)
