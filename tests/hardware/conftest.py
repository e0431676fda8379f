"""The loopback server, and a client that finds it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hardware.runtime_server import RuntimeServer, environment, runtime_server, without_cloud


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RuntimeServer]:
    """A server, and an environment in which the client of this process finds it."""
    with runtime_server() as running:
        for name, value in environment(running, tmp_path / "home").items():
            monkeypatch.setenv(name, value)
        without_cloud(monkeypatch.setattr)
        yield running
