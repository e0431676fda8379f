"""What a record says of the process: memory is that of the run, not of the ones before it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from qlab import api
from qlab.records import environment
from qlab.records.environment import peak_memory_mib, restart_peak_memory

BIG = 400  # MiB
QUICK = (
    "dataset=digits", "dataset.n_train=60", "dataset.n_val=20", "dataset.n_test=20", "encoder=pca",
    "encoder.n_features=4", "head=linear", "trainer.epochs=1",
)  # fmt: skip
only_linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems cannot forget a peak")


def allocate() -> None:
    """Have 400 MiB of ones for a moment; the allocator maps so large an array by itself and gives it back."""
    assert np.ones(BIG * 2**17).sum() == BIG * 2**17


@only_linux
def test_a_peak_is_seen_and_forgotten() -> None:
    restart_peak_memory()
    before = peak_memory_mib()
    allocate()
    assert peak_memory_mib() > before + 0.9 * BIG
    restart_peak_memory()
    assert peak_memory_mib() < before + 0.5 * BIG


@only_linux
def test_a_run_has_not_the_peak_of_what_ran_before_it(workplace: Path) -> None:
    first = api.train(*QUICK).record.peak_memory_mib
    allocate()
    second = api.train(*QUICK, "seed=1").record.peak_memory_mib
    assert abs(second - first) < 0.5 * BIG
    run = api.load(str(next(Path("outputs/runs").iterdir())))
    allocate()
    assert abs(api.evaluate(run, "split=val").peak_memory_mib - second) < 0.5 * BIG


def test_where_there_is_no_such_file_the_peak_is_that_of_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "_PROCESS", tmp_path / "nowhere")
    restart_peak_memory()
    highest = peak_memory_mib()
    allocate()
    restart_peak_memory()
    assert peak_memory_mib() >= max(highest, 0.9 * BIG)
