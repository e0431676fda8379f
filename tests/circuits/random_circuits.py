"""Random circuits over the whole vocabulary, and their values on PennyLane's default.qubit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pennylane as qml
import torch

from qlab.circuits import Circuit, Input, Weight
from qlab.circuits.gates import GATES
from qlab.circuits.slots import Slot

Tensors = tuple[torch.Tensor, torch.Tensor]
SINGULAR = (1e-5, *(np.pi / 2 * k for k in range(-4, 5)))
BATCHES = {6: (1, 2, 3, 5, 7, 17, 33), 10: (1, 2, 3, 5, 9), 64: (1, 2, 3)}  # for circuits of at most so many qubits


@dataclass(frozen=True)
class Case:
    """A circuit with what it is to be executed on."""

    circuit: Circuit
    observables: list[str] | None
    inputs: torch.Tensor
    weights: torch.Tensor

    @property
    def n_observables(self) -> int:
        return self.circuit.n_qubits if self.observables is None else len(self.observables)

    def leaves(self) -> Tensors:
        """Return fresh inputs and weights that require gradients."""
        return self.inputs.clone().requires_grad_(), self.weights.clone().requires_grad_()

    def direction(self) -> torch.Tensor:
        """Return fixed numbers (B, K) to multiply values with, so that one gradient sees all of them."""
        shape = (len(self.inputs), self.n_observables)
        return torch.cos(torch.arange(shape[0] * shape[1], dtype=torch.float64)).view(shape)


def random_case(
    rng: np.random.Generator, n_qubits: int, max_gates: int = 40, names: tuple[str, ...] = tuple(GATES)
) -> Case:
    """Return a random circuit with repeated weights and inputs, constants, and singular angles."""
    gates: list[tuple[object, ...]] = []
    if "AmplitudeEmbedding" in names and rng.random() < 0.2:
        gates.append(("AmplitudeEmbedding", range(n_qubits)))
    usable = [name for name in names if GATES[name].n_qubits and (GATES[name].n_qubits or 0) <= n_qubits]
    for _ in range(int(rng.integers(5, max_gates + 1))):
        spec = GATES[str(rng.choice(usable))]
        qubits = tuple(int(qubit) for qubit in rng.permutation(n_qubits)[: spec.n_qubits])
        gates.append((spec.name, qubits, [_random_slot(rng) for _ in range(spec.n_angles)]))
    circuit = Circuit(n_qubits, gates)
    batch = int(rng.choice(next(sizes for most, sizes in BATCHES.items() if n_qubits <= most)))
    return Case(
        circuit,
        _random_observables(rng, n_qubits),
        torch.tensor(_values(rng, (batch, circuit.n_inputs), singular=not circuit.embeds_amplitudes)),
        torch.tensor(_values(rng, (circuit.n_weights,))),
    )


def reference(case: Case, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return the values (B, K) on default.qubit, differentiable by backpropagation."""
    device = qml.device("default.qubit", wires=case.circuit.n_qubits)
    function = case.circuit.to_pennylane(case.observables)
    values = qml.QNode(function, device, interface="torch", diff_method="backprop")(inputs, weights)
    return torch.stack([torch.as_tensor(value).double().expand(len(inputs)) for value in values], dim=1)


def gradients(values: torch.Tensor, leaves: Tensors, direction: torch.Tensor) -> Tensors:
    """Return the gradients of sum(direction * values) by inputs and weights; zeros where nothing depends on them."""
    if not values.requires_grad:
        return torch.zeros_like(leaves[0]), torch.zeros_like(leaves[1])
    by_inputs, by_weights = torch.autograd.grad(
        (values * direction).sum(), leaves, allow_unused=True, materialize_grads=True
    )
    return by_inputs, by_weights


def _random_slot(rng: np.random.Generator) -> Slot:
    chance = rng.random()
    if chance < 0.2:
        return float(rng.choice(SINGULAR))
    if chance < 0.4:
        return Input(int(rng.integers(3)), scale=float(rng.choice([1.0, 0.5, -2.0])))
    if chance < 0.5:
        return Input(int(rng.integers(3)), int(rng.integers(3)))
    return Weight(int(rng.integers(8)), float(rng.choice([1.0, 1.0, -0.7])))


def _values(rng: np.random.Generator, shape: tuple[int, ...], singular: bool = True) -> np.ndarray:
    drawn = rng.normal(size=shape)
    share = rng.choice([0.0, 0.2, 1.0], p=[0.3, 0.6, 0.1]) if singular else 0.0
    return np.where(rng.random(shape) < share, rng.choice(SINGULAR, size=shape), drawn)


def _random_observables(rng: np.random.Generator, n_qubits: int) -> list[str] | None:
    if rng.random() < 0.3:
        return None
    words = []
    for _ in range(int(rng.integers(1, n_qubits + 1))):
        qubits = rng.permutation(n_qubits)[: int(rng.integers(1, n_qubits + 1))]
        words.append(" ".join(f"{rng.choice(['X', 'Y', 'Z'])}{qubit}" for qubit in qubits))
    return words
