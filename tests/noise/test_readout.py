"""Readout error: matrices, their composition, and files of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from qlab.errors import OptionError
from qlab.noise import NoiseModel, Readout
from qlab.noise.readout_file import read_confusion
from tests.noise.reference import random_readout

MATRICES = [[[0.9, 0.2], [0.1, 0.8]], [[1.0, 0.05], [0.0, 0.95]]]


@pytest.mark.parametrize("flip", [0.0, 0.02, 0.5, 1.0])
def test_a_flip_shrinks_z(flip: float) -> None:
    assert Readout.symmetric(flip).on_z(3) == pytest.approx((1 - 2 * flip, 0.0))


def test_an_asymmetric_error_also_shifts_z() -> None:
    scale, shift = Readout(np.array(MATRICES)).on_z(0)
    for z in (-1.0, 0.3, 1.0):
        one = (1 - z) / 2
        read_one = 0.1 * (1 - one) + 0.8 * one
        assert scale * z + shift == pytest.approx(1 - 2 * read_one)


def test_errors_follow_each_other() -> None:
    rng = np.random.default_rng(1)
    first, second, alike = random_readout(rng, 3), random_readout(rng, 3), Readout.symmetric(0.1)
    for later in (second, alike):
        both = first.then(later)
        for qubit in range(3):
            scale, shift = first.on_z(qubit)
            again, more = later.on_z(qubit)
            assert both.on_z(qubit) == pytest.approx((again * scale, again * shift + more))
    flips = NoiseModel.composed("twice", [NoiseModel("a", readout=alike), NoiseModel("b", readout=alike)]).readout
    assert flips is not None
    assert flips.on_z(0)[0] == pytest.approx(0.8**2)
    with pytest.raises(OptionError, match="of 3 qubits cannot be followed by one of 2"):
        first.then(random_readout(rng, 2))


def test_files_of_matrices(tmp_path: Path) -> None:
    text, arrays = tmp_path / "measured.json", tmp_path / "measured.npz"
    text.write_text(json.dumps(MATRICES))
    np.savez(arrays, matrices=np.array(MATRICES))
    for file in (text, arrays):
        np.testing.assert_array_equal(read_confusion(file).matrices, MATRICES)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", "does not hold confusion matrices"),
        ("[[1, 0], [0, 1]]", "must have shape"),
        ("[[[1, 0], [0]]]", "does not hold confusion matrices"),
        ('{"a": 1}', "does not hold confusion matrices"),
        ("[[[0.9, 0.2], [0.2, 0.8]]]", "columns of a confusion matrix"),
        ("[[[1.1, 0], [-0.1, 1]]]", "columns of a confusion matrix"),
        ("[[[NaN, 0], [0, 1]]]", "columns of a confusion matrix"),
    ],
)
def test_a_file_of_something_else_is_named(content: str, complaint: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.json"
    file.write_text(content)
    with pytest.raises(OptionError, match=complaint) as caught:
        read_confusion(file)
    assert "wrong.json" in str(caught.value)


def test_archives_hold_the_right_array_and_no_objects(tmp_path: Path) -> None:
    other, objects, broken = (tmp_path / f"{name}.npz" for name in ("other", "objects", "broken"))
    np.savez(other, confusion=np.array(MATRICES))
    np.savez(objects, matrices=np.array([{"a": 1}], dtype=object))
    broken.write_bytes(b"PK\x03\x04nothing")
    for file, complaint in ((other, "has no array 'matrices'"), (objects, "does not hold"), (broken, "does not hold")):
        with pytest.raises(OptionError, match=complaint):
            read_confusion(file)
    with pytest.raises(OptionError, match="cannot be read: No such file"):
        read_confusion(tmp_path / "missing.json")
