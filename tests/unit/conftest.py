"""What unit tests in several folders are given."""

from __future__ import annotations

import pytest

from tests.unit.pools import Machine


@pytest.fixture
def machine():
    """Give a machine in memory, and see that its proxy leaves no timer and no socket."""
    made = Machine()
    yield made
    made.stop()
    assert made.network.calls == []
    assert made.network.sockets() == []
