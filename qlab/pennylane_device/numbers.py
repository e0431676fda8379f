"""Parameters of tapes -> inputs and weights of a circuit, differentiable."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import torch

from qlab.pennylane_device.script import Script
from qlab.pennylane_device.translation import Translation, translate


@dataclass(frozen=True, eq=False)
class Run:
    """Tapes with the same operations, as one execution of R rows, tape after tape.

    Attributes:
        translation: of their operations.
        inputs: (R, ...), those of the translation but its amplitudes, in double precision.
        weights: (...,), those of the translation, in double precision.
    """

    translation: Translation
    inputs: torch.Tensor
    weights: torch.Tensor


def run_of(scripts: Sequence[Script], n_qubits: int) -> Run:
    """Return the execution of scripts with the same operations.

    A parameter is a weight where all scripts share one, and is an input where it is a batch or each has its own.
    """
    head = scripts[0]
    shapes = [shape for operation in head.operations for shape in operation.shapes]
    differs = [own for operation in head.operations for own in operation.own]
    own = tuple(
        alone or any(other.parameters[place] is not head.parameters[place] for other in scripts[1:])
        for place, alone in enumerate(differs)
    )
    device = _device(scripts)
    tables = [_table(_chosen(script, shapes, own, True), script.rows, device) for script in scripts]
    weights = _table(_chosen(head, shapes, own, False), 1, device)[0]
    inputs = tables[0] if len(tables) == 1 else torch.cat(tables)
    return Run(translate(head.operations, own, n_qubits), inputs, weights)


def _chosen(script: Script, shapes: Sequence[tuple[int, ...]], own: Sequence[bool], which: bool) -> list[_Entry]:
    return [
        _Entry(value, shape) for value, shape, mine in zip(script.parameters, shapes, own, strict=True) if mine == which
    ]


class _Entry(NamedTuple):
    """A parameter, and its shape without the axis of a batch."""

    value: Any
    shape: tuple[int, ...]

    @property
    def kind(self) -> tuple[bool, bool, int]:
        """Neighbours of one kind are stacked at once: whether tensor, whether one number per row, how many axes."""
        return isinstance(self.value, torch.Tensor), not self.shape, self.value.ndim


def _table(entries: Sequence[_Entry], rows: int, device: torch.device) -> torch.Tensor:
    """Return all numbers (rows, ...) side by side, in double precision."""
    pieces = [piece.to(device, torch.float64).expand(rows, -1) for piece in _pieces(entries)]
    if len(pieces) == 1:
        return pieces[0]
    return torch.cat(pieces, dim=1) if pieces else torch.empty(rows, 0, dtype=torch.float64, device=device)


def _pieces(entries: Sequence[_Entry]) -> Iterator[torch.Tensor]:
    """Yield tables of 1 or all rows."""
    for (is_tensor, is_number, _), group in groupby(entries, lambda entry: entry.kind):
        values, shapes = zip(*group, strict=True)
        if is_number:
            stacked = torch.stack(values, -1) if is_tensor else torch.from_numpy(np.stack(values, -1, dtype=np.float64))
            yield stacked if stacked.ndim == 2 else stacked[None]
            continue
        for value, shape in zip(values, shapes, strict=True):
            tensor = value if is_tensor else torch.from_numpy(np.array(value, np.float64))
            yield tensor.reshape(-1 if value.ndim > len(shape) else 1, math.prod(shape))


def _device(scripts: Sequence[Script]) -> torch.device:
    """Return where a tensor among the parameters is: on another device than the CPU, if any is."""
    devices = {value.device for script in scripts for value in script.parameters if isinstance(value, torch.Tensor)}
    return next((device for device in devices if device.type != "cpu"), torch.device("cpu"))
