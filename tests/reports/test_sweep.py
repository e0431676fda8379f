"""What a sweep ends in: six files, whole, deterministic, escaped, quick, and honest."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import qlab.reports.sweep
from qlab.reports.facts import executions
from qlab.reports.sweep import write_sweep
from tests.reports.made_up import ENVIRONMENT, EXECUTION, evaluation, fail, points, record
from tests.reports.pages import Page

FILES = {"results.csv", "results.md", "results.tex", "figure.svg", "figure.png", "report.html"}
QUBITS = ["head.n_qubits", "seed"]
HOSTILE = "<script>alert(1)</script> | a_b & 100 % $x$ 日本"


def qubits(n_seeds: int = 3) -> pd.DataFrame:
    return points({"head.n_qubits": [4, 8], "seed": list(range(n_seeds))})


def write(folder: Path, table: pd.DataFrame, swept: list[str], records: Any = None, **changes: Any) -> Page:
    request = {"overrides": ["head.n_qubits=4,8", "seed=range(3)"], "paired": []}
    known = [record()] if records is None else records
    arguments = {"title": "made-up", "request": request, "records": lambda: known, **changes}
    write_sweep(folder, table, swept, **arguments)
    return Page((folder / "report.html").read_bytes())


def test_six_files_are_written_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, qubits(), QUBITS)
    assert {path.name for path in tmp_path.iterdir()} == FILES


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name, qubits(), QUBITS)
    for file in FILES - {"report.html"}:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    one, two = ((tmp_path / name / "report.html").read_text() for name in ("one", "two"))
    assert one.replace("<footer>one", "<footer>two") == two


def test_a_page_loads_nothing(tmp_path: Path) -> None:
    page = write(tmp_path, qubits(), QUBITS)
    assert page.loads == []
    assert ("meta", {"charset": "utf-8"}) in page.tags
    assert any(tag == "svg" and attributes["role"] == "img" for tag, attributes in page.tags)


def test_a_page_says_what_was_asked_and_what_came_out(tmp_path: Path) -> None:
    table = points({"head.n_qubits": [4, 8], "seed": [0, 1, 2]}, lambda point: 0.7 + point["head.n_qubits"] / 100)
    page = write(tmp_path, table, QUBITS, request={"overrides": ["seed=range(3)", "head=vqc"], "paired": [["a", "b"]]})
    assert "qlab sweep 'seed=range(3)' head=vqc --paired a,b" in page.text
    assert "6 points: 6 done · digits (real data) · 1000 test examples" in page.text
    assert "Highest mean test accuracy: 0.7800" in page.text
    assert "at head.n_qubits = 8" in page.text
    assert "It is the highest of 2, picked on the test set itself" in page.text
    assert "Always answering the most frequent class would give 0.5000." in page.text
    assert "All 6 points" in page.text
    assert "0123456789ab" in page.text  # the commit
    assert "n_qubits: 4" in page.text  # the configuration


def test_one_seed_is_said_to_be_one_seed(tmp_path: Path) -> None:
    assert "Every result rests on one seed" in write(tmp_path, qubits(1), QUBITS).text
    assert "1 of 2 results rest on one seed" in write(tmp_path, qubits(2).drop(index=3), QUBITS).text
    assert "on one seed" not in write(tmp_path, qubits(2), QUBITS).text


def test_other_code_and_generated_data_are_named(tmp_path: Path) -> None:
    other = record("2" * 12, environment=ENVIRONMENT | {"commit": "fedcba9876543210", "dirty": True})
    text = write(tmp_path, qubits(), QUBITS, [record(), record("3" * 12), other]).text
    assert "not all made by the same code: 2 by 0123456789ab, 1 by fedcba987654 with uncommitted changes." in text
    generated = record(dataset=record()["dataset"] | {"name": "quantum_dot", "source": "synthetic"})
    assert "The data of quantum_dot are synthetic" in write(tmp_path, qubits(), QUBITS, [generated]).text
    assert "synthetic" not in write(tmp_path, qubits(), QUBITS).text


def test_failures_stand_together_with_their_log(tmp_path: Path) -> None:
    (tmp_path / "points").mkdir()
    (tmp_path / "points" / "1.log").write_text("first line\n" + "the loss <is> nan\n" * 50)
    table = fail(qubits(), 1, "the loss <is> not finite", log="points/1.log")
    table = fail(fail(table, 2, "the loss <is> not finite", log="points/2.log"), 4, "killed", "lost")
    page = write(tmp_path, table, QUBITS)
    assert "3 of 6 points failed; means and figure are without them." in page.text
    assert "failed at head.n_qubits = 4, seed = 1; head.n_qubits = 4, seed = 2" in page.text
    assert page.text.count("the loss <is> not finite") == 1
    assert page.text.count("the loss <is> nan") == 40
    assert "first line" not in page.text
    assert "lost at head.n_qubits = 8, seed = 1" in page.text
    for name in ("results.md", "results.tex"):
        assert "3 of 6 points are not done: 2 failed, 1 lost." in (tmp_path / name).read_text()


def test_a_sweep_of_which_nothing_is_done_has_its_files(tmp_path: Path) -> None:
    table = qubits(1)
    for row, status in ((0, "failed"), (1, "not run")):
        table = fail(table, row, "no" if status == "failed" else "", status)
    page = write(tmp_path, table, QUBITS, [])
    assert {path.name for path in tmp_path.iterdir()} == FILES
    assert "No point is done, so there is nothing to show." in page.text
    assert "1 of 2 points has not been run; the sweep's command goes on with it." in page.text
    assert "2 of 2 points are not done: 1 failed, 1 not run." in (tmp_path / "results.md").read_text()


def test_one_is_singular(tmp_path: Path) -> None:
    page = write(tmp_path, fail(points({"head.n_qubits": [4]}, n=1), 0, "", "not run"), ["head.n_qubits"], [])
    assert "1 point: 1 not run" in page.text
    assert "The 1 point" in page.text
    assert "1 of 1 point is not done: 1 not run." in (tmp_path / "results.md").read_text()


def test_records_of_older_code_have_no_root_mean_square(tmp_path: Path) -> None:
    execution = {name: value for name, value in EXECUTION.items() if name != "shift_rms"}
    old = record(execution=execution | {"shift_mean_absolute": 0.02}, noise={"name": "depolarizing", "p": 0.01})
    assert "depolarizing: p 0.01" in write(tmp_path, qubits(), QUBITS, [old]).text
    told = executions([old])
    assert told is not None
    assert list(zip(told.header, told.rows[0], strict=True))[-2:] == [
        ("shift of ⟨Z⟩", "-0.0100"),
        ("its root mean square", "–"),
    ]


def test_noise_is_told_as_executed(tmp_path: Path) -> None:
    table = points({"noise.p": [0.01, 0.02], "seed": [0]}).assign(evaluation_key=["1" * 12, "2" * 12])
    records = [record(), evaluation(), evaluation("2" * 12, noise={"name": "depolarizing", "p": 0.02, "p2": None})]
    page = write(tmp_path, table, ["noise.p", "seed"], records)
    assert "depolarizing: p 0.01 24 depolarizing" not in page.text  # what was inserted is the same for both
    assert "inserted 24 depolarizing" in page.text
    assert "depolarizing: p 0.02" in page.text
    assert "-0.0100" in page.text
    assert "name: depolarizing p: 'varies: 0.01, 0.02'" in page.text


def test_the_circuit_of_the_first_point_is_drawn(tmp_path: Path) -> None:
    folder = tmp_path / "outputs" / "sweeps" / "made-up-0"
    asked: list[Path] = []

    def draw(run: Path) -> str:
        asked.append(run)
        return "q_0: ─■─<x>"

    table = qubits()
    page = write(folder, table, QUBITS, [record(table["train_key"][1])], draw=draw)
    assert asked == [tmp_path / "outputs" / table["run"][1]]
    assert "The circuit at head.n_qubits = 4, seed = 1." in page.text
    assert "q_0: ─■─<x>" in page.text
    assert "two qubit gates 4" in page.text


@pytest.mark.parametrize("key", ["head", "a<b>|_%key"])
def test_everything_is_escaped_everywhere(key: str, tmp_path: Path) -> None:
    table = points({key: [HOSTILE, "plain"], "lr": [0.1, 0.2], "seed": [0, 1]})
    table = fail(table, 0, HOSTILE)
    hostile = record(dataset=record()["dataset"] | {"name": HOSTILE, "classes": [HOSTILE]})
    page = write(tmp_path, table, [key, "lr", "seed"], [hostile], title=HOSTILE, draw=lambda run: HOSTILE)
    assert page.loads == []
    assert not any(tag == "script" for tag, _ in page.tags)
    assert page.text.count(HOSTILE) > 10
    assert "<script>" not in (tmp_path / "results.md").read_text()
    assert "<script>" not in (tmp_path / "figure.svg").read_text()
    assert r"\textless{}script\textgreater{}" in (tmp_path / "results.tex").read_text()


def test_a_thousand_points_are_quick(tmp_path: Path) -> None:
    """Processor seconds: the machine may be busy with other things."""
    axes: dict[str, list[Any]] = {
        "head.n_qubits": [2, 4, 6, 8, 10],
        "head": ["vqc", "mlp"],
        "noise.p": [0, 0.001, 0.003, 0.01, 0.03],
        "dataset": ["digits", "mnist", "fashion_mnist", "quantum_dot"],
        "seed": [0, 1, 2, 3, 4],
    }
    table = points(axes)
    records = [record(key) for key in table["train_key"]]
    write(tmp_path / "warm", qubits(), QUBITS)
    before = time.process_time()
    write_sweep(tmp_path, table, list(axes), title="large", request={}, records=lambda: records)
    assert time.process_time() - before < 3.0
    assert len(table) == 1000
    assert "All 1000 points" in Page((tmp_path / "report.html").read_bytes()).text


def test_a_full_disk_leaves_the_old_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, qubits(), QUBITS)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(qlab.reports.sweep, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        write(tmp_path, qubits(2), QUBITS)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
