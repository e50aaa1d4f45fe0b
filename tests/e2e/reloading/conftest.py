"""What the tests of reloading are given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.e2e.servers import RealServer, startMemcached


@pytest.fixture
def servers() -> Iterator[list[RealServer]]:
    """Give three memcacheds."""
    with ExitStack() as stack:
        yield [stack.enter_context(startMemcached()) for _ in range(3)]
