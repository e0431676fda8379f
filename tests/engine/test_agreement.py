"""Both paths against default.qubit: values to 1e-12 and gradients to 1e-10 in complex128, both to 1e-5 in complex64."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
import torch

from qlab.circuits import Circuit, Input, Weight, variational
from qlab.circuits.gates import GATES
from qlab.circuits.observables import pauli_words
from qlab.circuits.slots import Slot
from qlab.engine.choice import Method
from tests.circuits.random_circuits import SINGULAR, Case, random_case
from tests.engine.paths import Found, check, exact

WIDTHS = range(1, 13)
OF_EACH = 84  # random circuits of each width: 1,008 in all
ODD_SHAPES = [(3, 1, 2, 6), (5, 7, 5, 6), (7, 33, 2, 1), (9, 3, 6, 2), (10, 17, 10, 5), (11, 2, 3, 6), (12, 9, 12, 2)]


@cache
def numbered(n_qubits: int, number: int) -> Case:
    return random_case(np.random.default_rng([2601, n_qubits, number]), n_qubits)


@cache
def expected(n_qubits: int, number: int) -> Found:
    """Keep the answers of default.qubit, which both paths are compared with."""
    return exact(numbered(n_qubits, number))


def normal(circuit: Circuit, batch: int, words: list[str] | None = None) -> Case:
    """Return a case with normally distributed inputs and weights."""
    rng = np.random.default_rng([circuit.n_qubits, batch])
    inputs, weights = rng.normal(size=(batch, circuit.n_inputs)), rng.normal(size=circuit.n_weights)
    return Case(circuit, words, torch.tensor(inputs), torch.tensor(weights))


def all_words(n_qubits: int) -> list[str]:
    return [
        " ".join(f"{letter}{qubit}" for qubit, letter in enumerate(letters) if letter != "I")
        for letters in itertools.product("IXYZ", repeat=n_qubits)
        if set(letters) != {"I"}
    ]


@pytest.mark.parametrize(
    "numbers", [range(5), pytest.param(range(5, OF_EACH), marks=pytest.mark.slow)], ids=["some", "the rest"]
)
@pytest.mark.parametrize("n_qubits", WIDTHS)
def test_random_circuits(n_qubits: int, numbers: Sequence[int], method: Method) -> None:
    for number in numbers:
        check(numbered(n_qubits, number), method, expected(n_qubits, number))


def test_the_random_circuits_leave_nothing_out() -> None:
    names: set[str] = set()
    widths: set[tuple[int, int]] = set()
    letters: set[str] = set()
    repeated = singular = 0
    for n_qubits, number in itertools.product(WIDTHS, range(OF_EACH)):
        case = numbered(n_qubits, number)
        slots = [slot for slot in case.circuit.slots if not isinstance(slot, float)]
        names |= set(case.circuit.counts)
        widths.add((n_qubits, case.n_observables))
        letters |= {"".join(letter for _, letter in w.factors) for w in pauli_words(n_qubits, case.observables)}
        repeated += _repeats(slots, Weight) and _repeats(slots, Input)
        singular += bool(np.isin(case.weights.numpy(), SINGULAR).any())
    assert names == set(GATES)
    assert widths >= {(n, k) for n in WIDTHS for k in (1, n // 2 + 1, n)}
    assert letters >= {"X", "Y", "Z", "XY", "ZZ", "YXZ"}
    assert repeated > 300
    assert singular > 500


def _repeats(slots: Sequence[Slot], kind: type[Input] | type[Weight]) -> bool:
    """Return whether an input or a weight is in several angles."""
    used = [slot.indices if isinstance(slot, Input) else slot.index for slot in slots if isinstance(slot, kind)]
    return len(set(used)) < len(used)


@pytest.mark.parametrize("name", [name for name in GATES if name != "AmplitudeEmbedding"])
def test_each_gate_with_weights_and_with_inputs(name: str, method: Method) -> None:
    spec = GATES[name]
    for slot in (Weight, Input):
        gates: list[tuple[object, ...]] = [("RY", q, 0.3 + q) for q in range(3)]
        gates += [("RX", q, Input(0)) for q in range(3)]
        gates.append((name, (2, 0, 1)[: spec.n_qubits], [slot(k) for k in range(spec.n_angles)]))
        gates += [("Rot", q, [0.4, Weight(0), -0.2]) for q in range(3)]
        check(normal(Circuit(3, gates), 3, ["Z0", "X1", "Y2 Z0"]), method)


@pytest.mark.parametrize(("n_qubits", "batch", "n_observables", "n_layers"), ODD_SHAPES)
@pytest.mark.parametrize("ansatz", ["ring", "ring_first"])
def test_odd_shapes(n_qubits: int, batch: int, n_observables: int, n_layers: int, ansatz: str, method: Method) -> None:
    circuit = variational(n_qubits, n_layers, "angle", ansatz)
    check(normal(circuit, batch, [f"Z{qubit}" for qubit in range(n_observables)]), method)


@pytest.mark.parametrize("encoding", ["angle", "iqp"])
@pytest.mark.parametrize("ansatz", ["ring", "chain", "tree", "basic_entangler", "strongly_entangling"])
def test_re_uploading_in_every_ansatz(encoding: str, ansatz: str, method: Method) -> None:
    check(normal(variational(5, 3, encoding, ansatz, reuploading=True), 3), method)


@pytest.mark.parametrize("n_qubits", [1, 2, 3])
def test_every_word(n_qubits: int, method: Method) -> None:
    check(normal(variational(n_qubits, 2, "angle", "ring_first"), 2, all_words(n_qubits)), method)


@pytest.mark.parametrize("name", ["CNOT", "SWAP", "CZ", "Toffoli"])
def test_every_word_behind_a_closing_network(name: str, method: Method) -> None:
    """The network is moved into the words; signs of products such as Y Y must be right."""
    rotations = [("Rot", qubit, [Weight(3 * qubit + axis) for axis in range(3)]) for qubit in range(3)]
    closing = [(name, (0, 1, 2)), (name, (2, 0, 1))] if name == "Toffoli" else [(name, (0, 1)), (name, (2, 1))]
    check(normal(Circuit(3, [*rotations, *closing]), 1, all_words(3)), method)


def test_words_on_wide_states(method: Method) -> None:
    """Wide ones are stored by tiles, and tables of signs hold fewer bits than they have."""
    words = ["Z0", "Z11 Z3", "X1 Y10", "Y0 Z1 X11", "X0 X1 X2 X3 X4 X5"]
    check(normal(variational(12, 1, "iqp", "ring_first"), 2, words), method)


@pytest.mark.parametrize("angle", [0.0, 1e-5, np.pi / 2, np.pi, -np.pi, 2 * np.pi, 30.0])
def test_singular_and_large_angles(angle: float, method: Method) -> None:
    circuit = variational(4, 3, "iqp", "strongly_entangling", reuploading=True)
    inputs, weights = torch.full((3, 4), 0.7 * angle), torch.full((circuit.n_weights,), angle)
    check(Case(circuit, ["Z0", "X3", "Y1 Y2"], inputs.double(), weights.double()), method)
