"""Kill -9 in the middle; the same command then runs only what is missing, and ends with the same table."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.jobs.sweep.process import finish, results, start, sweep_folder, wait_until
from tests.jobs.sweep.small import evaluated, trained, without_times

pytestmark = pytest.mark.slow
POINTS = ("seed=range(4)", "noise=bit_flip", "noise.p=0.01,0.1", "trainer.epochs=30", "trainer.batch_size=4")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    code, _, err = finish(start(folder, *POINTS))
    assert code == 0, err
    return folder


@pytest.mark.parametrize("launcher", [(), ("launcher=joblib", "launcher.workers=2")], ids=["in process", "joblib"])
def test_the_repeated_command_runs_only_what_is_missing(launcher: tuple[str, ...], whole: Path, tmp_path: Path) -> None:
    process = start(tmp_path, *POINTS, *launcher)
    wait_until(lambda: len(results(tmp_path)) >= 2 and _is_training(tmp_path), process)
    process.send_signal(signal.SIGKILL)
    assert finish(process)[0] == -signal.SIGKILL
    done = results(tmp_path)
    assert 2 <= len(done) < 12
    assert not list(tmp_path.rglob("results.csv"))
    code, _, err = finish(start(tmp_path, *POINTS, *launcher))
    assert code == 0, err
    after = results(tmp_path)
    assert len(after) == 12
    assert {path: after[path] for path in done} == done
    assert without_times(sweep_folder(tmp_path)) == without_times(sweep_folder(whole))
    assert set(evaluated(sweep_folder(tmp_path)).values()) == {1}
    assert not list(tmp_path.glob("outputs/runs/*/*.tmp"))
    assert not list((sweep_folder(tmp_path) / "points").glob("*.json"))


def test_twice_killed_and_once_interrupted(whole: Path, tmp_path: Path) -> None:
    for number, sign in enumerate((signal.SIGKILL, signal.SIGINT, signal.SIGKILL)):
        process = start(tmp_path, *POINTS)
        wait_until(lambda number=number: len(results(tmp_path)) > number and _is_training(tmp_path), process)  # type: ignore[misc]
        process.send_signal(sign)
        code, _, err = finish(process)
        if sign == signal.SIGINT:
            assert code == 130, err
            assert err.splitlines()[-1] == "error: interrupted; repeat the command to go on"
            assert "Traceback" not in err
            statuses = [line.split(",")[2] for line in without_times(sweep_folder(tmp_path)).splitlines()[1:]]
            assert set(statuses) == {"not run"}  # evaluations come later
    assert finish(start(tmp_path, *POINTS))[0] == 0
    assert without_times(sweep_folder(tmp_path)) == without_times(sweep_folder(whole))
    assert max(trained(sweep_folder(tmp_path)).values()) <= 2


def _is_training(folder: Path) -> bool:
    """Return whether a training is past its first epoch."""
    return bool(list(folder.glob("outputs/runs/*/checkpoint.safetensors")))
