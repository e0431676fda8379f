"""Every path of the simulator takes the same tests."""

from __future__ import annotations

import pytest

from qlab.engine.choice import Method


@pytest.fixture(params=["compiled", "torch"])
def method(request: pytest.FixtureRequest) -> Method:
    """Each path in turn."""
    chosen: Method = request.param
    return chosen
