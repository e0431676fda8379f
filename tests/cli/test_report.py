"""``qlab report``: one page for a run or a sweep, found by any of its names."""

from __future__ import annotations

import json
from pathlib import Path

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


def test_results_elsewhere_are_found(qlab: Qlab, workplace: Path) -> None:
    run = json.loads(qlab("train", *SMALL, "head=linear", "output_dir=elsewhere", "--json").out)
    answer = qlab("report", run["record"]["key"][:6], "output_dir=elsewhere")
    assert answer.code == 0, answer.err
    assert (workplace / "elsewhere" / "runs" / Path(run["path"]).name / "report.html").is_file()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("nothing",), "unknown run or sweep 'nothing'"),
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
