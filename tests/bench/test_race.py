"""Who is timed and who is not, and that nobody's failure costs another contestant."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import pytest

from qlab.bench import race as race_module
from qlab.bench import surroundings
from qlab.bench.catalogue import Entry
from qlab.bench.outcome import Cell
from qlab.bench.process import ContestantFailed
from qlab.bench.race import Rules, race, units
from tests.bench import stand_ins
from tests.bench.conftest import PROBLEM, Run
from tests.bench.stand_ins import entry

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="memory is measured on Linux only")


def test_slower_ones_have_larger_ratios(run: Run) -> None:
    outcomes = run(entry(stand_ins.Slow), seconds=0.5)
    cell = Cell(PROBLEM, 1, "reference", list(outcomes.values()))
    mine, slow = cell.own, outcomes["Slow"]
    assert mine.state == slow.state == "timed"
    assert mine.error == slow.error == 0.0
    assert mine.step_seconds is not None
    assert slow.step_seconds is not None
    assert slow.step_seconds.low <= slow.step_seconds.median <= slow.step_seconds.high
    assert cell.ratio(slow) == slow.step_seconds.median / mine.step_seconds.median
    assert cell.fastest() == {"peers": slow}


@pytest.mark.parametrize(
    "kind", [stand_ins.WrongValues, stand_ins.WrongGradient, stand_ins.NotANumber, stand_ins.WithoutGradient]
)
def test_wrong_ones_have_no_times(kind: type[stand_ins.Right], run: Run) -> None:
    outcomes = run(entry(kind))
    wrong = outcomes[kind.__name__]
    assert wrong.state == "wrong"
    assert "off by" in wrong.reason
    assert wrong.step_seconds is None
    assert wrong.evaluation_seconds is None
    assert Cell(PROBLEM, 1, "reference", list(outcomes.values())).ratio(wrong) is None
    assert outcomes["qlab"].state == "timed"


def test_the_error_of_a_wrong_one_is_told(run: Run) -> None:
    assert run(entry(stand_ins.WrongGradient))["WrongGradient"].error == pytest.approx(1e-3)


FAILING = {
    stand_ins.Raising: "ValueError: no such gate",
    stand_ins.Crashing: "killed by SIGSEGV: on the way down",
    stand_ins.CrashingLater: "ended with exit code 3",
}


@pytest.mark.parametrize("kind", FAILING)
def test_failing_ones_say_why(kind: type[stand_ins.Right], run: Run) -> None:
    outcomes = run(entry(kind), entry(stand_ins.Slow))
    assert outcomes[kind.__name__].state == "failed"
    assert outcomes[kind.__name__].reason == FAILING[kind]
    assert outcomes["qlab"].state == outcomes["Slow"].state == "timed"


def test_a_library_that_cannot_be_imported_is_a_failure(run: Run) -> None:
    missing = Entry("missing", "no_such_module:Class", "numpy", (), "peers")
    assert "No module named 'no_such_module'" in run(missing)["missing"].reason


def test_stuck_ones_are_given_up(run: Run) -> None:
    outcomes = run(entry(stand_ins.Stuck), patience=4.0)
    assert outcomes["Stuck"].reason == "no answer within 4 s"
    assert outcomes["qlab"].state == "timed"


def test_greedy_ones_are_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    process = Rules(0.05, 60.0, (), {}).start(entry(stand_ins.Right), threads=1)
    try:
        process.receive(60.0)
        monkeypatch.setattr(surroundings, "memory_is_short", lambda: True)
        with pytest.raises(ContestantFailed, match="last memory of this machine"):
            process.receive(60.0)  # nothing was asked, so it waits
    finally:
        process.close()


@pytest.mark.parametrize("splits", [True, False])
def test_what_does_not_fit_is_split_or_skipped(splits: bool, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    # 14 gates on 4 amplitudes: 5,600 bytes per sample, and half of 24,000 bytes may be used
    monkeypatch.setattr(surroundings, "memory_left", lambda: 24_000)
    large = run(entry(stand_ins.Right, "large", bytes_per_gate=140.0, splits=splits))["large"]
    assert (large.state, large.split) == (("timed", 2) if splits else ("skipped", None))
    assert ("would need" in large.reason) == (not splits)


@LINUX
def test_memory_is_what_steps_take(run: Run) -> None:
    outcomes = run(entry(stand_ins.Large))
    assert outcomes["Large"].memory_mib == pytest.approx(64, abs=8)
    assert outcomes["qlab"].memory_mib == pytest.approx(0, abs=8)


def test_without_a_reference_nobody_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = entry(stand_ins.Raising, "reference")
    monkeypatch.setattr(race_module, "reference_for", lambda problem: broken)
    cell = Cell(PROBLEM, 1, "reference")
    rules = Rules(0.05, 60.0, (stand_ins.OWN,), {})
    assert sum(1 for _ in race(cell, rules)) == units(rules)
    assert cell.own.state == "skipped"
    assert "nothing to check against, for reference ValueError" in cell.own.reason


def test_who_would_take_minutes_is_left_out(run: Run) -> None:
    slow = run(entry(stand_ins.Right, "slow", most_qubits=PROBLEM.n_qubits - 1))["slow"]
    assert (slow.state, slow.reason) == ("skipped", f"takes minutes with more than {PROBLEM.n_qubits - 1} qubits")


def test_an_interpreter_that_says_something_else_is_a_failure(tmp_path: Path) -> None:
    talkative = tmp_path / "python"
    talkative.write_text("#!/bin/sh\necho welcome\n")
    talkative.chmod(0o755)
    process = Rules(0.05, 60.0, (), {"Right": str(talkative)}).start(entry(stand_ins.Right), threads=1)
    with closing(process), pytest.raises(ContestantFailed, match="says 'welcome', which is no answer"):
        process.receive(60.0)


def test_an_interpreter_that_is_none_is_a_failure(tmp_path: Path) -> None:
    rules = Rules(0.05, 60.0, (), {"Right": str(tmp_path)})
    with pytest.raises(ContestantFailed, match="Permission denied"):
        rules.start(entry(stand_ins.Right), threads=1)
