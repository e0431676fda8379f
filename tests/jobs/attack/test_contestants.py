"""Attacks on the runs of a comparison: the same as on each alone, compared as the comparison compares."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import qlab as api
from qlab.config.compose import compose
from qlab.errors import CorruptFileError, JobError, OptionError, RequestError, UnknownNameError
from qlab.evaluation.statistics import paired
from qlab.jobs.attack import contestants
from qlab.jobs.attack.attack import Attack, attack
from qlab.jobs.attack.comparison import ComparisonFolder, find_attacked
from qlab.jobs.attack.contestants import AttackedComparison, attack_comparison
from qlab.jobs.attack.request import AttackRequest, attack_request
from qlab.jobs.compare import compare
from qlab.jobs.compare.request import CompareRequest
from qlab.jobs.run import Run
from qlab.progress import Silent
from tests.jobs.sweep.small import SMALL

QUICK = ("units=feature", "eps=[0.2,2]", "steps=3", "restarts=1", "queries=10")


def asked(*words: str) -> AttackRequest:
    return attack_request(compose("attack", [*QUICK, *words]))


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of a finished comparison, to be copied."""
    outputs = tmp_path_factory.mktemp("compared") / "outputs"
    words = [*SMALL, "seeds=3", "twins=[linear,neighbours]", f"output_dir={outputs}"]
    assert not compare.run(compare.check(CompareRequest.of_words(words), Silent())).missing
    return outputs


@pytest.fixture
def comparison(compared: Path, workplace: Path) -> ComparisonFolder:
    shutil.copytree(compared, workplace / "outputs")
    return found(workplace)


def found(workplace: Path) -> ComparisonFolder:
    (folder,) = (workplace / "outputs/comparisons").iterdir()
    comparison = find_attacked(workplace / "outputs", folder.name)
    assert isinstance(comparison, ComparisonFolder)
    return comparison


def accuracies(comparison: ComparisonFolder, model: str, name: str, place: int) -> list[float]:
    runs = [Run(comparison.run(entry.run)) for entry in comparison.entries if entry.model == model]
    return [float(attack(run, asked()).result[name][place]["accuracy"]) for run in runs]


def row(done: AttackedComparison, **wanted: Any) -> dict[str, Any]:
    (one,) = [row for row in done.result["rows"] if all(row[key] == value for key, value in wanted.items())]
    return dict(one)


def test_it_compares_what_attacks_on_each_run_leave(comparison: ComparisonFolder) -> None:
    done = attack_comparison(comparison, asked())
    rows = done.result["rows"]
    assert len(rows) == 1 + 4 * 2  # no attack, and three attacks and all together at two eps
    assert {one["comparisons"] for one in rows} == {len(rows)}
    for place, eps in enumerate((0.2, 2.0)):
        circuit, linear = (accuracies(comparison, model, "worst", place) for model in ("circuit", "linear"))
        one, expected = row(done, attack="worst", eps=eps, twin="linear"), paired(circuit, linear)
        assert one["circuit_mean"] == pytest.approx(np.mean(circuit))
        assert one["difference"] == pytest.approx(expected.difference)
        assert one["p"] == expected.p
        assert expected.student is not None
        assert one["difference_student_high"] == pytest.approx(expected.student.high)
    for result in done.result["runs"]:
        assert attack(Run(comparison.run(result["run"])), asked()).found
    clean = row(done, attack="none", eps=0.0, twin="linear")  # of all the test part, which is below the limit
    own = pd.read_csv(comparison.path / "comparison.csv").set_index("twin").loc["linear"]
    for name in ("circuit_mean", "twin_mean", "difference", "p", "test_set_error"):
        assert clean[name] == pytest.approx(own[name])


