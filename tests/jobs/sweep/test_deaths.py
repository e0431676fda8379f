"""Points that raise, exit, or take too much: all others are done, and the table says which and why."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.jobs.sweep.plugin import install
from tests.jobs.sweep.process import finish, start, sweep_folder
from tests.jobs.sweep.small import without_times

ALL = ("head=bad", "head.how=exit,not,raise,memory,sys.exit", "seed=0,1")


@pytest.fixture
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where the badly behaved head is installed."""
    return install(tmp_path_factory.mktemp("site"))


def table(folder: Path) -> pd.DataFrame:
    return pd.read_csv(sweep_folder(folder) / "results.csv", keep_default_na=False)


@pytest.mark.slow
def test_workers_that_die_cost_no_other_point(environment: dict[str, str], tmp_path: Path) -> None:
    code, out, err = finish(start(tmp_path, *ALL, "launcher=joblib", "launcher.workers=2", environment=environment))
    assert code == 1, err
    found = table(tmp_path)
    assert found["status"].tolist() == ["lost"] * 2 + ["done"] * 2 + ["failed"] * 6
    assert found["error"].str.contains("EXIT|7").tolist()[:2] == [True, True]
    assert found["error"].tolist()[4:] == [
        *["ValueError: bad on purpose"] * 2, *["not enough memory"] * 2, *["SystemExit: 3"] * 2
    ]  # fmt: skip
    for row in found[found["status"].isin(["lost", "failed"])].to_dict("records"):
        log = sweep_folder(tmp_path) / row["log"]
        assert ("Traceback" in log.read_text()) == (row["status"] == "failed")
        assert row["log"] in err
    assert err.splitlines()[-1] == "error: of 10 points: 6 failed, 2 lost; --rerun-failed tries again"
    assert "bad on purpose" in err
    text = without_times(sweep_folder(tmp_path))
    code, out, err = finish(start(tmp_path, *ALL, "--json", environment=environment))
    assert code == 1
    assert json.loads(out)["counts"] == {"failed": 6, "done": 2, "lost": 2}
    assert without_times(sweep_folder(tmp_path)) == text


@pytest.mark.slow
def test_in_process_the_others_come_first_and_three_deaths_are_enough(
    environment: dict[str, str], tmp_path: Path
) -> None:
    words = ("head=bad", "head.how=exit,not,raise")
    assert finish(start(tmp_path, *words, environment=environment))[0] == 7  # the first point took all with it
    assert not list(tmp_path.rglob("result.json"))
    for _ in range(2):
        assert finish(start(tmp_path, *words, environment=environment))[0] == 7
        assert len(list(tmp_path.rglob("result.json"))) == 1  # the others were first
    code, _, err = finish(start(tmp_path, *words, environment=environment))
    assert code == 1, err
    found = table(tmp_path)
    assert found["status"].tolist() == ["lost", "done", "failed"]
    assert found["error"][0] == "its process ended 3 times in the middle of it"
    assert finish(start(tmp_path, *words, "--rerun-failed", environment=environment))[0] == 7
