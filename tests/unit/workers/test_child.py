"""When a worker ends."""

from __future__ import annotations

import pytest
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import LogLevel, capturedLogs
from twisted.python.failure import Failure

from nuttwist.workers.child import Child
from nuttwist.workers.messages import Ejected, Stop


@pytest.fixture
def reactor():
    """A reactor in memory that counts how often it is stopped."""
    made = MemoryReactorClock()
    made.stops = 0

    def stop():
        made.stops += 1

    made.stop = stop
    yield made
    made.advance(0)
    assert made.getDelayedCalls() == []
    assert made.stops == 1


def test_whenItIsTold(reactor):
    """The parent says so, and saying it again changes nothing."""
    child = Child(reactor)
    child.received(Stop())
    child.received(Stop())


def test_whenTheParentIsGone(reactor):
    """The end of the line to the parent is the worker's end, told to stop or not."""
    child = Child(reactor)
    child.received(Stop())
    child.channel.connectionLost(Failure(ConnectionDone()))


def test_whenItCannotDoWhatItIsTold(reactor):
    """A worker that cannot follow says why and makes room for the next."""
    with capturedLogs() as events:
        Child(reactor).received(Ejected("nosuch", "one", 1.0))
    assert [(each["log_level"], each["order"]) for each in events] == [
        (LogLevel.critical, "Ejected")
    ]
