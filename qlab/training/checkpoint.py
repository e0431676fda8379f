"""Everything that training needs to go on as if it had never stopped, in one file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from qlab.arrays import read_arrays, write_arrays
from qlab.errors import CorruptFileError

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Epoch:
    """One row of the history.

    Attributes:
        epoch: from 1.
        lr: the learning rate of its first batch.
        train_loss: mean of what was minimised, with smoothed labels where they are.
        val_loss: cross entropy with the labels as they are, so that it compares with or without smoothing.
        val_accuracy: share of the validation examples that are right.
    """

    epoch: int
    lr: float
    train_loss: float
    val_loss: float
    val_accuracy: float


@dataclass
class TrainingState:
    """How far training is: the history so far, the best epoch of it, the weights it had, and what all of it took."""

    history: list[Epoch] = field(default_factory=list)
    best_epoch: int = 0
    best_weights: Tensors = field(default_factory=dict)
    epoch_seconds: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0

    @property
    def best_loss(self) -> float:
        """The validation loss of the best epoch; infinite before the first."""
        return self.history[self.best_epoch - 1].val_loss if self.history else float("inf")


def save_checkpoint(
    path: Path, identity: str, state: TrainingState, model: nn.Module, optimizer: torch.optim.Optimizer, scheduler: Any
) -> None:
    """Write the whole state of training to ``path``, whole or not at all."""
    tensors = {f"model/{name}": tensor for name, tensor in model.state_dict().items()}
    tensors |= {f"best/{name}": tensor for name, tensor in state.best_weights.items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{index}/{name}": value for name, value in moments.items() if value is not None}
    meta = {
        "identity": identity,
        "history": [asdict(row) for row in state.history],
        "best_epoch": state.best_epoch,
        "epoch_seconds": state.epoch_seconds,
        "cpu_seconds": state.cpu_seconds,
        "param_groups": optimizer.state_dict()["param_groups"],
        "scheduler": scheduler.state_dict() if scheduler is not None else None,
    }
    write_arrays(path, as_arrays(tensors), meta)


def load_checkpoint(
    path: Path, identity: str, model: nn.Module, optimizer: torch.optim.Optimizer, scheduler: Any
) -> TrainingState:
    """Restore what ``save_checkpoint`` wrote; without a file, return the state of a fresh start.

    Raises:
        CorruptFileError: the file is damaged, or belongs to another model or to examples of another ``identity``.
    """
    if not path.exists():
        return TrainingState()
    try:
        arrays, meta = read_arrays(path)
        tensors = as_tensors(arrays)
        if meta["identity"] != identity:
            raise CorruptFileError("it was made on other features")
        if "epoch_seconds" not in meta:
            raise CorruptFileError("it was made by an older version of qlab")
        model.load_state_dict(_under("model/", tensors))
        optimizer.load_state_dict({"state": _optimizer_state(tensors), "param_groups": meta["param_groups"]})
        if scheduler is not None:
            scheduler.load_state_dict(meta["scheduler"])
        history = [Epoch(**row) for row in meta["history"]]
    except (CorruptFileError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CorruptFileError(
            f"{path} cannot be gone on from ({error}); --force trains again from the start"
        ) from error
    best = _under("best/", tensors)
    return TrainingState(history, meta["best_epoch"], best, meta["epoch_seconds"], meta["cpu_seconds"])


def as_arrays(tensors: Tensors) -> dict[str, NDArray[Any]]:
    """Return tensors as arrays."""
    return {name: tensor.detach().numpy() for name, tensor in tensors.items()}


def as_tensors(arrays: Mapping[str, NDArray[Any]]) -> Tensors:
    """Return arrays as tensors of their own."""
    return {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}


def _under(prefix: str, tensors: Tensors) -> Tensors:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _optimizer_state(tensors: Tensors) -> dict[int, Tensors]:
    state: dict[int, Tensors] = {}
    for name, tensor in _under("optimizer/", tensors).items():
        index, _, key = name.partition("/")
        state.setdefault(int(index), {})[key] = tensor
    return state
