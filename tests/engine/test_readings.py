"""Readout error on the values of words."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qlab.circuits import Circuit, PauliWord
from qlab.engine.readings import readings
from qlab.errors import CapabilityError
from qlab.noise import NoisyCircuit, Readout
from tests.noise.reference import random_readout, read_values

CIRCUIT = Circuit(3, [("Rot", qubit, (0.4 + qubit, 1.1, -0.6)) for qubit in range(3)] + [("CNOT", (0, 1))])
WORDS = ["Z0", "X0 Y1 Z2", "Z1", "Y2 Z0"]
NOTHING = np.array([])


def noisy(readout: Readout | None) -> NoisyCircuit:
    return NoisyCircuit(CIRCUIT, ((),) * len(CIRCUIT.gates), readout)


@pytest.mark.parametrize("kind", ["random", "symmetric", "none"])
def test_values_as_read(kind: str) -> None:
    rng = np.random.default_rng(1)
    readout = {"random": random_readout(rng, 3), "symmetric": Readout.symmetric(0.1), "none": None}[kind]
    circuit = noisy(readout)
    found = readings(circuit, circuit.words(WORDS))
    parts = {"X0 Y1", "X0 Z2", "Y1 Z2", "X0", "Y1", "Z2", "Y2"}  # of words that are none themselves
    assert {str(word) for word in found.words} == {"Z0", "X0 Y1 Z2", "Z1", "Z0 Y2"} | (
        parts if kind == "random" else set()
    )
    true = read_values(noisy(None), [str(word) for word in found.words], NOTHING, NOTHING)
    expected = read_values(circuit, WORDS, NOTHING, NOTHING)
    np.testing.assert_allclose(found(torch.tensor(true)[None]).numpy()[0], expected, rtol=0, atol=1e-12)


def test_words_whose_parts_are_too_many_are_refused() -> None:
    circuit = Circuit(13, [("Hadamard", 0)])
    word = PauliWord(tuple((qubit, "Z") for qubit in range(13)))
    shifted = NoisyCircuit(circuit, ((),), random_readout(np.random.default_rng(0), 13))
    with pytest.raises(CapabilityError, match=r"mixes 2\^13 words: ask for words of at most 12 factors"):
        readings(shifted, (word,))
    assert len(readings(NoisyCircuit(circuit, ((),), Readout.symmetric(0.1)), (word,)).words) == 1
