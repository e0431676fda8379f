from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from qlab.circuits import Circuit, Weight, variational
from qlab.circuits.gates import GATES
from qlab.engine import expectations
from tests.circuits.random_circuits import Case, gradients, random_case, reference

TWENTY = 20


def check(case: Case) -> None:
    """Compare values and gradients with default.qubit, in both precisions."""
    leaves, direction = case.leaves(), case.direction()
    expected = reference(case, *leaves)
    expected_gradients = gradients(expected, leaves, direction)
    for dtype, close, gradient_close in ((torch.complex128, 1e-10, 1e-9), (torch.complex64, 1e-5, 1e-4)):
        values = expectations(case.circuit, *leaves, case.observables, dtype)
        assert values.dtype == dtype.to_real()
        torch.testing.assert_close(values.double(), expected, rtol=0, atol=close)
        found = gradients(values, leaves, direction)
        for gradient, theirs in zip(found, expected_gradients, strict=True):
            torch.testing.assert_close(gradient, theirs, rtol=gradient_close, atol=gradient_close)


@pytest.mark.parametrize("seed", range(10))
def test_twenty_random_circuits(seed: int) -> None:
    rng = np.random.default_rng([2601, seed])
    for number in range(TWENTY):
        check(random_case(rng, max_qubits=10 if number % 2 else 6))


def test_the_random_circuits_use_the_whole_vocabulary() -> None:
    names: set[str] = set()
    for seed in range(10):
        rng = np.random.default_rng([2601, seed])
        for number in range(TWENTY):
            names |= set(random_case(rng, max_qubits=10 if number % 2 else 6).circuit.counts)
    assert names == set(GATES)


ODD_SHAPES = [(3, 1, 2, 6), (5, 7, 5, 6), (7, 33, 2, 1), (9, 3, 6, 2), (10, 17, 10, 5), (11, 2, 3, 6)]


@pytest.mark.parametrize(("n_qubits", "batch", "n_observables", "n_layers"), ODD_SHAPES)
@pytest.mark.parametrize("ansatz", ["ring", "ring_first"])
def test_odd_shapes(n_qubits: int, batch: int, n_observables: int, n_layers: int, ansatz: str) -> None:
    circuit = variational(n_qubits, n_layers, "angle", ansatz)
    rng = np.random.default_rng(n_qubits)
    inputs = torch.tensor(rng.uniform(-np.pi / 2, np.pi / 2, (batch, n_qubits)))
    weights = torch.tensor(rng.uniform(-np.pi, np.pi, circuit.n_weights))
    check(Case(circuit, [f"Z{qubit}" for qubit in range(n_observables)], inputs, weights))


@pytest.mark.parametrize("encoding", ["angle", "iqp"])
@pytest.mark.parametrize("ansatz", ["ring", "chain", "tree", "basic_entangler", "strongly_entangling", "none"])
def test_re_uploading_in_every_ansatz(encoding: str, ansatz: str) -> None:
    circuit = variational(5, 3, encoding, ansatz, reuploading=True)
    rng = np.random.default_rng(5)
    check(Case(circuit, None, torch.tensor(rng.normal(size=(3, 5))), torch.tensor(rng.normal(size=circuit.n_weights))))


@pytest.mark.parametrize("name", ["CNOT", "SWAP", "CZ", "Toffoli"])
def test_every_word_behind_a_closing_network(name: str) -> None:
    """The network is moved into the words; signs of products such as Y Y must be right."""
    rotations = [("Rot", qubit, [Weight(3 * qubit + axis) for axis in range(3)]) for qubit in range(3)]
    closing = [(name, (0, 1, 2)), (name, (2, 0, 1))] if name == "Toffoli" else [(name, (0, 1)), (name, (2, 1))]
    words = [
        " ".join(f"{letter}{qubit}" for qubit, letter in enumerate(letters) if letter != "I")
        for letters in itertools.product("IXYZ", repeat=3)
        if set(letters) != {"I"}
    ]
    weights = torch.tensor(np.random.default_rng(0).normal(size=9))
    check(Case(Circuit(3, [*rotations, *closing]), words, torch.zeros(1, 0, dtype=torch.float64), weights))


def test_more_qubits_than_a_table_of_signs_has_bits() -> None:
    circuit = variational(12, 1, "iqp", "ring")
    rng = np.random.default_rng(12)
    words = ["Z0", "Z11 Z3", "X1 Y10", "Y0 Z1 X11"]
    check(
        Case(circuit, words, torch.tensor(rng.normal(size=(2, 12))), torch.tensor(rng.normal(size=circuit.n_weights)))
    )
