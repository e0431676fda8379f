"""What every contestant computes: one training step of one circuit on one batch, or its values under noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qlab.circuits.circuit import Circuit
from qlab.circuits.variational import variational

if TYPE_CHECKING:
    from qlab.noise.noisy import NoisyCircuit

ANSATZE: Mapping[str, str] = {"rotate": "ring", "entangle": "ring_first"}
"""The ansatz of each order of gates within a layer: what comes first."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """RY(x_i) on each qubit, then layers of a closed ring of CNOTs and of RX, RY, RZ on each qubit.

    Attributes:
        n_qubits: n.
        batch: samples B of one step.
        n_layers: layers of the ansatz.
        order: ``rotate`` where a layer rotates before it entangles, else ``entangle``.
        input_gradients: whether a step has gradients by inputs besides those by weights.
        error: probability of a depolarizing error after each gate. Where it is not 0 a step computes values only.
        sampled: whether the values under noise are means of ``trajectories`` instead of exact.
    """

    n_qubits: int
    batch: int
    n_layers: int
    order: str
    input_gradients: bool = False
    error: float = 0.0
    sampled: bool = False

    @property
    def trajectories(self) -> int:
        """How many trajectories a sample has in one step: fewer of a larger circuit, for a step that ends soon."""
        return int(2 ** max(5, 13 - self.n_qubits // 2))

    @property
    def n_measured(self) -> int:
        """How many qubits are measured, K: the first four, each in Z."""
        return min(4, self.n_qubits)

    @property
    def observables(self) -> list[str]:
        """The K Pauli words."""
        return [f"Z{qubit}" for qubit in range(self.n_measured)]

    @property
    def n_weights(self) -> int:
        """How many weights the circuit has."""
        return 3 * self.n_qubits * self.n_layers

    def circuit(self) -> Circuit:
        """Return the circuit; weights are numbered layer by layer, qubit by qubit, RX before RY before RZ."""
        return variational(self.n_qubits, self.n_layers, "angle", ANSATZE[self.order])

    def noisy(self) -> NoisyCircuit:
        """Return the circuit with its errors."""
        from qlab.noise.models import depolarizing

        return depolarizing(p=self.error, p2=None, gates=None).insert(self.circuit())

    def numbers(self, seed: int) -> Numbers:
        """Return random numbers that single precision represents exactly."""
        rng = np.random.default_rng(seed)
        inputs = np.pi / 2 * rng.uniform(-1, 1, (self.batch, self.n_qubits))
        weights = rng.uniform(-np.pi, np.pi, self.n_weights)
        direction = rng.normal(size=(self.batch, self.n_measured))
        return Numbers(*(drawn.astype(np.float32).astype(np.float64) for drawn in (inputs, weights, direction)))


@dataclass(frozen=True)
class Numbers:
    """What one step depends on; the loss is the sum of ``direction`` times the values.

    Attributes:
        inputs: (B, n), in radians.
        weights: (n_weights,), in radians.
        direction: (B, K).
    """

    inputs: Array
    weights: Array
    direction: Array

    def to_json(self) -> dict[str, Any]:
        """Return lists by name."""
        return {name: array.tolist() for name, array in vars(self).items()}

    @staticmethod
    def from_json(lists: Mapping[str, Any]) -> Numbers:
        """Return what ``to_json`` had."""
        return Numbers(**{name: np.array(values, np.float64) for name, values in lists.items()})
