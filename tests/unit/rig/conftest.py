"""What the tests of the network share."""

from __future__ import annotations

import pytest

from tests.rig.network import FakeNetwork


@pytest.fixture
def network():
    """Give a network, and see that the test left no timer and no socket on it."""
    made = FakeNetwork()
    yield made
    made.settle()
    assert made.getDelayedCalls() == []
    assert made.sockets() == []
