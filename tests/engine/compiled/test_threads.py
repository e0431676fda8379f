from __future__ import annotations

import weakref
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


@pytest.mark.parametrize(("n_qubits", "batch"), [(12, 37), (16, 9)])
def test_two_threads_find_the_same_each_time(n_qubits: int, batch: int) -> None:
    first, again = (step(1, "compiled", batch, n_qubits) for _ in range(2))
    for mine, theirs in zip(first, again, strict=True):
        assert torch.equal(torch.as_tensor(mine), torch.as_tensor(theirs))


def test_pieces_are_shared_and_an_error_in_a_thread_reaches_the_caller() -> None:
    shared: list[tuple[int, int, int]] = []
    share(3, 7, lambda *piece: shared.append(piece))
    assert sorted(shared) == [(0, 0, 2), (1, 2, 4), (2, 4, 7)]

    def job(worker: int, first: int, last: int) -> None:
        if worker == 1:
            raise ValueError("chunk")

    with pytest.raises(ValueError, match="chunk"):
        share(2, 5, job)


def test_threads_hold_nothing_behind_a_job() -> None:
    class Held:
        def __call__(self, worker: int, first: int, last: int) -> None:
            pass

    held = Held()
    gone = weakref.ref(held)
    share(2, 2, held)
    del held
    assert gone() is None