def test_files_and_what_is_left_out(comparison: ComparisonFolder) -> None:
    done = attack_comparison(comparison, asked("attacks=[pgd]"))
    assert {path.name for path in done.path.iterdir()} == {"result.json", "table.csv", "table.md", "figure.svg"}
    assert done.path.parent == comparison.path / "attacks"
    assert json.loads((done.path / "result.json").read_text()) == done.result
    assert list(done.result["left_out"]) == ["neighbours"]
    assert "has no gradient" in done.result["left_out"]["neighbours"]
    assert done.missing == 0
    text = (done.path / "table.md").read_text()
    assert "Left out: neighbours" in text
    assert "adjusted by Holm's method for all 3 comparisons" in text
    everyone = attack_comparison(comparison, asked("attacks=[square]"))  # which needs none
    assert everyone.result["left_out"] == {}
    assert {one["twin"] for one in everyone.result["rows"]} == {"linear", "neighbours"}


@pytest.mark.slow
def test_it_is_found_again_until_a_run_is_trained_again(comparison: ComparisonFolder, workplace: Path) -> None:
    first = attack_comparison(comparison, asked("attacks=[fgsm]"))
    again = attack_comparison(found(workplace), asked("attacks=[fgsm,fgsm]"))
    assert (first.found, again.found, again.path) == (False, True, first.path)
    forced = attack_comparison(comparison, asked("attacks=[fgsm]"), force=True)
    assert not forced.found
    assert forced.result["rows"] == first.result["rows"]
    api.train(*SMALL, "seed=1", force=True)
    other = attack_comparison(comparison, asked("attacks=[fgsm]"))
    assert not other.found
    assert other.result["rows"] == first.result["rows"]
    (first.path / "result.json").write_text("{")
    with pytest.raises(CorruptFileError, match="--force computes it again"):
        attack_comparison(comparison, asked("attacks=[fgsm]"))


def test_some_models(comparison: ComparisonFolder) -> None:
    done = attack_comparison(comparison, asked("attacks=[fgsm]", "models=[linear]"))
    assert {one["model"] for one in done.result["runs"]} == {"circuit", "linear"}
    assert attack_comparison(comparison, asked("attacks=[fgsm]", "models=[circuit,linear]")).found
    with pytest.raises(UnknownNameError, match="unknown model 'liner'; did you mean 'linear'"):
        attack_comparison(comparison, asked("models=[liner]"))
    with pytest.raises(OptionError, match="no model besides the circuit could be attacked"):
        attack_comparison(comparison, asked("attacks=[fgsm]", "models=[circuit]"))


def test_a_run_that_fails_costs_no_other(comparison: ComparisonFolder) -> None:
    lost = next(entry for entry in comparison.entries if entry.model == "linear" and entry.seed == 1)
    model = comparison.run(lost.run).model
    weights = model.read_bytes()
    model.write_bytes(b"damaged")
    done = attack_comparison(comparison, asked("attacks=[fgsm]"))
    assert [(one["model"], one["seed"]) for one in done.result["missing"]] == [("linear", 1)]
    assert "1 of 6 runs could not be attacked (linear, seed 1: " in done.what_is_missing()
    assert row(done, attack="fgsm", eps=2.0, twin="linear")["seeds"] == 2
    model.write_bytes(weights)
    healed = attack_comparison(comparison, asked("attacks=[fgsm]"))
    assert (healed.found, healed.missing) == (False, 0)
    assert row(healed, attack="fgsm", eps=2.0, twin="linear")["seeds"] == 3


def test_nothing_but_failures(comparison: ComparisonFolder) -> None:
    for entry in comparison.entries:
        comparison.run(entry.run).model.write_bytes(b"damaged")
    with pytest.raises(JobError, match=r"no circuit could be attacked \(circuit: "):
        attack_comparison(comparison, asked("attacks=[fgsm]"))
    assert not list(comparison.path.glob("attacks/*/*"))


