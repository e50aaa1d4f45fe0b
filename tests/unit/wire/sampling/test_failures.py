"""Failures are counted by server and reason, and what failed is forgotten."""

from __future__ import annotations

from nuttwist.wire.counters import PoolCounters
from nuttwist.wire.replyqueue import ReplyQueue
from nuttwist.wire.sampler import OTHER, REASONS
from tests.unit.wire.rig import FakeSink

from .rig import SERVER, Rig, counted


def test_failuresAreCountedByServerAndReason(rig):
    """Each request whose client is told counts, those of clients that have gone do not."""
    gone = ReplyQueue(FakeSink(), PoolCounters())
    rig.ask(b"a", b"b")
    rig.ask(b"c", owner=gone)
    gone.abandon()
    rig.pipeline.fail("Connection timed out")
    rig.pipeline.fail("Connection timed out")
    assert rig.pool.failures == {(SERVER, "Connection timed out"): 2}


def test_requestsWithoutAServerFailToo():
    """They have no server's name, and are no samples."""
    rig = Rig(server=None)
    rig.ask(b"a")
    rig.pipeline.fail("Connection refused")
    rig.round(b"b")
    assert rig.pool.failures == {(None, "Connection refused"): 1}
    assert (rig.pool.samples, rig.pool.servers) == (0, {})


def test_reasonsAreBounded(rig):
    """A server's own words may be among them, and it may have many."""
    for number in range(REASONS + 5):
        rig.ask(b"a")
        rig.pipeline.fail(f"ERR {number}")
    assert len(rig.pool.failures) == REASONS + 1
    assert rig.pool.failures[None, OTHER] == 5


def test_afterAFailureAllBeginsAnew(rig):
    """What failed is neither the oldest nor the picked of what comes next."""
    rig.ask(b"a")
    rig.write()
    rig.now += 0.5
    rig.pipeline.fail("unknown")
    rig.round(b"b", wait=0.25)
    assert counted(rig.pool.latency) == {0.25: 1}
    assert [key for key, *_ in rig.pool.requests.top()] == [b"b"]
