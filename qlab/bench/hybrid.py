"""What the quantum layer costs in a training step of the hybrid image classifier of arXiv:2509.13353."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import nn

from qlab.backends.engine import EngineBackend
from qlab.bench import surroundings
from qlab.bench.outcome import Timing
from qlab.config import registry
from qlab.config.options.encoders import CNN
from qlab.config.options.heads import AmplitudeVQC
from qlab.errors import OptionError
from qlab.progress import Progress
from qlab.records.environment import environment

LAYERS = ("circuit", "linear", "tanh", "identity")
YARDSTICK = "linear"
_IMAGE, _CLASSES = (1, 28, 28), 10  # MNIST, whose network the options have as their defaults
_WARM_STEPS = 3
_MOST_IMAGES, _LONGEST = 1 << 16, 3600.0


@dataclass(frozen=True)
class HybridSteps:
    """Seconds of training steps with so many threads: one timing for each layer, taken in turns."""

    threads: int
    timings: dict[str, Timing]

    def ratio(self, layer: str) -> float:
        """Return how many times as long a step takes as with a linear map in the circuit's place."""
        return self.timings[layer].median / self.timings[YARDSTICK].median


@dataclass(frozen=True)
class HybridReport:
    """What was found.

    Attributes:
        machine: processor, load, versions.
        batch: images of a step.
        steps: one for each number of threads.
    """

    machine: dict[str, Any]
    batch: int
    steps: tuple[HybridSteps, ...]

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        found = [{**asdict(each), "ratios": {layer: each.ratio(layer) for layer in LAYERS}} for each in self.steps]
        return {"machine": self.machine, "batch": self.batch, "steps": found}


def bench_hybrid(batch: int, threads: Sequence[int], seconds: float, progress: Progress) -> HybridReport:
    """Time steps of the same network with each layer for ``seconds``: forward, backward, and the optimiser's update.

    Raises:
        OptionError: ``batch`` or ``seconds`` is out of range.
    """
    if not 2 <= batch <= _MOST_IMAGES:
        raise OptionError(f"--batch {batch} is out of range: it must be from 2 to {_MOST_IMAGES}")
    if not 0 < seconds <= _LONGEST:
        raise OptionError(f"--seconds {seconds:g} is out of range: it must be above 0 and at most {_LONGEST:g}")
    machine = {
        "processor": surroundings.processor_name(),
        **environment(len(surroundings.processors())),
        "load_before": surroundings.load(),
    }
    found = tuple(_steps(batch, count, seconds) for count in progress.track(threads, "bench", len(threads)))
    return HybridReport(machine, batch, found)


def _steps(batch: int, threads: int, seconds: float) -> HybridSteps:
    # As for other contestants: one thread's processor time is its time on a quiet machine.
    clock = time.process_time if threads == 1 else time.perf_counter
    found: dict[str, list[float]] = {layer: [] for layer in LAYERS}
    with _threads(threads):
        steps = {layer: _step(layer, batch) for layer in LAYERS}
        for step in steps.values():
            for _ in range(_WARM_STEPS):
                step()
        ends = time.perf_counter() + seconds * len(LAYERS)
        while not found[LAYERS[-1]] or time.perf_counter() < ends:
            for layer, step in steps.items():
                started = clock()
                step()
                found[layer].append(clock() - started)
    return HybridSteps(threads, {layer: Timing.of(times) for layer, times in found.items()})


def _step(layer: str, batch: int) -> Callable[[], None]:
    """Return one training step of the network with ``layer`` in it, on one batch of random images."""
    generator = torch.Generator().manual_seed(0)
    block = registry.build(CNN()).block(_IMAGE, generator)
    required = (block.n_features, _CLASSES, EngineBackend(), generator)
    head = registry.build(replace(AmplitudeVQC(), layer=layer), *required)
    model = nn.Sequential(block, head).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    images = torch.rand(batch, *_IMAGE, generator=generator)
    labels = torch.randint(_CLASSES, (batch,), generator=generator)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()

    return step


@contextmanager
def _threads(count: int) -> Generator[None, None, None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
