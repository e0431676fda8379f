"""``qlab bench`` as it is typed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from qlab.bench.catalogue import ENTRIES
from qlab.bench.outcome import Cell, Outcome, Timing
from qlab.bench.request import Request
from qlab.bench.run import Report
from qlab.cli.bench_tables import print_report
from qlab.errors import RequestError
from tests.bench import stand_ins
from tests.bench.conftest import PROBLEM
from tests.conftest import Capture, Qlab

ROOT = Path(__file__).parents[2]

WRONG = {
    "no number": (("--qubits", "4,many"), "--qubits is numbers with commas between them, not '4,many'"),
    "no ring": (("--qubits", "1"), "--qubits 1 is out of range: it must be from 2 to 26"),
    "too many": (("--qubits", "4,40"), "--qubits 40 is out of range"),
    "empty batch": (("--batch", "0"), "--batch 0 is out of range"),
    "no layers": (("--layers", "0"), "--layers 0 is out of range"),
    "no time": (("--seconds", "0"), "--seconds 0 is out of range"),
    "not a time": (("--seconds", "nan"), "--seconds nan is out of range"),
    "error": (("--noise", "--error", "0.9"), "--error 0.9 is out of range: it must be from 0 to 0.5"),
    "no noise": (("--noise", "--error", "0"), "--error 0 is no noise: leave --noise out"),
    "peer without noise": (("--noise", "--python", "torchquantum=python3"), "unknown contestant 'torchquantum'"),
    "error of no noise": (("--error", "0.01"), "--error is the strength of the noise: add --noise"),
    "gradients of noise": (("--noise", "--input-gradients"), "with --noise there are values only"),
    "order": (("--order", "rotat"), "unknown order 'rotat'; did you mean 'rotate'?"),
    "threads": (("--threads", "3"), "--threads is 1, all or both, not '3'"),
    "no path": (("--python", "torchquantum"), "--python is NAME=PATH, not 'torchquantum'"),
    "no contestant": (("--python", "torchquantun=python3"), "did you mean 'torchquantum'?"),
    "no program": (("--python", "torchquantum=/nowhere/python"), "there is no such program"),
    "flag": (("--quik",), "--quick"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_request_is_one_line(kind: str, qlab: Qlab) -> None:
    arguments, expected = WRONG[kind]
    answer = qlab("bench", *arguments)
    assert answer.code == 2
    assert answer.out == ""
    assert len(answer.err.splitlines()) == 1
    assert expected in answer.err


def test_batches_are_smaller_where_states_are_large() -> None:
    problems = Request((4, 16, 20), orders=("rotate", "entangle")).problems()
    assert [(p.order, p.n_qubits, p.batch) for p in problems] == [
        (order, n, batch) for order in ("rotate", "entangle") for n, batch in ((4, 32), (16, 32), (20, 4))
    ]
    assert {p.batch for p in Request((4, 20), batch=7).problems()} == {7}
    with pytest.raises(RequestError):
        Request((4,), patience=0)


@pytest.mark.slow
def test_a_benchmark_checks_and_times_everyone(qlab: Qlab) -> None:
    answer = qlab("bench", "--qubits", "3", "--batch", "2", "--layers", "2", "--seconds", "0.2", "--json")
    assert answer.code == 0, answer.err
    report = json.loads(answer.out)
    (cell,) = report["cells"]
    assert (cell["n_qubits"], cell["batch"], cell["order"], cell["threads"]) == (3, 2, "rotate", 1)
    assert cell["observables"] == ["Z0", "Z1", "Z2"]
    assert cell["reference"] == "default.qubit in complex128"
    contestants = {each["name"]: each for each in cell["contestants"]}
    assert set(contestants) | set(report["absent"]) == {entry.name for entry in ENTRIES}
    assert {"qlab", "default.qubit", "lightning.qubit", "lightning.qubit (device_vjp)"} <= set(contestants)
    for each in contestants.values():
        assert each["state"] == "timed", each["reason"]
        assert each["error"] < 1e-5
        assert each["step_seconds"]["count"] >= 3
        assert each["versions"]
        assert each["ratio"] == each["step_seconds"]["median"] / contestants["qlab"]["step_seconds"]["median"]
    pennylane = [each for name, each in contestants.items() if name.split()[0] in ("default.qubit", "lightning.qubit")]
    assert cell["fastest"]["PennyLane"]["ratio"] == min(each["ratio"] for each in pennylane)
    assert "3 qubits, batch 2, rotate first, 1 thread: qlab" in answer.err


@pytest.mark.slow
def test_a_benchmark_of_noise_checks_and_times_everyone(qlab: Qlab) -> None:
    answer = qlab("bench", "--noise", "--qubits", "3", "--layers", "2", "--seconds", "0.2", "--json")
    assert answer.code == 0, answer.err
    exact, sampled = json.loads(answer.out)["cells"]
    assert (exact["error"], exact["sampled"], sampled["sampled"]) == (0.003, False, True)
    for cell in (exact, sampled):
        own, others = cell["contestants"][0], cell["contestants"][1:]
        for each in (own, *others):
            assert each["state"] == "timed", each["reason"]
        assert cell["fastest"]["Aer"]["ratio"] > 1
    aer, cost = (
        sampled["contestants"][1],
        [each["step_seconds"]["median"] * each["squared_error"] for each in sampled["contestants"]],
    )
    assert aer["ratio"] == pytest.approx(cost[1] / cost[0])
    assert "to the same standard error" in answer.err


def _report() -> Report:
    timing = Timing(0.00123, 0.00120, 0.00126, 7)
    outcomes = [
        Outcome(stand_ins.OWN, error=1e-7, step_seconds=timing, evaluation_seconds=timing, memory_mib=3.0),
        Outcome(stand_ins.entry(stand_ins.WrongValues), "wrong", "off by 2.0e-01, more than 1e-04", error=0.2),
        Outcome(stand_ins.entry(stand_ins.Slow), step_seconds=Timing(2.5, 2.4, 2.6, 3), split=8),
    ]
    machine = {"processor": None, "cpu_count": 2, "platform": "Linux", "load_before": 1.9, "load_after": None}
    return Report(machine, Request((2,)), {"missing": "pip install it"}, [Cell(PROBLEM, 1, "reference", outcomes)])


@pytest.mark.parametrize("width", [40, 80, 200])
def test_tables_fit_the_terminal_and_say_everything(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    print_report(_report())
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= width
    assert "\x1b" not in shown
    if width == 200:
        assert "1.23 ±2 %" in shown
        assert "2033" in shown
        assert "wrong: off by 2.0e-01, more than 1e-04" in shown
        assert "Slow (8 samples at once)" in shown
        assert "missing is not installed" in shown
        assert "1.9 other processes" in shown


def test_control_c_exits_with_130_and_leaves_no_process(workplace: Path) -> None:
    command = [sys.executable, "-m", "qlab", "bench", "--qubits", "4"]
    process = subprocess.Popen(command, cwd=workplace, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    workers = _children(process)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in errors
    assert not psutil.wait_procs(workers, timeout=10)[1]


DRIVER = """
from qlab.bench import race
from qlab.bench.request import Request
from qlab.bench.run import bench
from tests.bench import stand_ins
from tests.bench.stand_ins import Right, Stuck, entry

class Units:
    def track(self, items, label, total=None):
        for item in items:
            print("done", flush=True)
            yield item

race.reference_for = lambda problem: entry(Right, "reference")
try:
    bench(Request((2,)), Units(), lambda problem: (stand_ins.OWN, entry(Stuck), entry(Right)))
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_end_leaves_a_process_of_a_race(how: signal.Signals) -> None:
    driver = subprocess.Popen([sys.executable, "-c", DRIVER], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert driver.stdout is not None
    assert [driver.stdout.readline() for _ in range(2)] == ["done\n"] * 2  # reference and first one: now it is stuck
    workers = _children(driver, at_least=3)
    driver.send_signal(how)
    out, _ = driver.communicate(timeout=30)
    assert (out == "interrupted\n") == (how == signal.SIGINT)
    assert not psutil.wait_procs(workers, timeout=10)[1]


def _children(process: subprocess.Popen[str], at_least: int = 1) -> list[psutil.Process]:
    """Return the workers of a driver as soon as there are so many."""
    deadline = time.monotonic() + 60
    found: list[psutil.Process] = []
    while len(found) < at_least:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
        found = psutil.Process(process.pid).children(recursive=True)
    return found
