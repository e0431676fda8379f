"""A comparison from words to verdicts: what it writes, finds again, goes on with and counts."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import qlab
from qlab.errors import RequestError
from qlab.evaluation.statistics import paired
from qlab.jobs.compare import compare
from qlab.jobs.compare.compare import Compared
from qlab.jobs.compare.request import CompareRequest
from qlab.jobs.compare.scores import constant_score
from qlab.progress import Silent
from tests.jobs.sweep.small import SMALL


def run(*words: str) -> Compared:
    return compare.run(compare.check(CompareRequest.of_words([*SMALL, *words]), Silent()))


def scores(compared: Compared, twin: str, metric: str = "accuracy") -> list[float]:
    table = compared.table[compared.table["twin"] == twin].sort_values("seed")
    return [float(value) for value in table[metric]]


def test_the_numbers_are_those_of_single_runs(workplace: Path) -> None:
    compared = run("seeds=4", "twins=[linear,no_entanglers]")
    for twin, words in (("circuit", ()), ("no_entanglers", ("head.entanglers=false",))):
        alone = [qlab.train(*SMALL, *words, f"seed={seed}").metrics["accuracy"] for seed in range(4)]
        assert scores(compared, twin) == alone
    for row in compared.rows:
        expected = paired(scores(compared, "circuit"), scores(compared, row.comparison.twin))
        assert row.comparison.paired == expected
        assert row.comparison.comparisons == 2


def test_it_writes_what_it_found_and_finds_it_again(workplace: Path) -> None:
    first = run("seeds=3", "twins=[linear]")
    names = {path.name for path in first.path.iterdir() if path.is_file()}
    assert names >= {"comparison.yaml", "comparison.csv", "comparison.md", "results.csv", "figure.svg", "report.html"}
    table = pd.read_csv(first.path / "results.csv")
    assert len(table) == 6
    effort = ["epoch_first", "epoch_median", "cpu_seconds", "peak_memory_mib", "convolution_flops", "denormal_share"]
    assert table[effort].notna().all(axis=None)
    assert [value > 0 for value in table["quantum"]] == [True] * 3 + [False] * 3
    for name in ("comparison.md", "report.html"):
        assert "What training took" in (first.path / name).read_text()
    before = {path: path.read_bytes() for path in first.path.glob("*.csv")}
    runs = {path: path.stat().st_mtime_ns for path in workplace.glob("outputs/runs/*/result.json")}
    again = run("twins=[linear]", "seeds=3")
    assert again.path == first.path
    assert {path: path.read_bytes() for path in first.path.glob("*.csv")} == before
    assert {path: path.stat().st_mtime_ns for path in workplace.glob("outputs/runs/*/result.json")} == runs
    more = run("seeds=4", "twins=[linear]")
    assert more.path != first.path
    assert len(list(workplace.glob("outputs/runs/*/result.json"))) == len(runs) + 2


def test_diverged_seeds_count_and_are_no_failure(workplace: Path) -> None:
    diverging = ("trainer.optimizer=adamw", "trainer.weight_decay=1e6", "trainer.lr=1e6")
    compared = run("seeds=3", "twins=[linear,logistic]", *diverging)
    assert set(compared.table["status"]) == {"diverged", "done"}
    assert compared.missing == {}
    row = next(row.comparison for row in compared.rows if row.twin and row.comparison.twin == "logistic")
    constant = float(compared.table["majority_accuracy"].dropna().iloc[0])
    assert row.n == 3
    assert len(row.circuit.diverged) == 3
    assert row.circuit.mean == pytest.approx(constant)


def test_noise_acts_on_circuits_and_leaves_classical_twins_alone(workplace: Path) -> None:
    noisy = run("seeds=2", "twins=[linear,no_entanglers]", "noise=depolarizing", "noise.p=0.2", "backend.shots=20")
    keys = {str(twin): set(rows["evaluation_key"]) for twin, rows in noisy.table.groupby("twin")}
    assert keys["linear"] == {""}
    assert "" not in keys["circuit"] | keys["no_entanglers"]
    quiet = run("seeds=2", "twins=[linear]")
    assert scores(noisy, "linear") == scores(quiet, "linear")
    assert scores(noisy, "circuit") != scores(quiet, "circuit")


def test_tuning_gives_every_model_as_many_trials_and_takes_the_best_by_validation(workplace: Path) -> None:
    compared = run("seeds=2", "tune=3", "twins=[linear,logistic,neighbours]")
    tried = json.loads((compared.path / "tuning" / "points.json").read_text())
    assert len(tried) == 4 * 3
    for place, values in compared.tuned.items():
        twin = place.rpartition("twin=")[2]
        own = [row for row in tried if f"twin={twin} " in f"{row['point']} "]
        records = [json.loads((workplace / "outputs/runs" / row["run"] / "result.json").read_text()) for row in own]
        best = max(records, key=lambda r: (r["val_metrics"]["accuracy"], -r["val_metrics"]["cross_entropy"]))
        (key,) = values
        group, name = key.split(".")
        chosen = values[key]
        assert chosen == best["config"][group][name]
        used = qlab.load(best["key"]).record.config
        assert used[group][name] == chosen
    assert {next(iter(values)) for values in compared.tuned.values()} == {"trainer.lr", "head.C", "head.n_neighbours"}


def test_a_recipes_heads_and_seeds_are_not_settings(workplace: Path) -> None:
    folder = workplace / "experiments"
    folder.mkdir()
    (folder / "mine.yaml").write_text(
        "dataset: {n_train: 20}\n"
        "sweep: {head: [vqc, linear], seed: range(3), head.ansatz: [ring, chain]}\n"
        "compare: {twins: [linear], seeds: 2, metric: roc_auc}\n"
    )
    request = CompareRequest.of_words([*SMALL, "experiment=mine"])
    assert (request.options.twins, request.options.seeds, request.options.metric) == (["linear"], 2, "roc_auc")
    checked = compare.check(request, Silent())
    assert [dict(field.values) for field in checked.fields] == [{"head.ansatz": "ring"}, {"head.ansatz": "chain"}]
    assert CompareRequest.of_words([*SMALL, "experiment=mine", "seeds=5"]).options.seeds == 5
    compared = compare.run(checked)
    assert {row.comparison.comparisons for row in compared.rows} == {2}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["twins=[liner]"], "unknown twin 'liner'; did you mean 'linear'"),
        (["seeds=1"], "seeds=1 is out of range: it must be at least 2"),
        (["metric=f1"], "metric=f1 is not one of accuracy"),
        (["seed=0,1"], "a comparison has seeds of its own"),
        (["seeds=ten"], "seeds=ten: a whole number is wanted"),
        (["tune=-1"], "tune=-1 is out of range"),
        (["tune=1"], "tune=1 tries the config as it is and nothing else"),
        (["tune=2", "vary=[seed,dataset.split_seed]"], "other splits would test on what it has seen"),
        (["twins=[]"], "leaves nothing to compare with"),
        (["twins=[linear,linear]"], "twins: linear is named twice"),
        (["vary=[seed,seed]"], "vary: seed is named twice"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(words: list[str], message: str, workplace: Path) -> None:
    with pytest.raises(RequestError, match=message):
        run(*words)
    assert not list(workplace.glob("outputs/runs/*"))
    assert not list(workplace.glob("outputs/comparisons/*"))


@pytest.mark.parametrize(
    ("labels", "metric", "expected"),
    [
        ([0, 0, 0, 1], "accuracy", 0.75),
        ([0, 0, 0, 1], "balanced_accuracy", 0.5),
        ([0, 0, 0, 1], "roc_auc", 0.5),
        ([0, 0, 0, 1], "average_precision", 0.25),
        ([0, 1, 2, 2], "balanced_accuracy", 1 / 3),
        ([0, 1, 2, 2], "average_precision", 1 / 3),
    ],
)
def test_what_a_constant_answer_scores(labels: list[int], metric: str, expected: float) -> None:
    assert constant_score(np.array(labels), metric) == pytest.approx(expected)


def test_the_request_is_kept(workplace: Path) -> None:
    request = CompareRequest.of_words([*SMALL, "seeds=2", "twins=[linear]", "launcher=joblib"])
    assert request.points.launcher == ("launcher=joblib",)
    assert dataclasses.asdict(request.options)["vary"] == ["seed"]


def test_trials_see_neither_noise_nor_shots(workplace: Path) -> None:
    compared = run("seeds=2", "tune=2", "twins=[linear]", "noise=depolarizing", "backend.shots=10")
    tried = json.loads((compared.path / "tuning" / "points.json").read_text())
    assert {row["evaluation_key"] for row in tried} == {""}
    assert set(compared.table.loc[compared.table["twin"] == "circuit", "evaluation_key"]) != {""}
    assert any("Noise, shots and approximate gradients act on circuits only" in said for said in compared.remarks)


def test_neighbours_are_tried_with_different_numbers_that_there_are(workplace: Path) -> None:
    compared = run("seeds=2", "tune=7", "twins=[neighbours]", "dataset.n_train=20")
    tried = json.loads((compared.path / "tuning" / "points.json").read_text())
    keys = {row["train_key"] for row in tried if "twin=neighbours" in row["point"]}
    assert len(keys) == 7
    assert compared.missing == {}


def test_with_data_of_their_own_seeds_share_no_test_set(workplace: Path) -> None:
    words = [word for word in SMALL if not word.startswith("dataset=")]
    request = CompareRequest.of_words(
        [*words, "dataset=quantum_dot", "dataset.size=120", "dataset.resolution=8", "seeds=2", "twins=[linear]"]
    )
    varied = CompareRequest(request.points, dataclasses.replace(request.options, vary=["seed", "dataset.seed"]))
    known, unknown = (compare.run(compare.check(each, Silent())) for each in (request, varied))
    assert known.rows[0].comparison.test_set_error is not None
    assert unknown.rows[0].comparison.test_set_error is None
    assert known.path != unknown.path


def test_diverged_seeds_and_missing_ones_are_told_wherever_the_table_is(workplace: Path) -> None:
    compared = run(
        "seeds=3", "twins=[logistic]", "trainer.optimizer=adamw", "trainer.weight_decay=1e6", "trainer.lr=1e6"
    )
    for name in ("comparison.md", "comparison.tex"):
        assert "circuit 3 of 3" in (compared.path / name).read_text()
