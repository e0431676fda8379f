"""The components are what qlab expects of their kinds."""

from __future__ import annotations

from pathlib import Path

from qlab_example.dressed import Dressed
from qlab_example.moons import Moons

from qlab.backends.engine import EngineBackend
from qlab.data.dataset import DataContext
from qlab.testing.datasets import check_dataset
from qlab.testing.heads import check_head


def test_moons(tmp_path: Path) -> None:
    check_dataset(lambda: Moons(size=100), DataContext(cache=tmp_path))


def test_dressed() -> None:
    backend = EngineBackend(precision="double")
    check_head(lambda generator: Dressed(5, 3, backend, generator, n_qubits=3), n_features=5, n_classes=3)
