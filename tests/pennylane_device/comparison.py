"""Values and gradients of a quantum function on the engine's device and on default.qubit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pennylane as qml
import torch
from numpy.typing import NDArray

Function = Callable[..., Any]
Doubles = NDArray[np.float64]


def close(function: Function, parameters: Sequence[Doubles], wires: int, tolerance: float = 1e-10) -> None:
    """Compare values and gradients with those of default.qubit by backpropagation, in PyTorch."""
    ours = found(function, parameters, qml.device("qlab.engine", wires=wires))
    theirs = found(function, parameters, qml.device("default.qubit", wires=wires))
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=tolerance)


def found(function: Function, parameters: Sequence[Doubles], device: Any) -> list[torch.Tensor]:
    """Return every result, and the gradients by the parameters of one sum that sees all results."""
    leaves = [torch.tensor(parameter, dtype=torch.float64, requires_grad=True) for parameter in parameters]
    results = qml.QNode(function, device, interface="torch")(*leaves)
    results = results if isinstance(results, list | tuple) else [results]
    real = [torch.view_as_real(each) if each.is_complex() else each for each in results]
    seen = [(each * directions(each.shape)).sum() for each in real]
    gradients = torch.autograd.grad(
        [each for each in seen if each.requires_grad], leaves, allow_unused=True, materialize_grads=True
    )
    return [*(each.detach().to(torch.complex128) for each in results), *gradients]


def directions(shape: Sequence[int]) -> torch.Tensor:
    """Return fixed numbers of different size and sign."""
    return torch.cos(torch.arange(int(np.prod(shape)), dtype=torch.float64) + 0.3).reshape(tuple(shape))
