"""Numbers too small for a normal floating-point number: flushed to zero, and counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from qlab.errors import CapabilityError

Call = Callable[..., Any]


@contextmanager
def calling(*, flushed: bool) -> Iterator[Call]:
    """Yield what calls a function, ``flushed`` in a thread where results and inputs that are denormal count as zero.

    The processor has this setting for every thread by itself, and PyTorch's threads that exist already keep theirs.
    They are started for each thread that computes, and begin with the settings of that one: so all of them flush in a
    new thread, and none that others use is changed.

    Raises:
        CapabilityError: the processor cannot flush.
    """
    if not flushed:
        yield _call
        return
    require_flushing()
    with ThreadPoolExecutor(1, "flushed", _flush, (torch.get_num_threads(),)) as thread:
        yield lambda function, *given: thread.submit(function, *given).result()


def require_flushing() -> None:
    """Raise ``CapabilityError`` where the processor cannot flush denormal numbers."""
    with ThreadPoolExecutor(1) as thread:  # the setting ends with its thread
        if not thread.submit(torch.set_flush_denormal, True).result():
            raise CapabilityError("this processor cannot flush denormal numbers; set trainer.flush_denormals=false")


def denormal_share(model: nn.Module) -> float | None:
    """Return which share of the trainable weights that are not zero is denormal; None where there is none.

    In single precision that is less than 1.18e-38 in size.
    """
    weights = [parameter.detach().abs() for parameter in model.parameters() if parameter.requires_grad]
    different = sum(int((weight > 0).sum()) for weight in weights)
    denormal = sum(int(((weight > 0) & (weight < torch.finfo(weight.dtype).tiny)).sum()) for weight in weights)
    return denormal / different if different else None


def _call(function: Call, *given: Any) -> Any:
    return function(*given)


def _flush(threads: int) -> None:
    torch.set_flush_denormal(True)
    torch.set_num_threads(threads)
