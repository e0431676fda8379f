"""Data are loaded once while they are kept, and let go of when that ends or grows too large."""

from __future__ import annotations

import numpy as np
import pytest

from qlab.data.dataset import Dataset
from qlab.data.splits import Splits
from qlab.jobs import loaded_data
from qlab.jobs.loaded_data import Loaded, LoadedData


def test_nothing_is_kept_until_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    memory, loads = LoadedData(), list[str]()

    def find(name: str) -> Loaded:
        def load() -> Loaded:
            loads.append(name)
            none = np.zeros(0, np.int64)
            dataset = Dataset(name, "real", np.zeros((100, 1, 1, 1), np.float32), none, ("a", "b"))
            return dataset, Splits(none, none, none, "", 0)

        return memory.find(lambda: name, load)

    find("a"), find("a")
    assert loads == ["a", "a"]
    memory.keep()
    assert find("b") is find("b")
    assert loads == ["a", "a", "b"]
    monkeypatch.setattr(loaded_data, "LARGEST", 1000)
    find("c"), find("d"), find("c"), find("d")
    assert loads[3:] == ["c", "d"]  # b is gone
    find("b")
    assert loads[5:] == ["b"]
    memory.forget()
    find("b")
    assert loads[6:] == ["b"]
