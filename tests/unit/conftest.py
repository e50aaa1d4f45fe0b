"""What unit tests in several folders are given."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.unit.pools import Machine

# How long a case takes is the machine's business.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def machine():
    """Give a machine in memory, and see that its proxy leaves no timer and no socket."""
    made = Machine()
    yield made
    made.stop()
    assert made.network.calls == []
    assert made.network.sockets() == []
