"""Generated sequences for encoders, and a context to fit them in."""

from __future__ import annotations

from pathlib import Path

from qlab.data.dataset import DataContext, Dataset
from qlab.data.tfbs import Tfbs
from qlab.encoders.encoder import FitContext


def sequences(count: int, *, length: int = 30, seed: int = 0) -> Dataset:
    """Windows of which every second one has a site."""
    return Tfbs(size=count, length=length, seed=seed).load(DataContext())


def context(folder: Path, *, length: int = 30) -> FitContext:
    """What an encoder may use: windows of the source stream, ``folder`` as the cache."""
    return FitContext(source=lambda size: Tfbs(length=length).load_source(DataContext(), size), cache=folder)


def no_source(size: int) -> Dataset:
    raise AssertionError("no source set is needed here")
