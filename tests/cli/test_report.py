"""``qlab report``: one page for a run or a sweep, found by any of its names."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from qlab.records.store import write_yaml
from qlab.reports.sweep import write_sweep
from tests.conftest import Qlab
from tests.reports.made_up import points, record
from tests.reports.pages import Page

SMALL = ("dataset=digits", "dataset.n_train=60", "dataset.n_val=30", "dataset.n_test=40", "trainer.epochs=1")


def test_a_run_is_reported_with_its_circuit_and_its_evaluations(qlab: Qlab, workplace: Path) -> None:
    run = json.loads(qlab("train", *SMALL, "head.n_qubits=4", "--json").out)
    noisy = json.loads(qlab("eval", run["path"], "noise=depolarizing", "noise.p=0.01", "--json").out)["record"]
    answer = qlab("report", run["record"]["key"])
    assert answer.code == 0, answer.err
    written = Path(answer.out.strip())
    assert written == Path(run["path"]) / "report.html"
    page = Page(written.read_bytes())
    assert page.loads == []
    assert f"test accuracy {run['record']['metrics']['accuracy']:.4f}" in page.text
    assert f"depolarizing: p 0.01 {noisy['metrics']['accuracy']:.4f}" in page.text
    assert "q_0: ┤ Ry(x[0]) ├" in page.text
    assert json.loads(qlab("report", str(written.parent), "--json").out) == {"path": str(written)}


def test_a_report_of_a_run_goes_when_the_run_is_made_anew(qlab: Qlab, workplace: Path) -> None:
    run = json.loads(qlab("train", *SMALL, "head=linear", "--json").out)
    report = Path(qlab("report", run["path"]).out.strip())
    assert "Circuit" not in Page(report.read_bytes()).text
    qlab("train", *SMALL, "head=linear", "--force")
    assert not report.exists()


def test_a_sweep_is_reported_anew_from_its_folder(qlab: Qlab, workplace: Path) -> None:
    folder = Path("outputs") / "sweeps" / "both-0123456789ab"
    table = points({"head.n_qubits": [4, 8], "seed": [0, 1]})
    request = {"overrides": ["head.n_qubits=4,8", "seed=0,1"], "paired": []}
    run = workplace / "outputs" / table["run"][0]
    run.mkdir(parents=True)
    (run / "result.json").write_text(json.dumps(record(table["train_key"][0])))
    records = [record(table["train_key"][0])]
    write_sweep(folder, table, ["head.n_qubits", "seed"], title="both", request=request, records=lambda: records)
    write_yaml(folder / "sweep.yaml", request)
    before = (folder / "report.html").read_bytes()
    (folder / "report.html").unlink()
    for name in ("both", "0123456789ab", str(folder)):
        answer = qlab("report", name)
        assert answer.code == 0, answer.err
        assert (folder / "report.html").read_bytes() == before
    assert Path(answer.out.strip()) == folder / "report.html"


@pytest.fixture
def swept(workplace: Path) -> Path:
    """A sweep of four points."""
    folder = workplace / "outputs" / "sweeps" / "both-0123456789ab"
    values = {"head.n_qubits": [4, 8], "seed": [0, 1]}
    request = {"overrides": [], "paired": [], "sweep": values, "points": 4}
    write_sweep(folder, points(values), list(values), title="both", request=request, records=list)
    write_yaml(folder / "sweep.yaml", request)
    return folder


def test_a_folder_that_is_where_one_stands_has_its_name(
    swept: Path, qlab: Qlab, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (swept / "report.html").read_bytes()
    (swept / "points").mkdir(exist_ok=True)
    for place, word in ((swept, "."), (swept / "points", "..")):
        (swept / "report.html").unlink()
        monkeypatch.chdir(place)
        answer = qlab("report", word)
        assert answer.code == 0, answer.err
        assert (swept / "report.html").read_bytes() == before


def _without_column(name: str) -> Callable[[str], str]:
    return lambda text: pd.read_csv(io.StringIO(text)).drop(columns=name).to_csv(index=False)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[:3],
        lambda text: text[: text.index("\n") - 20] + text[text.index("\n") :],
        lambda text: text[:-8],
        lambda text: text[: text.rindex("done")],
        lambda text: text[: text.rindex("\n", 0, -1) + 1],
        lambda text: text.replace("done", "dune", 1),
        *(_without_column(name) for name in ("seed", "status", "accuracy", "n", "run", "finished")),
    ],
)
def test_a_torn_table_is_named(damage: Callable[[str], str], swept: Path, qlab: Qlab) -> None:
    table = swept / "results.csv"
    table.write_text(damage(table.read_text()))
    answer = qlab("report", str(swept))
    assert answer.code == 1
    assert answer.err == f"error: {table} is damaged; repeat the sweep's command\n"


def test_a_damaged_request_of_a_sweep_says_to_repeat_it(swept: Path, qlab: Qlab) -> None:
    (swept / "sweep.yaml").write_text("overrides: [a")
    answer = qlab("report", str(swept))
    assert answer.code == 1
    assert answer.err == f"error: {swept / 'sweep.yaml'} is damaged; repeat the sweep's command\n"


def test_results_elsewhere_are_found(qlab: Qlab, workplace: Path) -> None:
    run = json.loads(qlab("train", *SMALL, "head=linear", "output_dir=elsewhere", "--json").out)
    answer = qlab("report", run["record"]["key"][:6], "output_dir=elsewhere")
    assert answer.code == 0, answer.err
    assert (workplace / "elsewhere" / "runs" / Path(run["path"]).name / "report.html").is_file()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("nothing",), "unknown run, sweep or comparison 'nothing'"),
        (("nothing", "output_dir=nowhere"), "output_dir=nowhere is not a folder"),
        (("nothing", "seed=3"), "only output_dir=DIR may follow PATH"),
        (("outputs/sweeps/begun-0",), "the sweep begun-0 has no table yet"),
        (("outputs/runs/begun-0",), "the run begun-0 is not finished"),
    ],
)
def test_a_wrong_request_is_one_line(words: tuple[str, ...], complaint: str, qlab: Qlab, workplace: Path) -> None:
    write_yaml(workplace / "outputs" / "sweeps" / "begun-0" / "sweep.yaml", {"overrides": []})
    write_yaml(workplace / "outputs" / "runs" / "begun-0" / "config.yaml", {"seed": 0})
    answer = qlab("report", *words)
    assert answer.code == 2
    assert answer.out == ""
    assert len(answer.err.splitlines()) == 1
    assert complaint in answer.err


def test_a_damaged_table_is_named(qlab: Qlab, workplace: Path) -> None:
    folder = workplace / "outputs" / "sweeps" / "broken-0"
    write_yaml(folder / "sweep.yaml", {"overrides": []})
    (folder / "results.csv").write_text("a,b\n1,2\n")
    answer = qlab("report", "broken-0")
    assert answer.code == 1
    assert "results.csv is damaged" in answer.err
    assert len(answer.err.splitlines()) == 1
