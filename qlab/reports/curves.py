"""The figure of a training run: loss and validation accuracy against the epoch."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from qlab.reports.figure import MUTED, SERIES, settle, style

MOST_MARKED_EPOCHS = 30


def training_curves(history: pd.DataFrame, kept_epoch: int) -> Figure:
    """Return losses and validation accuracy by epoch, with the epoch whose weights were kept.

    Args:
        history: one row per epoch: ``epoch``, ``train_loss``, ``val_loss``, ``val_accuracy``.
        kept_epoch: from 1.
    """
    with style():
        figure = Figure(figsize=(8.4, 3.2), layout="constrained")
        losses, accuracy = figure.subplots(1, 2)
        _curve(losses, history, "train_loss", "training", 0)
        _curve(losses, history, "val_loss", "validation", 1)
        _curve(accuracy, history, "val_accuracy", "validation", 1)
        losses.set_ylabel("cross entropy")
        accuracy.set_ylabel("accuracy")
        for axes in (losses, accuracy):
            axes.set_xlabel("epoch")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.grid(visible=True, axis="y")
            axes.axvline(kept_epoch, color=MUTED, lw=1.2, ls=(0, (4, 3)), zorder=1.5, label="epoch kept")
        figure.legend(*losses.get_legend_handles_labels(), loc="outside upper left", ncols=3)
        settle(figure)
    return figure


def _curve(axes: Axes, history: pd.DataFrame, column: str, label: str, number: int) -> None:
    marker = "os"[number] if len(history) <= MOST_MARKED_EPOCHS else None
    axes.plot(history["epoch"], history[column], color=SERIES[number], marker=marker, ms=4, lw=1.6, label=label)
