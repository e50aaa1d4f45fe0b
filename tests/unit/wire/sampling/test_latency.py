"""How long requests take: of each batch of replies the oldest is timed."""

from __future__ import annotations

import pytest

from nuttwist.wire.counters import PoolCounters
from nuttwist.wire.replyqueue import ReplyQueue
from nuttwist.wire.request import GREETING, NOTHING, Request
from tests.unit.wire.rig import FakeSink

from .rig import SERVER, counted


def test_aBatchCountsWithTheLatencyOfItsOldest(rig):
    """Three replies at once: the first request was there a second before the others."""
    rig.ask(b"a")
    rig.write()
    rig.now += 0.3
    rig.ask(b"b", b"c")
    rig.write()
    rig.reply(3, 0.1)
    assert counted(rig.pool.latency) == {0.5: 3}
    assert counted(rig.pool.servers[SERVER]) == {0.5: 3}
    assert rig.pool.latency.total == pytest.approx(3 * 0.4)


def test_theNextBatchHasAnOldestOfItsOwn(rig):
    """What is left of one write is timed from when it was queued itself."""
    rig.ask(b"a")
    rig.now += 0.25
    rig.ask(b"b")
    rig.write()
    rig.reply(1)
    rig.reply(1, 0.015625)
    assert counted(rig.pool.latency) == {0.25: 1, 0.025: 1}
    assert rig.pool.latency.total == 0.25 + 0.015625


def test_repliesThatNobodyWantedAreNotTimed(rig):
    """The oldest is of a client that has gone; the reply behind it is counted with the next."""
    gone = ReplyQueue(FakeSink(), PoolCounters())
    rig.ask(b"a", owner=gone)
    rig.ask(b"b", b"c")
    rig.write()
    gone.abandon()
    rig.pipeline.outQueue.popleft().reply = b"END\r\n"
    rig.reply(1, 5)
    assert rig.pool.latency.count() == 0
    rig.reply(1)
    assert rig.pool.latency.count() == 2


def test_anOldestThatWasAnsweredUnseenIsForgottenWhenTheLineIsIdle(rig):
    """A reply that the framer has not counted does not make the next request look old."""
    rig.ask(b"a")
    rig.write()
    rig.pipeline.outQueue.popleft().reply = b"-LOADING\r\n"
    rig.now += 60
    rig.round(b"b", wait=0.01)
    assert counted(rig.pool.latency) == {0.01: 1}


def test_requestsWithoutReplyAreNeverTimed(rig):
    """A write of nothing but noreply leaves no request to wait for."""
    rig.submit(b"set k 0 0 1 noreply\r\nx\r\n", expect=NOTHING, owner=None)
    rig.write()
    rig.now += 1
    rig.round(b"a", wait=0.25)
    assert counted(rig.pool.latency) == {0.25: 1}


def test_greetingsAreNotRequests(rig):
    """What the proxy says first on a connection is neither timed nor picked nor slow."""
    rig.pipeline.outQueue.append(Request(rig.client, b"AUTH", rig.now, GREETING))
    rig.now += 60
    rig.pipeline.outQueue.popleft().reply = b"+OK\r\n"
    rig.round(b"a", wait=0.25)
    rig.pipeline.outQueue.append(Request(rig.client, b"AUTH", rig.now, GREETING))
    rig.now += 60
    rig.pipeline.fail("unknown")
    assert counted(rig.pool.latency) == {0.25: 1}
    assert not rig.pool.slow
