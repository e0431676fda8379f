"""A full disk: the points at which it is full fail with a clear line, earlier results stay, and repeating finishes."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from qlab.jobs.sweep import plan
from tests.conftest import Qlab
from tests.jobs.sweep.process import results, sweep_folder
from tests.jobs.sweep.small import SMALL, without_times

WORDS = (*SMALL, "trainer.epochs=1", "seed=0,1", "noise=bit_flip", "noise.p=0.1,0.2")


class Disk:
    """Counts what is flushed to disk, and is full for ``times`` writes after the first ``room``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.written, self.room, self.times, self._sync = 0, 10**9, 0, os.fsync
        monkeypatch.setattr(os, "fsync", self._flush)

    def _flush(self, descriptor: int) -> None:
        self.written += 1
        if self.room < self.written <= self.room + self.times:
            raise OSError(errno.ENOSPC, "No space left on device", "somewhere")
        self._sync(descriptor)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    monkeypatch.setattr(plan, "estimate", lambda tasks, threads: {task.id: 1.0 for task in tasks})  # it writes as well
    return Disk(monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 10**6], ids=["once", "from then on"])
def test_whenever_the_disk_is_full(times: int, disk: Disk, qlab: Qlab, workplace: Path) -> None:
    assert qlab("sweep", *WORDS, "output_dir=outputs").code == 0
    expected, total = without_times(sweep_folder(workplace)), disk.written
    (workplace / "outputs").rename(workplace / "whole")
    for room in range(0, total, 7):
        disk.written, disk.room, disk.times = 0, room, times
        answer = qlab("sweep", *WORDS)
        assert answer.code == 1, (room, answer.err)
        assert "No space left on device" in answer.err
        assert "Traceback" not in answer.err
        disk.room = 10**9
        before = results(workplace)
        assert qlab("sweep", *WORDS).code == 0
        after = results(workplace)
        assert len(after) == 6
        assert {path: after[path] for path in before} == before
        assert without_times(sweep_folder(workplace)) == expected
        assert not list(workplace.glob("outputs/**/*.tmp"))
        (workplace / "outputs").rename(workplace / f"after {room}")


def test_a_full_disk_in_the_middle(disk: Disk, qlab: Qlab, workplace: Path) -> None:
    """The second training finds no room; the first and its evaluations are done."""
    disk.room = 1000
    assert qlab("sweep", *WORDS, "seed=0,2").code == 0
    disk.written, disk.room, disk.times = 0, 10, 1
    answer = qlab("sweep", *WORDS)
    assert answer.code == 1
    failed = [line for line in answer.err.splitlines() if line.startswith("skipped  ")]
    assert len(failed) == 1
    assert "its training failed: somewhere: No space left on device" in failed[0]
    statuses = [line.split(",")[2] for line in without_times(_newest(workplace)).splitlines()[1:]]
    assert statuses == ["done", "done", "skipped", "skipped"]
    assert qlab("sweep", *WORDS).code == 0


def _newest(folder: Path) -> Path:
    return max((folder / "outputs" / "sweeps").iterdir(), key=lambda path: path.stat().st_mtime)