@pytest.mark.slow
def test_an_interruption_costs_nothing_but_time(comparison: ComparisonFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    attacked: list[str] = []

    def interrupted(run: Run, *rest: Any, **more: Any) -> Attack:
        if len(attacked) == 4:
            raise KeyboardInterrupt
        attacked.append(run.path.name)
        return attack(run, *rest, **more)

    monkeypatch.setattr(contestants, "attack", interrupted)
    with pytest.raises(KeyboardInterrupt):
        attack_comparison(comparison, asked())
    assert not list(comparison.path.glob("attacks/*/*"))
    monkeypatch.undo()
    done = attack_comparison(comparison, asked())
    assert attack_comparison(comparison, asked(), force=True).result["rows"] == done.result["rows"]


def test_a_seed_that_diverged_counts_as_a_constant_answer(comparison: ComparisonFolder, workplace: Path) -> None:
    rewrite(comparison.path / "results.csv", seed="2", twin="linear", status="diverged", run="")
    done = attack_comparison(found(workplace), asked("attacks=[fgsm]"))
    one = row(done, attack="fgsm", eps=2.0, twin="linear")
    labels = Run(comparison.run(comparison.entries[0].run)).predictions["test_label"]
    constant = float(np.bincount(labels).max() / len(labels))
    kept = [accuracies_of(comparison, entry.run) for entry in comparison.entries[3:5]]
    assert (one["seeds"], one["twin_diverged"]) == (3, 1)
    assert one["twin_mean"] == pytest.approx(np.mean([*kept, constant]))


def accuracies_of(comparison: ComparisonFolder, run: str) -> float:
    result = attack(Run(comparison.run(run)), asked("attacks=[fgsm]")).result
    return float(result["curves"]["fgsm"][1]["accuracy"])


def rewrite(path: Path, *, seed: str, twin: str, **changes: str) -> None:
    """Change the row of a run in the table of a comparison."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for one in rows:
        if (one["seed"], one["twin"]) == (seed, twin):
            one.update(changes)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_a_comparison_that_is_not_finished_or_damaged(comparison: ComparisonFolder, workplace: Path) -> None:
    table = comparison.path / "results.csv"
    rewrite(table, seed="2", twin="linear", status="not run", run="")
    with pytest.raises(RequestError, match="is not finished; repeat its command"):
        found(workplace)
    rewrite(table, seed="2", twin="linear", status="failed", run="")
    done = attack_comparison(found(workplace), asked("attacks=[fgsm]"))
    assert [one["reason"] for one in done.result["missing"]] == ["its training is failed"]
    table.write_text("twin,seed\n")
    with pytest.raises(CorruptFileError, match="repeat the comparison's command"):
        found(workplace)
    table.unlink()
    with pytest.raises(RequestError, match="has no table yet"):
        found(workplace)


def test_what_does_not_fit_is_refused_at_the_circuit(comparison: ComparisonFolder) -> None:
    with pytest.raises(OptionError, match="units=feature attacks the features"):
        attack_comparison(comparison, asked("units=pixel"))
    with pytest.raises(OptionError, match="twin: transfer is from one run to another"):
        attack_comparison(comparison, asked("twin=small"))


@pytest.mark.slow
def test_the_published_attacks_have_rows_where_all_normalise(workplace: Path) -> None:
    cnn = ("encoder=cnn", "encoder.widths=[4]", "encoder.pools=1", "encoder.grid=2", "encoder.hidden=8",
           "encoder.n_features=3", "encoder.mean=[0.3]", "encoder.std=[0.4]")  # fmt: skip
    words = [*SMALL, *cnn, "seeds=2", "twins=[linear]", "vary=[seed,dataset.split_seed]", "head.n_layers=1,2"]
    compare.run(compare.check(CompareRequest.of_words(words), Silent()))
    done = attack_comparison(found(workplace), asked("units=pixel", "eps=[0.1]"))
    published = [(one["attack"], one["head.n_layers"], one["eps"]) for one in done.result["rows"]][-4:]
    names = ("published_clamp", "published_pgd", "normalised_pgd", "pixel_pgd")
    assert published == [(name, "2", None) for name in names]
    assert {one["test_set_error"] for one in done.result["rows"]} == {None}  # test parts differ from seed to seed
