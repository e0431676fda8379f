"""Noisy circuits with exact values, and how estimates are compared with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from qlab.circuits import Circuit, variational
from qlab.circuits.gates import GATES
from qlab.noise import Channel, Located, NoiseModel, NoisyCircuit, models
from tests.circuits.random_circuits import random_case
from tests.noise.reference import random_channel, random_readout, read_values

GATES_ALONE = tuple(name for name in GATES if name != "AmplitudeEmbedding")  # what the reference can execute
WORDS = ["Z0", "X1 Y2", "Z0 Z1 Z2", "Y1"]
LAYERS = variational(3, 2, "angle", "ring")
MODELS: dict[str, Callable[[], NoiseModel]] = {
    "depolarizing": lambda: models.depolarizing(p=0.01, p2=0.03, gates=None),
    "dephasing": lambda: models.dephasing(p=0.03, gates=None),
    "bit_flip": lambda: models.bit_flip(p=0.03, gates=["RY", "CNOT"]),
    "pauli": lambda: models.pauli(px=0.01, py=0.02, pz=0.005, gates=None),
    "amplitude_damping": lambda: models.amplitude_damping(gamma=0.05, gates=None),
    "phase_damping": lambda: models.phase_damping(gamma=0.05, gates=["RX", "CNOT"]),
    "thermal_relaxation": lambda: models.thermal_relaxation(
        t1=50, t2=70, time_1q=500, time_2q=4000, excited=0.1, gates=None
    ),
    "lego": lambda: models.lego(p=0.01, dephasing=0.01, flip=0.02, gates=None),
    "composed": lambda: NoiseModel.composed(
        "composed",
        [
            models.amplitude_damping(gamma=0.02, gates=None),
            models.depolarizing(p=0.01, p2=None, gates=None),
            models.over_rotation(fraction=0.1, gates=None),
            models.readout(flip=0.02, p01=0.05, p10=None, path=None),
        ],
    ),
}


@dataclass(frozen=True)
class NoisyCase:
    """A noisy circuit, one sample of it, and the exact values (K,) of its words."""

    noisy: NoisyCircuit
    words: list[str]
    inputs: torch.Tensor
    weights: torch.Tensor
    exact: torch.Tensor

    def samples(self, count: int) -> torch.Tensor:
        """Return the sample ``count`` times."""
        return self.inputs.expand(count, -1)


def case_of(noisy: NoisyCircuit, words: list[str], rng: np.random.Generator) -> NoisyCase:
    """Return a case with random inputs and weights."""
    inputs, weights = rng.normal(size=(1, noisy.circuit.n_inputs)), rng.normal(size=noisy.circuit.n_weights)
    exact = read_values(noisy, words, inputs[0], weights)
    return NoisyCase(noisy, words, torch.tensor(inputs), torch.tensor(weights), torch.tensor(exact))


def layers(name: str) -> NoisyCase:
    """Return two layers of the LEGO circuit with the noise of that name."""
    return case_of(MODELS[name]().insert(LAYERS), WORDS, np.random.default_rng(3))


def random_noisy(rng: np.random.Generator, pauli: bool) -> NoisyCase:
    """Return a random circuit over the whole vocabulary with random channels and readout error."""
    drawn = random_case(rng, int(rng.integers(2, 5)), 14, GATES_ALONE)
    circuit = drawn.circuit
    channels = tuple(_random_channels(rng, gate.qubits, pauli) for gate in circuit.gates)
    noisy = NoisyCircuit(circuit, channels, random_readout(rng, circuit.n_qubits))
    words = drawn.observables or [f"Z{qubit}" for qubit in range(circuit.n_qubits)]
    return case_of(noisy, words, rng)


def _random_channels(rng: np.random.Generator, qubits: tuple[int, ...], pauli: bool) -> tuple[Located, ...]:
    found = []
    for size in (1, 2):
        if len(qubits) < size or rng.random() < 0.3:
            continue
        places = tuple(int(qubit) for qubit in rng.permutation(qubits)[:size])
        found.append(Located(random_pauli(rng, size) if pauli else random_channel(rng, size, 3), places))
    return tuple(found)


def random_pauli(rng: np.random.Generator, n_qubits: int) -> Channel:
    """Return a mixture of Paulis in which nothing happens most often."""
    errors = rng.dirichlet(np.full(4**n_qubits - 1, 0.3)) * rng.uniform(0, 0.2)
    return Channel.pauli("random", [1 - errors.sum(), *errors])


def lego(n_qubits: int, n_layers: int = 6) -> Circuit:
    """Return the LEGO circuit."""
    return variational(n_qubits, n_layers, "angle", "ring")


def z_scores(case: NoisyCase, values: torch.Tensor, standard_errors: torch.Tensor) -> torch.Tensor:
    """Return how many standard errors values (B, K) are from exact ones; 0 where both agree to 1e-12."""
    apart = values.double() - case.exact
    return torch.where(apart.abs() < 1e-12, 0.0, apart / standard_errors.double())
