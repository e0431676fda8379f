"""How much memory a simulation says it takes, when it refuses, and how long what it prepares lives."""

from __future__ import annotations

import gc
import weakref
from itertools import pairwise

import numpy as np
import psutil
import pytest
import torch

from qlab.circuits import Circuit, variational
from qlab.engine import density, expectations
from qlab.errors import CapabilityError
from qlab.noise import NoisyCircuit, models
from tests.engine.noisy_cases import lego

DOUBLE = torch.complex128
WORDS = ["Z0", "Z1"]


def noisy_lego(n_qubits: int) -> NoisyCircuit:
    return models.lego(p=0.001, dephasing=0.001, flip=0.01, gates=None).insert(lego(n_qubits))


def test_twenty_qubits_are_refused_in_one_line() -> None:
    noisy = noisy_lego(20)
    inputs, weights = torch.zeros(50, 20), torch.zeros(noisy.circuit.n_weights)
    with pytest.raises(CapabilityError) as refusal:
        density.expectations(noisy, inputs, weights, WORDS)
    message = str(refusal.value)
    assert message.startswith("an exact simulation of 20 qubits with noise needs ")
    assert "TiB of memory" in message
    assert "trajectories" in message
    assert "\n" not in message


def test_what_is_refused_depends_on_what_is_available(monkeypatch: pytest.MonkeyPatch) -> None:
    noisy = noisy_lego(11)
    needed = density.needed_bytes(noisy, 4, WORDS, DOUBLE)
    little = psutil.virtual_memory()._replace(available=needed - 1)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: little)
    monkeypatch.setattr("qlab.engine.density.memory._SMALL", 0)
    with pytest.raises(CapabilityError, match="an exact simulation of 11 qubits with noise"):
        density.expectations(noisy, torch.zeros(4, 11), torch.zeros(noisy.circuit.n_weights), WORDS, DOUBLE)


def test_needed_memory_grows_as_it_should() -> None:
    sizes = [density.needed_bytes(noisy_lego(n), 32, WORDS, DOUBLE) for n in (12, 13, 14)]
    assert all(3.9 < later / earlier < 4.1 for earlier, later in pairwise(sizes))
    assert 4**12 * 8 * 3 < sizes[0] < 2 << 30
    assert density.needed_bytes(noisy_lego(12), 1000, WORDS, DOUBLE) == sizes[0]  # the batch costs nothing
    assert density.needed_bytes(noisy_lego(12), 32, WORDS, torch.complex64) < sizes[0]
    assert sizes[0] < density.needed_bytes(noisy_lego(12), 32, WORDS, DOUBLE, gradient=True) < 5 * sizes[0]


def test_words_of_few_qubits_are_exact_on_many() -> None:
    """A chain of one layer carries Z0 no further than to its neighbour, whatever the number of qubits."""
    circuit = Circuit(30, [*variational(30, 1, "angle", "chain").gates])
    noisy = models.depolarizing(p=0.0, p2=0.0, gates=None).insert(circuit)
    inputs, weights = torch.randn(3, 30, dtype=torch.float64), torch.randn(90, dtype=torch.float64)
    values = density.expectations(noisy, inputs, weights, ["Z1 Z0", "X0", "Y2 Z1"], DOUBLE)
    small = Circuit(4, [gate for gate in circuit.gates if max(gate.qubits) < 4])
    ideal = expectations(small, inputs[:, :4], weights[:12], ["Z1 Z0", "X0", "Y2 Z1"], DOUBLE)
    torch.testing.assert_close(values, ideal, rtol=0, atol=1e-12)


def test_what_is_prepared_goes_with_the_noisy_circuit() -> None:
    noisy = noisy_lego(3)
    density.expectations(noisy, torch.zeros(4, 3), torch.zeros(noisy.circuit.n_weights), WORDS)
    from qlab.engine.density.values import _prepared

    gone = weakref.ref(next(iter(_prepared[noisy].values()))[0][1])
    assert gone() is not None
    del noisy
    gc.collect()
    assert gone() is None


def test_many_words_on_many_qubits_keep_their_places() -> None:
    """Words that depend on different qubits are computed apart, and come back in order."""
    circuit = variational(8, 1, "angle", "tree")
    noisy = models.depolarizing(p=0.01, p2=0.02, gates=None).insert(circuit)
    rng = np.random.default_rng(0)
    inputs, weights = torch.tensor(rng.normal(size=(5, 8))), torch.tensor(rng.normal(size=24))
    words = ["Z3", "X0 Y4", "Z7", "Z0", "Z3 X6", "Y3"]
    together = density.expectations(noisy, inputs, weights, words, DOUBLE)
    apart = [density.expectations(noisy, inputs, weights, [word], DOUBLE) for word in words]
    torch.testing.assert_close(together, torch.cat(apart, 1), rtol=0, atol=1e-14)
