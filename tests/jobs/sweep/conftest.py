"""Sweeps of these tests write their table only; what else they write is tested where it is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from qlab.files import write_bytes
from qlab.jobs.sweep import sweep


@pytest.fixture(autouse=True)
def _table_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(
        folder: Path, table: pd.DataFrame, swept: Sequence[str], *, records: Callable[[], Any], **more: Any
    ) -> None:
        assert {record["key"] for record in records()} <= {*table["train_key"], *table["evaluation_key"]}
        write_bytes(folder / "results.csv", table.to_csv(index=False).encode())

    monkeypatch.setattr(sweep, "write_sweep", write)
