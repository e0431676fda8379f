"""Noise models that break a rule of the suite are caught, each by the check that is there for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from qlab.circuits import Circuit
from qlab.noise import NoiseModel, NoisyCircuit, OverRotation, Readout, Rule
from qlab.noise.channels import bit_flip, dephasing
from qlab.testing.noise import IDEAL, check_noise, exact_values, probe
from tests.noise.reference import read_values

Change = Callable[[NoisyCircuit], NoisyCircuit]


@dataclasses.dataclass
class Broken:
    """Bit flips, of which ``change`` makes something else."""

    change: Change
    name: str = "broken"
    is_identity: bool = False

    def insert(self, circuit: Circuit) -> NoisyCircuit:
        return self.change(NoiseModel(self.name, (Rule(bit_flip(0.01)),)).insert(circuit))


def silent(noisy: NoisyCircuit) -> NoisyCircuit:
    return dataclasses.replace(noisy, channels=((),) * len(noisy.channels))


def forgetful(noisy: NoisyCircuit) -> NoisyCircuit:
    return dataclasses.replace(noisy, readout=Readout.symmetric(0.1))


def early(noisy: NoisyCircuit) -> NoisyCircuit:
    return dataclasses.replace(noisy, channels=noisy.channels[:-1], insertions={"bit_flip": 225})


def bound(noisy: NoisyCircuit) -> NoisyCircuit:
    """Put numbers where weights were."""
    gates = [(gate.name, gate.qubits, [0.1] * len(gate.angles)) for gate in noisy.circuit.gates]
    return dataclasses.replace(noisy, circuit=Circuit(3, gates))


def loose() -> Change:
    rng = np.random.default_rng(0)

    def insert(noisy: NoisyCircuit) -> NoisyCircuit:
        flips = Readout.symmetric(float(rng.uniform(0.1, 0.2)))
        return dataclasses.replace(noisy, readout=flips, insertions={**noisy.insertions, "readout": 3})

    return insert


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (silent, "it counts {'bit_flip': 227}, but inserts {}"),
        (forgetful, "it does not count its readout error"),
        (early, "one entry of channels for each gate"),
        (bound, "its circuit has .* inputs and weights"),
        (loose(), "two insertions give different values"),
    ],
)
def test_a_broken_model_is_caught(change: Change, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_noise(Broken(change))


def test_a_model_that_is_too_weak_to_be_seen_is_caught() -> None:
    with pytest.raises(AssertionError, match=r"moves the probe by 0\.\d standard errors only"):
        check_noise(NoiseModel("weak", (Rule(dephasing(1e-6)),)))


def test_a_strength_of_zero_that_is_not_the_identity_is_caught() -> None:
    flips = NoiseModel("flips", (Rule(bit_flip(0.01)),))
    check_noise(flips, NoiseModel("zero", (Rule(bit_flip(0.0)),), (OverRotation(0.0),)))
    with pytest.raises(AssertionError, match="does not say that it does nothing"):
        check_noise(flips, flips)
    with pytest.raises(AssertionError, match=r"but it inserts \{.bit_flip.: 227\}"):
        check_noise(flips, Broken(lambda noisy: noisy, is_identity=True))


def test_the_probe_is_known_and_sees_every_kind_of_noise() -> None:
    ideal = NoiseModel("none").insert(probe())
    np.testing.assert_allclose(exact_values(ideal), IDEAL, atol=1e-12)
    inputs, weights = np.array([0.3, -0.2, 0.4]), np.array([np.pi / 4] * 3 + [0.0] * 3)
    np.testing.assert_allclose(read_values(ideal, None, inputs, weights), IDEAL, atol=1e-12)
