from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from qlab.engine.compiled.threads import share
from tests.engine.test_workers import require_same, step


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("n_qubits", "batch"), [(11, 1), (11, 4), (11, 5), (11, 9), (11, 37), (16, 1), (16, 9)])
def test_two_threads_find_what_one_finds(n_qubits: int, batch: int) -> None:
    together = step(1, "compiled", batch, n_qubits)
    torch.set_num_threads(1)
    require_same(together, step(1, "compiled", batch, n_qubits))


def test_an_error_in_a_thread_reaches_the_caller() -> None:
    def job(worker: int, first: int, last: int) -> int:
        if worker == 1:
            raise ValueError("chunk")
        return last - first

    with pytest.raises(ValueError, match="chunk"):
        share(2, 5, job)
    assert share(3, 7, lambda worker, first, last: (worker, first, last)) == [(0, 0, 2), (1, 2, 4), (2, 4, 7)]
