"""What is executed how often, and in how many steps."""

from __future__ import annotations

import numpy as np
import pytest

from qlab.circuits import Circuit, variational
from qlab.engine.density.elements import elements_of
from qlab.engine.density.layout import LookUp, Multiply, Reorder, cheapest, lay_out
from qlab.engine.density.networks import Monomial
from qlab.engine.density.plan import Plan, plans_of
from qlab.engine.density.products import Products
from qlab.noise import NoisyCircuit, models
from tests.engine.noisy_cases import MODELS, lego

WORDS = ["Z0", "Z1"]


def plan(noisy: NoisyCircuit, batch: int, words: list[str] | None = None) -> Plan:
    (found,) = plans_of(noisy, noisy.words(words or WORDS), noisy.readout, batch)
    return found


def kinds(steps: list[Multiply | LookUp | Reorder]) -> str:
    letters = {Multiply: "m", LookUp: "l", Reorder: "r"}
    return "".join(letters[type(step)] for step in steps)


def test_a_layered_circuit_is_executed_once_for_all_samples() -> None:
    """Five rings and five layers of rotations; the last ring and the rotations before it are in the start."""
    found = plan(MODELS["depolarizing"]().insert(lego(8)), 32)
    assert found.states is None
    assert found.observables is not None
    assert kinds(found.observables.steps) == "lmmmm" * 5
    assert found.observables.n_table_entries == 4**8  # all rings are one table
    assert all(prefix.support == (0, 1, 3) for prefix in found.prefix.values())  # RY leaves no Y
    assert set(found.observables.sizes.values()) == {3}


def test_only_what_inputs_enter_is_executed_for_each_sample() -> None:
    noisy = MODELS["depolarizing"]().insert(variational(4, 3, "angle", "ring", reuploading=True))
    found = plan(noisy, 32)
    assert found.states is not None
    assert found.observables is not None
    ring = "lmm"
    assert kinds(found.states.steps) == ring * 2  # two layers and the encoding of the third
    assert kinds(found.observables.steps) == ""  # the third ring and its rotations are in the start
    assert plan(noisy, 1).observables is None


def test_more_observables_than_samples_are_measured_in_states() -> None:
    noisy = MODELS["depolarizing"]().insert(lego(4))
    assert plan(noisy, 2).states is None
    assert plan(noisy, 1).observables is None
    no_inputs = MODELS["depolarizing"]().insert(Circuit(2, [("RX", 0, 0.3), ("CNOT", (0, 1))]))
    assert plan(no_inputs, 32).observables is None  # all samples are one


def test_channels_that_are_no_pauli_mixtures_make_pairs_of_qubits() -> None:
    noisy = MODELS["amplitude_damping"]().insert(lego(6, 3))
    found = plan(noisy, 32)
    assert found.observables is not None
    assert "l" not in kinds(found.observables.steps)
    with_tables = lay_out([e.transposed() for e in reversed(elements_of(noisy))], range(6))
    assert found.observables.cost < with_tables.cost


def test_neighbours_in_the_vector_need_no_change_of_order() -> None:
    """A line of couplings that is not the numbers' own."""
    line = [(3, 0), (0, 4), (4, 1), (1, 2)]
    gates = [item for pair in line for item in (("RX", pair[0], 0.3), ("CRX", pair, 0.2))]
    noisy = MODELS["amplitude_damping"]().insert(Circuit(5, [*gates, *gates[::-1]]))
    found = cheapest(elements_of(noisy), range(5))
    assert kinds(found.steps) == "m" * len(found.steps)
    order = found.order
    assert all(abs(order.index(one) - order.index(other)) == 1 for one, other in line)


@pytest.mark.parametrize("name", ["depolarizing", "dephasing", "bit_flip", "pauli", "lego"])
def test_pauli_mixtures_behind_clifford_gates_are_monomial(name: str) -> None:
    clifford = [
        ("Hadamard", 0),
        ("S", 1),
        ("CNOT", (0, 1)),
        ("CZ", (1, 2)),
        ("SX", 2),
        ("SWAP", (0, 2)),
        ("ECR", (2, 1)),
    ]
    noisy = MODELS[name]().insert(Circuit(3, [*clifford, ("RY", 0, np.pi / 2)]))
    products, left = Products.of(noisy.words(["Z0", "X1 Y2"]), 3).before(elements_of(noisy))
    assert not left  # words stay words
    assert all(Monomial.of(element) is not None for element in elements_of(noisy))
    assert np.abs(products.coefficients).max() <= 1


def test_what_no_word_depends_on_is_left_out() -> None:
    chain = variational(8, 1, "angle", "chain")
    noisy = models.depolarizing(p=0.01, p2=0.02, gates=None).insert(chain)
    assert plan(noisy, 32, ["Z0"]).qubits == (0,)
    assert plan(noisy, 32, ["Z2"]).qubits == (0, 1, 2)
    assert len(plans_of(noisy, noisy.words(["Z0", "Z5", "X0"]), None, 32)) == 2  # those of equal light cones together
