"""The training step of whatever is a function in JAX, as one XLA program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


class JaxStep:
    """Compiles a differentiable function of a batch, and its gradients, in single precision.

    Args:
        values: of inputs (B, n) and weights, of whatever shape: (B, K).
        sets: inputs, weights and the direction (B, K) of each set of numbers.
        input_gradients: whether gradients by inputs are wanted, too.
    """

    def __init__(
        self, values: Callable[[Any, Any], Any], sets: Sequence[tuple[Any, Any, Any]], input_gradients: bool
    ) -> None:
        self._sets = [tuple(jnp.asarray(array, jnp.float32) for array in one) for one in sets]

        def loss(inputs: Any, weights: Any, direction: Any) -> tuple[Any, Any]:
            found = values(inputs, weights)
            return jnp.sum(found * direction), found

        wanted = (1, 0) if input_gradients else (1,)
        inputs, weights, direction = self._sets[0]
        step = jax.value_and_grad(loss, argnums=wanted, has_aux=True)
        self._step = jax.jit(step).lower(inputs, weights, direction).compile()
        self._evaluate = jax.jit(values).lower(inputs, weights).compile()

    def step(self, turn: int) -> tuple[Any, ...]:
        """Return values and gradients; see ``Contestant``."""
        (_, found), (by_weights, *by_inputs) = jax.block_until_ready(self._step(*self._sets[turn]))
        return found, np.asarray(by_weights).reshape(-1), *by_inputs

    def evaluate(self, turn: int) -> None:
        """Compute the values only; see ``Contestant``."""
        inputs, weights, _ = self._sets[turn]
        jax.block_until_ready(self._evaluate(inputs, weights))
