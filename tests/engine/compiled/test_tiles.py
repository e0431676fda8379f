from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from qlab.engine.compiled import execution
from tests.circuits.random_circuits import random_case
from tests.engine.paths import assert_close, found


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, int], None]]:
    """Cut states into tiles of 2^bits rows and share them between threads, at any number of qubits."""

    def cut(bits: int, threads: int) -> None:
        monkeypatch.setattr(execution.Executor, "_tile_bits", lambda self, lanes: bits)
        monkeypatch.setattr(execution, "_THREADS_FROM", 1)
        monkeypatch.setattr(execution, "_TILES_FROM", 1)
        execution.executor.cache_clear()
        torch.set_num_threads(threads)

    before = torch.get_num_threads()
    yield cut
    torch.set_num_threads(before)
    execution.executor.cache_clear()


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("bits", [3, 5, 7])
def test_neither_small_tiles_nor_sharing_them_matters(
    bits: int, threads: int, small_tiles: Callable[[int, int], None]
) -> None:
    """Small tiles make two and more of them out of few qubits, as 20 qubits do with large ones."""
    rng = np.random.default_rng(bits)
    cases = [random_case(rng, n_qubits, max_gates=60) for n_qubits in range(1, 13) for _ in range(2)]
    expected = [found(case, "torch") for case in cases]
    small_tiles(bits, threads)
    for case, theirs in zip(cases, expected, strict=True):
        assert_close(found(case, "compiled"), theirs, values=1e-12, slopes=1e-10)
