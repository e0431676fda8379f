"""The executor primitives of newer clients: programs are sent in another form, and their results decoded alike."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from qlab.circuits.observables import PauliWord
from qlab.hardware.ibm import IbmService
from qlab.hardware.journal import Journal
from qlab.hardware.program import Outcome, Program
from qlab.hardware.runner import Runner
from qlab.hardware.service import RunOptions
from qlab.jobs.hardware.submission import calibration_shots
from tests.hardware.programs import program
from tests.hardware.runtime_server import DEVICE, RuntimeServer

pytestmark = [
    pytest.mark.skipif(
        find_spec("qiskit_ibm_runtime.executor_sampler") is None,
        reason="the installed qiskit-ibm-runtime has no executor primitives: they came with 0.50",
    ),
    pytest.mark.filterwarnings("ignore:The RuntimeOptions class is deprecated:DeprecationWarning"),
]
SHOTS = 4000


def executed(server: RuntimeServer, root: Path, made: list[Program], options: RunOptions) -> list[Outcome]:
    """Send programs with one client and fetch what they gave with another."""
    service = IbmService(DEVICE)
    journal = Journal.begin(root, made, service.device, options, {})
    Runner(journal, service, sleep=lambda seconds: None).submit()
    (job,) = server.jobs.values()
    assert job.payload["program_id"] == "executor"
    assert job.tags == [journal.intent.tag(0)]
    return Runner(Journal(journal.folder), IbmService(DEVICE), sleep=lambda seconds: None).wait()


def means(counts: Outcome) -> Outcome:
    """<Z_q> of each row, (N, 2)."""
    found: Outcome = 1 - 2 * np.unpackbits(counts, axis=-1)[..., ::-1][..., :2].mean(axis=1)
    return found


def rows(made: Program, words: tuple[PauliWord, ...] = (), shots: int = SHOTS) -> Program:
    return Program(made.circuit, made.values, shots, words)


def test_counts_are_decoded(server: RuntimeServer, tmp_path: Path) -> None:
    target = IbmService(DEVICE).target
    made = [rows(program(target, rows=5)), rows(program(target, rows=2, seed=1))]
    found = executed(server, tmp_path, made, RunOptions())
    for one, counts in zip(made, found, strict=True):
        assert counts.shape == one.counts_shape
        np.testing.assert_allclose(means(counts), np.cos(one.values), atol=0.2)  # noise; another order would be far off


@pytest.mark.parametrize("resilience", [0, 1])
def test_estimates_are_decoded(server: RuntimeServer, tmp_path: Path, resilience: int) -> None:
    words = (PauliWord.of("Z1"), PauliWord.of("Z0"), PauliWord.of("Z0 Z1"))
    made = rows(program(IbmService(DEVICE).target, rows=5), words)
    (found,) = executed(server, tmp_path, [made], RunOptions(resilience_level=resilience))  # type: ignore[arg-type]
    zero, one = np.cos(made.values).T
    np.testing.assert_allclose(found[..., 0], np.stack([one, zero, zero * one], axis=1), atol=0.2)
    assert (found[..., 1] < 5 / np.sqrt(SHOTS)).all()


def test_twirled_shots_are_no_fewer_than_were_asked_for(server: RuntimeServer, tmp_path: Path) -> None:
    made = rows(program(IbmService(DEVICE).target, rows=3), shots=1000)
    (counts,) = executed(server, tmp_path, [made], RunOptions(twirling=True))
    assert counts.shape[1] >= 1000
    np.testing.assert_allclose(means(counts), np.cos(made.values), atol=0.25)


def test_programs_of_one_job_have_equally_many_shots(server: RuntimeServer) -> None:
    device = IbmService(DEVICE).device
    assert calibration_shots(100, device) == 100
    assert calibration_shots(100, replace(device, shots_differ=True)) == 10_000
