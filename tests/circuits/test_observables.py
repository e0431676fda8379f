from __future__ import annotations

import pytest

from qlab.circuits import PauliWord
from qlab.circuits.observables import pauli_words
from qlab.errors import CircuitError


def test_a_text_is_read_in_any_order() -> None:
    word = PauliWord.of("Z2  X1")
    assert word == PauliWord(((1, "X"), (2, "Z"))) == PauliWord.of(word)
    assert str(word) == "X1 Z2"


def test_nothing_said_means_z_on_every_qubit() -> None:
    assert [str(word) for word in pauli_words(3, None)] == ["Z0", "Z1", "Z2"]


@pytest.mark.parametrize("text", ["", "Z", "Q0", "Z-1", "z0", "Z0X1", "Z0,X1", "Z 0"])
def test_a_text_that_is_no_word(text: str) -> None:
    with pytest.raises(CircuitError):
        PauliWord.of(text)


def test_a_qubit_cannot_be_measured_twice_in_one_word() -> None:
    with pytest.raises(CircuitError, match="names a qubit twice"):
        PauliWord.of("Z0 X0")


def test_words_must_fit_the_circuit() -> None:
    with pytest.raises(CircuitError, match="'Z3' needs qubit 3, but there are 3"):
        pauli_words(3, ["Z0", "Z3"])
    with pytest.raises(CircuitError, match="must be a list"):
        pauli_words(3, [])
    with pytest.raises(CircuitError, match="must be a list"):
        pauli_words(3, "Z0")
