"""``qlab diagnose``: what it prints and writes, and one line for whatever it cannot do."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qlab.cli.completion import complete
from qlab.cli.main import app
from tests.conftest import Qlab

WORDS = ("diagnose", "head.n_qubits=2,3,4", "head.n_layers=2", "samples=20")
WRONG = {
    "classical head": (("head=linear",), "head=linear has no circuit"),
    "matched head": (("head=mlp",), "head=mlp has no circuit"),
    "ablation without a circuit": (("head.layer=linear",), "has no circuit"),
    "name": (("smaples=100",), "unknown option 'smaples'; did you mean 'samples'?"),
    "name of a training": (("sed=3",), "unknown option 'sed'; did you mean 'seed'?"),
    "key": (("head.qbits=3",), "unknown option 'head.qbits'; did you mean 'head.n_qubits'?"),
    "ansatz": (("head.ansatz=ring,rng",), "unknown ansatz 'rng'; did you mean 'ring'?"),
    "head": (("head=vqx",), "unknown head 'vqx'; did you mean 'vqc'?"),
    "recipe": (("-e", "lego_quantum_dt"), "did you mean 'lego_quantum_dot'?"),
    "too few": (("samples=5",), "samples=5 is out of range: it must be at least 10"),
    "bins": (("bins=1",), "bins=1 is out of range: it must be at least 2"),
    "binning": (("binning=har",), "binning=har is not one of haar, width; did you mean 'haar'?"),
    "several samples": (("samples=100,200",), "samples=100,200: one value is wanted here"),
    "sweep of something else": (("trainer.lr=0.1,0.2",), "diagnostics sweep the head and the seed only"),
    "swept head that is wrong": (("head.n_qubits=4,40",), "at head.n_qubits=40: head.n_qubits=40 is out of range"),
    "launcher": (("launcher=joblib",), "only sweeps have a launcher"),
    "place": (("output_dir=/dev/null/x",), "output_dir=/dev/null/x cannot be written to"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_request_is_one_line(kind: str, qlab: Qlab, workplace: Path) -> None:
    words, expected = WRONG[kind]
    answer = qlab("diagnose", *words)
    assert answer.code == 2
    assert answer.out == ""
    errors = [line for line in answer.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert expected in errors[0]
    assert not (workplace / "outputs").exists()


def test_json_and_files(qlab: Qlab) -> None:
    answer = qlab(*WORDS, "--json")
    assert answer.code == 0, answer.err
    document = json.loads(answer.out)
    assert [point["n_qubits"] for point in document["points"]] == [2, 3, 4]
    assert len(document["fits"]) == 8
    assert (document["found"], document["made_by_other_code"]) == (False, None)
    folder = Path(document["path"])
    assert folder.parent == Path("outputs/diagnostics")
    assert {path.name for path in folder.iterdir()} == {
        "result.json", "table.csv", "table.md", "figure.svg", "report.html"
    }  # fmt: skip
    rows = list(csv.DictReader((folder / "table.csv").read_text().splitlines()))
    assert [row["head.n_qubits"] for row in rows] == ["2", "3", "4"]
    first = document["points"][0]
    assert float(rows[0]["kl"]) == first["expressibility"]["divergence"]
    assert float(rows[0]["variance_local_uniform_parameter"]) == first["gradients"][0]["parameter"]["value"]
    stored = json.loads((folder / "result.json").read_text())
    assert stored == {key: value for key, value in document.items() if key in stored}
    page = (folder / "report.html").read_text()
    assert "qlab diagnose head.n_qubits=2,3,4 head.n_layers=2 samples=20" in page
    assert "<svg" in page


def test_tables_for_people(qlab: Qlab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    answer = qlab(*WORDS)
    assert answer.code == 0, answer.err
    for text in ("KL to Haar", "Meyer-Wallach", "by one parameter", "per qubit", "the first RY of qubit 0", "written"):
        assert text in answer.out
    again = qlab(*WORDS)
    assert again.out == answer.out.replace("written: ", "found: ")


def test_a_repeated_command_finds_its_result_and_force_computes_it(qlab: Qlab) -> None:
    first = json.loads(qlab(*WORDS, "--json").out)
    again = json.loads(qlab(*WORDS, "--json").out)
    assert again == first | {"found": True}
    forced = json.loads(qlab(*WORDS, "--json", "--force").out)
    assert (forced["found"], forced["points"]) == (False, first["points"])
    assert json.loads(qlab(*WORDS[:-1], "samples=21", "--json").out)["path"] != first["path"]


def test_a_result_is_found_without_pytorch(qlab: Qlab) -> None:
    assert qlab(*WORDS).code == 0
    code = f"import sys; from qlab.cli.main import run; run({WORDS!r}); print(sorted({{'torch'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_ctrl_c_leaves_no_result(workplace: Path) -> None:
    command = [sys.executable, "-m", "qlab", "diagnose", "head.n_qubits=16", "samples=1000"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    assert process.stderr is not None
    assert "this takes about" in process.stderr.readline()
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert err.splitlines()[-1] == "error: interrupted"
    assert not list(workplace.rglob("result.json"))


def test_words_are_completed(workplace: Path) -> None:
    assert complete(app, "qlab diagnose sam") == ["samples="]
    assert complete(app, "qlab diagnose samples=10 head.n_qu") == ["head.n_qubits="]
    assert complete(app, "qlab diag") == ["diagnose"]
