"""The quantum approximate optimization algorithm on qlab's engine (Farhi et al., arXiv:1411.4028)."""

from __future__ import annotations

from dataclasses import dataclass

import dimod
import numpy as np
import torch

from qlab.circuits import Builder, Circuit
from qlab.circuits.slots import Weight
from qlab.engine.states import final_states
from qlab.errors import CapabilityError
from qlab.quantized.solvers.base import Answers
from qlab.quantized.spline import Floats


@dataclass(frozen=True)
class Qaoa:
    """Angles by gradient descent on the exact expectation of the energy, then samples of the final state.

    Attributes:
        layers: p, pairs of a cost and a mixing step.
        steps: of Adam.
        most_bits: of a model, one qubit each.
    """

    layers: int = 3
    steps: int = 60
    most_bits: int = 16

    def solve(self, model: dimod.BinaryQuadraticModel, reads: int, generator: np.random.Generator) -> Answers:
        """Return ``reads`` samples; raises ``CapabilityError`` for a model of too many bits."""
        n = model.num_variables
        if n > self.most_bits:
            raise CapabilityError(f"solver=qaoa takes at most {self.most_bits} bits, one qubit each, not {n}")
        strings = (np.arange(1 << n)[:, None] >> np.arange(n - 1, -1, -1) & 1).astype(np.uint8)  # qubit 0 first
        energies = np.asarray(model.energies((strings, list(range(n)))), dtype=float)
        probabilities = self._probabilities(model, energies)
        drawn = generator.choice(len(strings), size=reads, p=probabilities / probabilities.sum())
        return Answers.sorted(strings[drawn], energies[drawn])

    def _probabilities(self, model: dimod.BinaryQuadraticModel, energies: Floats) -> Floats:
        """Return those of all strings (2^n,) at the best angles found."""
        spread = float(energies.std()) or 1.0
        circuit = qaoa_circuit(model, self.layers, 1 / spread)
        scaled = torch.from_numpy((energies - energies.mean()) / spread)  # (2^n,)
        # a linear ramp: the cost grows while the mixing falls
        ramp = (torch.arange(self.layers, dtype=torch.float64) + 0.5) / self.layers
        angles = torch.stack([0.5 * ramp, -0.5 * (1 - ramp)], dim=1).flatten().requires_grad_()
        optimizer = torch.optim.Adam([angles], lr=0.05)
        lowest, best = float("inf"), scaled
        for _ in range(self.steps + 1):
            probabilities = final_states(circuit, torch.zeros(1, 0, dtype=torch.float64), angles)[0].abs().square()
            energy = probabilities @ scaled
            if energy.item() < lowest:
                lowest, best = energy.item(), probabilities.detach()
            optimizer.zero_grad()
            energy.backward()
            optimizer.step()
        return np.asarray(best.numpy(), dtype=float)


def qaoa_circuit(model: dimod.BinaryQuadraticModel, layers: int, scale: float) -> Circuit:
    """Return the circuit with weights (cost, mixing) for each layer.

    A cost step is exp(-i gamma H) with H = ``scale`` times the model's energy in spins s = 1 - 2 x, a mixing step
    exp(-i beta sum_q X_q).
    """
    n = model.num_variables
    linear, quadratic, _ = model.to_ising()  # s = 2 x - 1: Z has the other sign
    builder = Builder()
    for qubit in range(n):
        builder.gate("Hadamard", qubit)
    for layer in range(layers):
        for qubit, field in linear.items():
            if field:
                builder.gate("RZ", qubit, Weight(2 * layer, -2 * scale * field))
        for (one, other), coupling in quadratic.items():
            if coupling:
                builder.gate("IsingZZ", (one, other), Weight(2 * layer, 2 * scale * coupling))
        for qubit in range(n):
            builder.gate("RX", qubit, Weight(2 * layer + 1, 2.0))
    return builder.circuit(n)
