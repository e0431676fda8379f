"""The page of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qlab.errors import CorruptFileError
from qlab.records.store import RunFolder
from qlab.reports.run import write_run_page
from tests.reports.made_up import ENVIRONMENT, evaluation, metrics, record
from tests.reports.made_up_attack import made_up as attack
from tests.reports.pages import Page

HISTORY = "epoch,lr,train_loss,val_loss,val_accuracy\n1,0.01,0.9,0.95,0.6\n2,0.01,0.7,0.8,0.7\n"


def run(root: Path, *evaluations: dict[str, Any], **changes: Any) -> RunFolder:
    folder = RunFolder(root / "outputs" / "runs" / f"made-up-{'0' * 12}")
    folder.evaluations.mkdir(parents=True)
    folder.result.write_text(json.dumps(record(**changes)))
    folder.history.write_text(HISTORY)
    for one in evaluations:
        folder.evaluation(one["key"]).write_text(json.dumps(one))
    return folder


def page_of(folder: RunFolder, drawing: str | None = None) -> Page:
    write_run_page(folder, drawing)
    return Page(folder.report.read_bytes())


def test_a_page_tells_the_whole_run(tmp_path: Path) -> None:
    page = page_of(run(tmp_path), "q_0: ─■─")
    assert page.loads == []
    for part in (
        "digits (real data) · encoder pca · head vqc · seed 0",
        "test accuracy 0.7500 0.6500–0.8500, n = 40",
        "trainable parameters 82 of them quantum 72 of them classical 10 frozen numbers 256, in the encoder",
        "epochs 2, kept epoch 2",
        "training 0.7000, validation 0.8000",
        "training, forward 120",
        "q_0: ─■─",
        "two qubit gates 4",
        "commit 0123456789ab",
        "n_qubits: 4",
    ):
        assert part in page.text, part
    assert "Evaluations" not in page.text


def test_a_page_tells_what_training_took_as_far_as_it_is_known(tmp_path: Path) -> None:
    took = {
        "epoch_seconds": {"first": 2.5, "median": 0.125},
        "cpu_seconds": 3.25,
        "convolution_flops": 2032128,
        "denormal_share": 0.385,
    }
    known = {**record()["training"], **took}
    text = page_of(run(tmp_path / "new", training=known)).text
    for part in (
        "seconds of an epoch 0.125 in the median, 2.5 the first",
        "processor seconds 3.25 of all threads in training",
        "convolutions 2,032,128 floating-point operations forward for an example",
        "denormal weights 38.5 % of the trained ones that are not zero, at the end",
    ):
        assert part in text, part
    without = page_of(run(tmp_path / "none", training={**known, "convolution_flops": 0, "denormal_share": None})).text
    assert "seconds of an epoch" in without
    assert "convolutions" not in without
    assert "denormal" not in without
    assert "seconds of an epoch" not in page_of(run(tmp_path / "old")).text


def test_the_confusion_matrix_has_every_count_and_wilsons_intervals(tmp_path: Path) -> None:
    text = page_of(run(tmp_path)).text
    # 15 of 20: Wilson's interval is 0.531 to 0.888
    assert "zero one right zero 15 5 0.75 (0.53–0.89) one 5 15 0.75 (0.53–0.89)" in text


def test_evaluations_stand_beside_the_run_with_what_was_inserted(tmp_path: Path) -> None:
    shots = evaluation("2" * 12, noise={"name": "none"}, metrics=metrics(0.7), finished="2025-12-31T00:00:00+00:00")
    shots["execution"] = shots["execution"] | {"shots": 1000, "standard_error_mean": 0.03, "insertions": {}}
    text = page_of(run(tmp_path, evaluation(), shots)).text
    assert "none (the run itself) – 0.7500 0.6500–0.8500 – –" in text
    assert "none 1000 0.7000 0.6000–0.8000 -0.0500 5" in text
    assert "depolarizing: p 0.01 – 0.6500 0.5500–0.7500 -0.1000 5" in text
    assert text.index("none 1000") < text.index("depolarizing: p 0.01")  # in the order they were made
    assert "All: backend engine; split test." in text
    assert "none nothing 1000 0.0300" in text
    assert "depolarizing: p 0.01 24 depolarizing – –" in text


def test_evaluations_of_older_code_have_no_root_mean_square(tmp_path: Path) -> None:
    older = evaluation()
    older["execution"] = {name: value for name, value in older["execution"].items() if name != "shift_rms"}
    text = page_of(run(tmp_path, older)).text
    assert "shift of ⟨Z⟩ -0.0100." in text
    assert "shift of ⟨Z⟩ -0.0100; its root mean square 0.0200." in page_of(run(tmp_path / "now", evaluation())).text


def test_another_split_is_not_compared_with_the_test_split(tmp_path: Path) -> None:
    text = page_of(run(tmp_path, evaluation(split="train", changed_predictions=None))).text
    assert "depolarizing: p 0.01 train 0.6500 0.5500–0.7500 –" in text


def test_what_must_be_known_is_said(tmp_path: Path) -> None:
    other = evaluation(same_features=False, environment=ENVIRONMENT | {"commit": "f" * 16})
    folder = run(tmp_path, other)
    folder.evaluation("3" * 12).write_text("{")
    text = page_of(folder).text
    assert "not all made by the same code" in text
    assert "1 of 1 evaluation used features that are not bit for bit those of training." in text
    assert f"An evaluation is left out: {folder.evaluation('3' * 12)} is damaged" in text


def test_a_classical_head_has_no_circuit(tmp_path: Path) -> None:
    text = page_of(run(tmp_path, circuit=None)).text
    assert "Circuit" not in text
    assert "Confusion matrix" in text


def test_hostile_names_are_text(tmp_path: Path) -> None:
    hostile = "<script>x</script>&amp;"
    page = page_of(run(tmp_path, dataset=record()["dataset"] | {"classes": [hostile, "b"], "name": hostile}))
    assert not any(tag == "script" for tag, _ in page.tags)
    assert hostile in page.text


def test_damage_is_named(tmp_path: Path) -> None:
    folder = run(tmp_path)
    folder.history.write_text("")
    with pytest.raises(CorruptFileError, match=r"history\.csv is damaged or missing"):
        write_run_page(folder, None)
    assert not folder.report.exists()
    folder.result.write_text("{}")
    with pytest.raises(CorruptFileError, match=r"result\.json is damaged"):
        write_run_page(folder, None)


def test_attacks_stand_in_the_order_they_were_made_and_damaged_ones_are_named(tmp_path: Path) -> None:
    folder = run(tmp_path)
    assert "Attacks" not in page_of(folder).text
    for key, finished in (("a" * 12, "2026-02-02T00:00:00+00:00"), ("b" * 12, "2026-01-01T00:00:00+00:00")):
        path = folder.attacks / key / "result.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(attack("pgd") | {"finished": finished}))
    text = page_of(folder).text
    assert "8/255 0.600 (0.550–0.650)" in text
    assert "No sign of masked gradients" in text
    assert text.index("b" * 12) < text.index("a" * 12)
    path.write_text("{}")
    assert f"An attack is left out: {path} is damaged." in page_of(folder).text
