"""What the parent says to a worker, and what it makes of the silence."""

from __future__ import annotations

import pytest
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from nuttwist.workers.messages import Change, Changed, Stop, encode
from nuttwist.workers.worker import Worker

NOTHING = Change([], [])


@pytest.fixture
def reactor():
    """Give a reactor, and see that nothing waits in it at the end."""
    made = MemoryReactorClock()
    yield made
    assert made.getDelayedCalls() == []


@pytest.fixture
def worker(reactor):
    """Give a worker with whom the parent can speak."""
    made = Worker(0, reactor, None)
    made._channel.makeConnection(StringTransport())
    return made


def test_aChangeIsOverWhenTheWorkerSaysSo(worker):
    """The parent waits for the answer, and then not any longer."""
    changed = worker.change(NOTHING, [])
    assert not changed.called
    worker._channel.lineReceived(encode(Changed()))
    assert changed.called


def test_aChangeIsOverWhenTheWorkerIsGone(worker):
    """One that goes meanwhile does not answer, and nobody waits for it."""
    changed = worker.change(NOTHING, [])
    worker._channel.connectionLost(Failure(ConnectionDone()))
    assert changed.called


def test_whoHasHungUpIsAskedForNoChange(worker):
    """The process may end a moment after its line is closed; there is nobody to wait for."""
    transport = worker._channel.transport
    worker._channel.connectionLost(Failure(ConnectionDone()))
    assert worker.change(NOTHING, []).called
    worker.send(Stop())
    assert transport.value() == b""
