"""What the quantum layer adds to a training step of the hybrid image classifier."""

from __future__ import annotations

import json

import pytest
import torch

from qlab.bench.hybrid import LAYERS, YARDSTICK, bench_hybrid
from qlab.errors import OptionError
from qlab.progress import Silent
from tests.conftest import Qlab

MOST = 1.3
"""Times the step with Linear(16, 4) that a step with the circuit may take."""


def test_every_layer_is_timed_and_compared_with_the_linear_map(qlab: Qlab) -> None:
    threads = torch.get_num_threads()
    answer = qlab("bench", "--hybrid", "--batch", "4", "--seconds", "0.02", "--json")
    assert answer.code == 0, answer.err
    [steps] = json.loads(answer.out)["steps"]
    assert steps["threads"] == 1
    assert set(steps["timings"]) == set(LAYERS)
    assert steps["ratios"][YARDSTICK] == 1
    assert all(timing["count"] >= 1 and timing["median"] > 0 for timing in steps["timings"].values())
    assert torch.get_num_threads() == threads
    table = qlab("bench", "--hybrid", "--batch", "4", "--seconds", "0.02").out
    assert all(layer in table for layer in LAYERS)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--qubits", "4"), "--hybrid is one circuit"),
        (("--layers", "6"), "--hybrid is one circuit"),
        (("--noise",), "--hybrid is one circuit"),
        (("--batch", "1"), "--batch 1 is out of range"),
        (("--seconds", "0"), "--seconds 0 is out of range"),
    ],
)
def test_a_wrong_request_is_one_line(words: tuple[str, ...], complaint: str, qlab: Qlab) -> None:
    answer = qlab("bench", "--hybrid", *words)
    assert answer.code == 2
    assert len(answer.err.splitlines()) == 1
    assert complaint in answer.err


def test_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(OptionError, match="--seconds nan"):
        bench_hybrid(4, (1,), float("nan"), Silent())


@pytest.mark.slow
def test_a_step_through_the_circuit_takes_little_longer_than_one_through_a_linear_map() -> None:
    [steps] = bench_hybrid(64, (1,), 5.0, Silent()).steps
    assert steps.ratio("circuit") <= MOST
