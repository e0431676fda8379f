"""Hydra's global state, taken for a moment and given back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import hydra
from hydra.core.global_hydra import GlobalHydra

from qlab.config.folders import shipped_conf


@contextmanager
def own_hydra() -> Iterator[None]:
    """Initialise Hydra on qlab's configs; afterwards it is again what it was, for qlab may run inside another's app."""
    state = GlobalHydra.instance()
    before = state.hydra
    state.clear()
    try:
        with hydra.initialize_config_dir(str(shipped_conf()), version_base="1.3"):
            yield
    finally:
        state.hydra = before
