"""A sweep in this process: what is trained and evaluated, what is found, what stands in the table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pytest
import yaml

from qlab.config.grid import grid
from qlab.errors import RequestError
from qlab.jobs.sweep import sweep
from qlab.jobs.sweep.plan import check
from qlab.jobs.sweep.points import check_points
from qlab.jobs.sweep.request import Request
from qlab.jobs.sweep.task import evaluations
from qlab.launchers.base import Launcher, Work
from tests.jobs.sweep.small import DIVERGES, SMALL, TIMES, UNSTEADY, evaluated, run, trained, without_times

NOISE = ("noise=depolarizing", "noise.p=0,0.001,0.01,0.05,0.2", "seed=range(3)")


def test_a_noise_sweep_trains_once_for_each_seed(workplace: Path) -> None:
    swept = run(*NOISE)
    assert swept.counts == {"done": 15}
    assert len(trained(swept.path)) == 3
    assert set(trained(swept.path).values()) == {1}
    assert len(evaluated(swept.path)) == 15
    assert swept.table["train_key"].nunique() == 3
    assert swept.table["evaluation_key"].nunique() == 5
    assert len(list((workplace / "outputs/runs").glob("*/result.json"))) == 3
    noiseless, noisiest = (swept.table[swept.table["noise.p"] == p]["cross_entropy"] for p in (0, 0.2))
    assert (noiseless.to_numpy() != noisiest.to_numpy()).all()


def test_the_table_says_what_the_records_say(workplace: Path) -> None:
    swept = run("head.n_qubits=3,4", "seed=0,1")
    table = swept.table
    assert list(table.columns[:4]) == ["head.n_qubits", "seed", "status", "n"]
    assert list(table.columns[-len(TIMES) :]) == TIMES
    assert table[["head.n_qubits", "seed"]].to_numpy().tolist() == [[3, 0], [3, 1], [4, 0], [4, 1]]
    import qlab

    for row in table.to_dict("records"):
        found = qlab.load(workplace / "outputs" / row["run"]).record
        assert (row["accuracy"], row["n"]) == (found.metrics["accuracy"], 40)
        assert row["val_accuracy"] == found.val_metrics["accuracy"]
        assert (row["trainable"], row["train_key"]) == (found.parameters["trainable"], found.key)
        assert (row["error"], row["log"], row["evaluation_key"]) == ("", "", "")
        assert row["finished"] == found.finished
        assert (row["quantum"], row["epochs"], row["convolution_flops"]) == (found.parameters["quantum"], 2, 0)
        assert row["quantum"] > 0
        epochs = found.training["epoch_seconds"]
        assert (row["epoch_first"], row["epoch_median"]) == (epochs["first"], epochs["median"])
        assert (row["cpu_seconds"], row["peak_memory_mib"]) == (found.training["cpu_seconds"], found.peak_memory_mib)
        assert row["denormal_share"] == found.training["denormal_share"]
    written = pd.read_csv(swept.path / "results.csv")
    assert written["accuracy"].tolist() == table["accuracy"].tolist()


def test_records_of_older_code_leave_cells_empty(workplace: Path) -> None:
    run("seed=0,1")
    for path in (workplace / "outputs/runs").glob("*/result.json"):
        record = json.loads(path.read_text())
        for name in ("epoch_seconds", "cpu_seconds", "convolution_flops", "denormal_share"):
            del record["training"][name]
        path.write_text(json.dumps(record))
    table = run("seed=0,1").table
    assert set(table["status"]) == {"done"}
    assert table[[*TIMES[:4], "convolution_flops", "denormal_share"]].isna().all(axis=None)
    assert table["quantum"].notna().all()


def test_the_same_points_in_other_words_are_the_same_sweep(workplace: Path) -> None:
    first = run("seed=0,1", "head.n_qubits=3,4")
    results = {path: path.stat().st_mtime_ns for path in (workplace / "outputs/runs").glob("*/result.json")}
    again = run("head.n_qubits=choice(3,4)", "seed=range(2)")
    assert again.path == first.path
    assert again.keys == ("head.n_qubits", "seed")
    assert results == {path: path.stat().st_mtime_ns for path in (workplace / "outputs/runs").glob("*/result.json")}
    assert yaml.safe_load((first.path / "sweep.yaml").read_text())["sweep"] == {"head.n_qubits": [3, 4], "seed": [0, 1]}


def test_a_larger_sweep_finds_the_points_of_a_smaller_one(workplace: Path) -> None:
    run("seed=0,1")
    larger = run("seed=range(3)")
    assert trained(larger.path) == {larger.table["train_key"][2]: 1}


def test_a_point_said_twice_is_one(workplace: Path) -> None:
    points = check_points(grid([*SMALL, "trainer.lr=0.01,1e-2,0.010", "seed=0,0,1"]))
    assert [dict(point.values) for point in points] == [{"trainer.lr": 0.01, "seed": seed} for seed in (0, 1)]


def test_points_that_are_computed_alike_have_a_row_each(workplace: Path) -> None:
    words = ("noise=none,depolarizing", "backend.simulation=density,trajectories", "seed=0,1")
    planned = check(Request.of_words([*SMALL, *words]))
    assert (len(planned.points), planned.sharing) == (8, 4)
    swept = run(*words)
    noises, simulations = ["none"] * 4 + ["depolarizing"] * 4, (["density"] * 2 + ["trajectories"] * 2) * 2
    assert swept.table["noise"].tolist() == noises
    assert swept.table["backend.simulation"].tolist() == simulations
    assert swept.table["seed"].tolist() == [0, 1] * 4
    assert swept.counts == {"done": 8}
    accuracy = swept.table["accuracy"].tolist()
    assert accuracy[:2] == accuracy[2:4]
    assert swept.table["evaluation_key"].tolist()[:4] == [""] * 4
    assert set(trained(swept.path).values()) == {1}
    assert list(evaluated(swept.path).values()) == [1] * 4


def test_evaluations_that_are_alike_are_computed_once(workplace: Path) -> None:
    swept = run("noise=bit_flip", "backend.simulation=density", "backend.trajectories=100,200")
    assert swept.table["backend.trajectories"].tolist() == [100, 200]
    assert swept.table["evaluation_key"].nunique() == len(evaluated(swept.path))
    assert set(evaluated(swept.path).values()) == {1}


def test_a_point_that_fails_costs_no_other(workplace: Path) -> None:
    swept = run(*DIVERGES, "seed=0,1", "noise=bit_flip")
    table = swept.table
    assert table["status"].tolist() == ["done", "done", "diverged", "diverged"]
    assert table["error"].str.contains("the loss in epoch 1").tolist() == [
        False,
        False,
        True,
        True,
    ]
    log = swept.path / table["log"][2]
    assert "DivergedError" in log.read_text()
    assert "Traceback" in log.read_text()
    assert table["accuracy"].isna().tolist() == [False, False, True, True]


def test_what_failed_is_left_alone_until_it_is_asked_for(workplace: Path) -> None:
    first = run(*DIVERGES, "seed=0,1")
    assert first.table["status"].tolist() == ["done", "done", "diverged", "diverged"]
    (log,) = {first.path / first.table["log"][2]}
    length = len(log.read_text())
    again = run(*DIVERGES, "seed=0,1")
    assert again.table["error"].tolist() == first.table["error"].tolist()
    assert len(log.read_text()) == length
    assert without_times(again.path) == without_times(first.path)
    run(*DIVERGES, "seed=0,1", rerun_failed=True)
    assert len(log.read_text()) > length
    assert sorted(trained(first.path).values()) == [0, 0, 1, 1]


def test_fail_fast_begins_nothing_more(workplace: Path) -> None:
    words = (*UNSTEADY, "trainer.weight_decay=1e6,0", "seed=0,1")
    assert run(*words, fail_fast=True).table["status"].tolist() == ["diverged", "not run", "not run", "not run"]
    assert run(*words).counts == {"done": 2, "diverged": 2}


def test_force_computes_everything_again_and_the_same(workplace: Path) -> None:
    first = run("noise=bit_flip", "noise.p=0.01,0.1")
    text = without_times(first.path)
    again = run("noise=bit_flip", "noise.p=0.01,0.1", force=True)
    assert set(trained(first.path).values()) == {2}
    assert set(evaluated(first.path).values()) == {2}
    assert without_times(again.path) == text


def test_pairs_and_choices_of_components(workplace: Path) -> None:
    words = ("encoder=pca,fft_pca", "head.ansatz=ring,chain", "encoder.n_features=3")
    swept = run(*words, paired=("encoder,head.ansatz",))
    assert swept.table[["encoder", "head.ansatz"]].to_numpy().tolist() == [["pca", "ring"], ["fft_pca", "chain"]]
    assert swept.counts == {"done": 2}
    assert swept.path.name.startswith("digits-vqc-")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["head.n_qubits=3,0"], "at head.n_qubits=0: head.n_qubits=0 is out of range"),
        (["head.qbits=3,4"], "at head.qbits=3: unknown option 'head.qbits'; did you mean 'head.n_qubits'?"),
        (["head=vqc,vqx"], "at head=vqx: unknown head 'vqx'; did you mean 'vqc'?"),
        (["head.ansatz=ring,rong"], "at head.ansatz=rong"),
        (
            ["noise=depolarizing", "noise.gates=[CNOT],[CZ]"],
            "at noise.gates=[CZ]: the noise model depolarizing follows CZ",
        ),
        (["backend=engine,aer"], "at backend=aer: the backend aer has no gradient"),
    ],
)
def test_a_wrong_point_is_named_before_anything_runs(words: list[str], message: str, workplace: Path) -> None:
    with pytest.raises(RequestError) as raised:
        run(*words)
    assert str(raised.value).startswith(message)
    assert raised.value.exit_code == 2
    assert list(workplace.iterdir()) == []


def test_a_recipe_that_sweeps(workplace: Path) -> None:
    (workplace / "experiments").mkdir()
    (workplace / "experiments" / "mine.yaml").write_text(
        "name: mine\nsweep: {seed: range(2), head.ansatz: 'ring,chain'}\n"
    )
    swept = run("experiment=mine", "head.ansatz=tree")
    assert swept.keys == ("seed",)
    assert swept.path.name.startswith("mine-")
    assert set(swept.table["run"].str[:10]) == {"runs/mine-"}


@pytest.mark.parametrize(("launcher", "counts"), [("serial", True), ("joblib", False)])
def test_a_sweep_dies_of_its_points_where_it_runs_them_itself(
    launcher: str, counts: bool, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def launch(
        launcher: Launcher, work: Work, arguments: Sequence[str], *more: object, **flags: bool
    ) -> Iterator[None]:
        asked.extend(json.loads(argument)["in_process"] for argument in arguments)
        yield from ()

    monkeypatch.setattr(sweep, "launch", launch)
    run("seed=0,1", f"launcher={launcher}")
    assert asked == [counts, counts]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"whole"], ids=["empty", "cut", "list", "half"])
def test_a_damaged_record_is_computed_again(content: bytes, workplace: Path) -> None:
    words = ("seed=0,1", "noise=bit_flip", "noise.p=0.01,0.1")
    first = run(*words)
    text = without_times(first.path)
    record = workplace / "outputs" / first.table["run"][0]
    for damaged in (record / "result.json", record / "evaluations" / f"{first.table['evaluation_key'][0]}.json"):
        was_trained, was_evaluated = sum(trained(first.path).values()), sum(evaluated(first.path).values())
        damaged.write_bytes(damaged.read_bytes()[:50] if content == b"whole" else content)
        checked = check(Request.of_words([*SMALL, *words]))
        assert sum(not checked.runs().is_done(task) for task in evaluations(checked.points)) in (1, 2)
        assert run(*words).counts == {"done": 4}
        assert without_times(first.path) == text
        is_training = damaged.name == "result.json"
        assert sum(trained(first.path).values()) == was_trained + is_training
        assert sum(evaluated(first.path).values()) == was_evaluated + (2 if is_training else 1)
