from __future__ import annotations

import multiprocessing
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import joblib
import pytest
import torch

from qlab.circuits import variational
from qlab.engine import expectations
from qlab.engine.compiled.threads import share


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def step(seed: int, batch: int = 37) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return values and gradients of a circuit that is wide enough for threads; the same in every process."""
    circuit = variational(11, 2, "angle", "ring", reuploading=True)
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(batch, 11, generator=generator, requires_grad=True)
    weights = torch.randn(circuit.n_weights, generator=generator, requires_grad=True)
    values = expectations(circuit, inputs, weights, ["Z0", "X1 Z2", "Y10"], method="compiled")
    by_inputs, by_weights = torch.autograd.grad(values.square().sum(), [inputs, weights])
    return values.detach(), by_inputs, by_weights


def assert_same(found: Any, expected: Any) -> None:
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("batch", [1, 4, 5, 9, 37])
def test_two_threads_find_what_one_finds(batch: int) -> None:
    together = step(1, batch)
    torch.set_num_threads(1)
    assert_same(together, step(1, batch))


def _send(queue: Any, seed: int) -> None:
    queue.put([tensor.numpy() for tensor in step(seed)])


def test_a_forked_process_starts_its_own_threads() -> None:
    expected = step(1)  # the parent has worker threads from here on
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads
        child = context.Process(target=_send, args=(queue, 1))
        child.start()
    try:
        found = queue.get(timeout=60)
    finally:
        child.kill()
        child.join()
    assert_same([torch.from_numpy(array) for array in found], expected)


def test_four_callers_at_once() -> None:
    expected = [step(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for seed, found in enumerate(pool.map(step, [0, 1, 2, 3] * 6)):
            assert_same(found, expected[seed % 4])


def test_two_joblib_workers() -> None:
    expected = [step(seed) for seed in range(2)]
    found = joblib.Parallel(n_jobs=2)(joblib.delayed(step)(seed) for seed in range(2))
    for mine, other in zip(found, expected, strict=True):
        assert_same(mine, other)


def test_an_error_in_a_thread_reaches_the_caller() -> None:
    def job(worker: int, first: int, last: int) -> int:
        if worker == 1:
            raise ValueError("chunk")
        return last - first

    with pytest.raises(ValueError, match="chunk"):
        share(2, 5, job)
    assert share(3, 7, lambda worker, first, last: (worker, first, last)) == [(0, 0, 2), (1, 2, 4), (2, 4, 7)]
