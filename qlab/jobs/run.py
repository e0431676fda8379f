"""A finished training run, read from its folder when asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qlab.records.record import EvaluationRecord, TrainRecord
from qlab.records.store import RunFolder, read_npz

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qlab.heads.head import Head


@dataclass(frozen=True)
class Evaluation:
    """An evaluation of a finished run.

    Attributes:
        record: what came out.
        found: whether it was found finished instead of computed now.
    """

    record: EvaluationRecord
    found: bool


@dataclass(frozen=True)
class Run:
    """A finished training run.

    Attributes:
        folder: where its files are.
        found: whether it was found finished instead of computed now.
        evaluation: with the noise and shots that the config asked for besides training; None where it did not.
    """

    folder: RunFolder
    found: bool = True
    evaluation: Evaluation | None = None

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.folder.path

    @cached_property
    def record(self) -> TrainRecord:
        """The whole record."""
        return TrainRecord.read(self.folder.result)

    @property
    def metrics(self) -> dict[str, Any]:
        """Metrics of the test split."""
        return self.record.metrics

    @cached_property
    def predictions(self) -> dict[str, NDArray[np.generic]]:
        """Arrays ``{val,test}_{index,label,logits}``: positions in the dataset (N,), labels (N,), logits (N, C)."""
        return read_npz(self.folder.predictions)

    @cached_property
    def head(self) -> Head:
        """The trained model, from features (B, n_features) to logits (B, n_classes)."""
        from qlab.jobs.model import build_backend
        from qlab.jobs.restore import restore_config_without_files, restore_model

        config = restore_config_without_files(self.folder)
        return restore_model(self.folder, self.record, config, build_backend(config.backend, config.noise))
