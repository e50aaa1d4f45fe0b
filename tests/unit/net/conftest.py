"""What the tests of sockets are given."""

from __future__ import annotations

import pytest

from .attempts import Network


@pytest.fixture
def network():
    """A network on which nothing is left to wait for when the test ends."""
    made = Network()
    yield made
    assert not made.getDelayedCalls()
