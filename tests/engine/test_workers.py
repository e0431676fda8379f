"""Workers of every kind find what their parent finds, after the parent has used the simulator in two threads."""

from __future__ import annotations

import multiprocessing
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import joblib
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from qlab.circuits import variational
from qlab.engine import expectations
from qlab.engine.choice import Method

Step = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads
        yield
    torch.set_num_threads(before)


def step(seed: int, method: Method, batch: int = 37, n_qubits: int = 11) -> Step:
    """Return values and gradients of a circuit that is wide enough for threads; the same in every process."""
    circuit = variational(n_qubits, 2, "angle", "ring", reuploading=True)
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(batch, n_qubits, generator=generator, requires_grad=True)
    weights = torch.randn(circuit.n_weights, generator=generator, requires_grad=True)
    values = expectations(circuit, inputs, weights, ["Z0", "X1 Z2", "Y10"], method=method)
    by_inputs, by_weights = torch.autograd.grad(values.square().sum(), [inputs, weights])
    return values.detach(), by_inputs, by_weights


def require_same(found: Sequence[torch.Tensor], expected: Sequence[torch.Tensor]) -> None:
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
def test_two_joblib_workers(backend: str, method: Method) -> None:
    expected = [step(seed, method) for seed in range(4)]
    workers = joblib.Parallel(n_jobs=2, backend=backend, timeout=60)
    found = workers(joblib.delayed(step)(seed, method) for seed in range(4))
    for mine, other in zip(found, expected, strict=True):
        require_same(mine, other)


def _send(queue: Any, method: Method, threads: int | None) -> None:
    if threads is None:
        queue.put([tensor.numpy() for tensor in (*step(1, method), *amplitude_step(method))])
    else:
        torch.set_num_threads(threads)
        queue.put([tensor.numpy() for tensor in step(1, method)])


def amplitude_step(method: Method) -> Step:
    """Embed so many amplitudes that PyTorch shares them among its threads."""
    circuit = variational(11, 1, "amplitude", "ring")
    inputs = torch.cos(torch.arange(64.0 * 2**11)).view(64, -1).requires_grad_()
    weights = torch.ones(circuit.n_weights, requires_grad=True)
    values = expectations(circuit, inputs, weights, ["Z0", "X1"], method=method)
    by_inputs, by_weights = torch.autograd.grad(values.square().sum(), [inputs, weights])
    return values.detach(), by_inputs, by_weights


def test_a_forked_process(method: Method) -> None:
    require_same(forked(method), [*step(1, method), *amplitude_step(method)])


def test_a_forked_process_may_have_threads_of_its_own() -> None:
    """The compiled path alone, which does not need OpenMP for them."""
    require_same(forked("compiled", threads=2), step(1, "compiled"))


def forked(method: Method, threads: int | None = None) -> list[torch.Tensor]:
    """Return what a forked process finds."""
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_send, args=(queue, method, threads))
    child.start()
    try:
        return [torch.from_numpy(array) for array in queue.get(timeout=60)]
    finally:
        child.kill()
        child.join()


class Steps(Dataset[Step]):
    """Steps as examples."""

    def __init__(self, method: Method) -> None:
        self.method = method

    def __len__(self) -> int:
        return 4

    def __getitem__(self, seed: int) -> Step:
        return step(seed, self.method)


def test_two_workers_of_a_data_loader(method: Method) -> None:
    expected = [step(seed, method) for seed in range(4)]
    loader = DataLoader(
        Steps(method), batch_size=None, num_workers=2, multiprocessing_context="fork", timeout=60, shuffle=False
    )
    for mine, other in zip(loader, expected, strict=True):
        require_same(mine, other)


@pytest.mark.parametrize(("n_qubits", "batch"), [(11, 37), (16, 5)])
def test_four_threads_of_python_at_once(n_qubits: int, batch: int, method: Method) -> None:
    expected = [step(seed, method, batch, n_qubits) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(step, number % 4, method, batch, n_qubits) for number in range(16)]
        for number, call in enumerate(calls):
            require_same(call.result(), expected[number % 4])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of Ray's own
def test_two_ray_workers(method: Method) -> None:
    ray = pytest.importorskip("ray")
    expected = [step(seed, method) for seed in range(4)]
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        remote = ray.remote(step)
        found = ray.get([remote.remote(seed, method) for seed in range(4)], timeout=60)
    finally:
        ray.shutdown()
    for mine, other in zip(found, expected, strict=True):
        require_same(mine, other)
