"""A circuit at fixed angles, on fixed samples, measured in words that see signs and phases."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from qlab.backends.base import Backend
from qlab.circuits.circuit import Circuit

SAMPLES = 3
_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True, eq=False)
class Probe:
    """A circuit with everything that its execution depends on.

    Attributes:
        circuit: n qubits.
        words: K Pauli words, as text.
        inputs: (B, n_inputs), in radians, or amplitudes.
        weights: (n_weights,), in radians.
        direction: (B, K), of the sum of values that is differentiated.
    """

    circuit: Circuit
    words: list[str]
    inputs: torch.Tensor
    weights: torch.Tensor
    direction: torch.Tensor

    @staticmethod
    def of(circuit: Circuit) -> Probe:
        """Return the probe of a circuit; the same for the same circuit on every machine."""
        last = circuit.n_qubits - 1
        words = [f"Z{qubit}" for qubit in range(circuit.n_qubits)] + (["X0", f"Z0 Y{last}"] if last else ["X0", "Y0"])
        inputs = _spread(SAMPLES * circuit.n_inputs, 0.25).reshape(SAMPLES, circuit.n_inputs)
        direction = torch.cos(_spread(SAMPLES * len(words), 0.75)).reshape(SAMPLES, len(words))
        return Probe(circuit, words, inputs, _spread(circuit.n_weights, 0.5), direction)

    def differentiated(self, backend: Backend) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return values (B, K), and derivatives of their sum along the direction.

        Those are ``gradient`` (n_weights,) and ``input_gradient`` (B n_inputs,), as far as ``backend`` has them.
        """
        able = backend.capabilities().gradients
        inputs = self.inputs.clone().requires_grad_("inputs" in able)
        weights = self.weights.clone().requires_grad_("weights" in able)
        values = backend.expectations(self.circuit, inputs, weights, self.words).double()
        (values * self.direction).sum().backward()
        found = {"gradient": weights.grad, "input_gradient": inputs.grad}
        by_name = {name: each.double().flatten() for name, each in found.items() if each is not None and each.numel()}
        return values.detach(), by_name


def _spread(count: int, start: float) -> torch.Tensor:
    """Return numbers (count,) spread evenly over -pi to pi: multiples of the golden ratio, modulo a turn."""
    places = torch.arange(1, count + 1, dtype=torch.float64)
    return ((start + _GOLDEN * places) % 1.0 - 0.5) * 2 * math.pi
