"""Two sweeps that share points, at the same time, in one output folder: nothing is computed twice, nothing is torn."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.jobs.sweep.process import finish, results, start
from tests.jobs.sweep.small import evaluated, trained

NOISY = ("noise=bit_flip", "trainer.epochs=10", "trainer.batch_size=4")


@pytest.mark.slow
@pytest.mark.parametrize("names", [("a", "a"), ("a", "b")], ids=["one name", "two names"])
def test_no_point_is_computed_twice(names: tuple[str, str], tmp_path: Path) -> None:
    words = (("seed=0,1,2", "noise.p=0.01,0.1"), ("seed=2,1,0,3", "noise.p=0.1,0.2"))
    both = [start(tmp_path, *NOISY, *own, f"name={name}") for own, name in zip(words, names, strict=True)]
    for code, _, err in map(finish, both):
        assert code == 0, err
    folders = sorted((tmp_path / "outputs" / "sweeps").iterdir())
    assert len(folders) == 2
    trainings = [log for folder in folders for log, times in trained(folder).items() for _ in range(times)]
    assert len(trainings) == len(set(trainings)) == 4
    evaluations = [log for folder in folders for log, times in evaluated(folder).items() for _ in range(times)]
    assert len(evaluations) == len(set(evaluations)) == 3 * 2 + 4 + 1
    assert len(results(tmp_path)) == 4 + 11
    for file in tmp_path.rglob("*.json"):
        json.loads(file.read_text())
    tables = [pd.read_csv(folder / "results.csv", keep_default_na=False) for folder in folders]
    shared = [table[table["noise.p"].eq(0.1) & table["seed"].lt(3)].sort_values("seed") for table in tables]
    assert shared[0]["finished"].tolist() == shared[1]["finished"].tolist()


@pytest.mark.slow
def test_the_same_sweep_twice(tmp_path: Path) -> None:
    words = (*NOISY, "seed=0,1", "noise.p=0.01,0.1")
    both = [start(tmp_path, *words), start(tmp_path, *words)]
    for code, _, err in map(finish, both):
        assert code == 0, err
    (folder,) = (tmp_path / "outputs" / "sweeps").iterdir()
    assert set(trained(folder).values()) == set(evaluated(folder).values()) == {1}
    assert not list((folder / "points").glob("*.json"))
