"""Requests that took too long are kept, with where they were."""

from __future__ import annotations

import pytest

from nuttwist.wire.sights import hidden

from .rig import SERVER, Rig


def test_aSlowRequestIsKeptWithItsPhases(rig):
    """Half a second until it was written, one more until the reply."""
    rig.ask(b"a")
    rig.write(0.5)
    rig.reply(1, 1.0)
    (slow,) = rig.pool.slow
    assert (slow.server, slow.command, slow.key, slow.error) == (SERVER, "get", b"a", None)
    assert (slow.queued, slow.atServer, slow.total) == (0.5, 1.0, 1.5)
    assert (slow.size, slow.replySize, slow.time) == (7, 5, 1e9 + 101.5)


def test_phasesAreThoseOfTheWriteThatTookItAlong(rig):
    """Writes before a request was queued are none of its."""
    rig.round(b"a", wait=0.1)
    rig.ask(b"b")
    rig.write()
    rig.now += 0.2
    rig.ask(b"c")
    rig.write(0.3)
    rig.reply(1)
    rig.reply(1, 2)
    (slow,) = rig.pool.slow
    assert (slow.key, slow.queued) == (b"c", pytest.approx(0.3))


def test_onlyTheLastSlowRequestsAreKept(rig):
    """The oldest goes when there are too many."""
    for key in (b"a", b"b", b"c", b"d"):
        rig.round(key, wait=1)
    assert [each.key for each in rig.pool.slow] == [b"b", b"c", b"d"]


def test_withoutAThresholdNothingIsSlow():
    """The slow log is off."""
    rig = Rig(threshold=None)
    rig.round(b"a", wait=1e6)
    rig.ask(b"b")
    rig.now += 1e6
    rig.pipeline.fail("unknown")
    assert not rig.pool.slow


def test_aCommandWithoutAKeyMayBeSlow(rig):
    """There is no key to tell."""
    rig.submit(b"version\r\n")
    rig.write()
    rig.reply(1, 1, b"VERSION 1\r\n")
    assert [each.key for each in rig.pool.slow] == [None]


def test_newSettingsKeepWhatWasSeen(rig):
    """A shorter slow log loses its oldest, and nothing else is lost."""
    for key in (b"a", b"b"):
        rig.round(key, wait=1)
    rig.pool.configure(hidden(b"secret"), 0.5, 1)
    assert [each.key for each in rig.pool.slow] == [b"b"]
    assert rig.pool.show(b"b") == hidden(b"secret")(b"b")
    assert rig.pool.latency.count() == 2


def test_longKeysAreCut(rig):
    """A sample keeps a bounded part of a key."""
    rig.round(b"k" * 1000, wait=2)
    assert rig.pool.requests.top()[0][0] == b"k" * 250
    assert rig.pool.slow[0].key == b"k" * 250


def test_aFailureAfterALongWaitIsSlow(rig):
    """Written and not answered, and the time at the server goes up to the failure."""
    rig.ask(b"a")
    rig.write(0.5)
    rig.ask(b"b")
    rig.now += 2
    rig.pipeline.fail("Connection timed out")
    (slow,) = rig.pool.slow
    assert (slow.key, slow.error) == (b"a", "Connection timed out")
    assert (slow.queued, slow.atServer, slow.total) == (0.5, 2, 2.5)


def test_aFailureThatWasNeverWrittenHasNoTimeAtTheServer(rig):
    """It has only waited."""
    rig.ask(b"a")
    rig.now += 2
    rig.pipeline.fail("Connection timed out")
    (slow,) = rig.pool.slow
    assert (slow.queued, slow.atServer, slow.total) == (None, None, 2)


def test_aFailureSoonAfterIsNotSlow(rig):
    """It is counted, and that is all."""
    rig.ask(b"a")
    rig.pipeline.fail("Connection refused")
    assert not rig.pool.slow


def test_withoutAWriteToGoByTheTimeInTheQueueIsUnknown(rig):
    """More writes than are remembered: the one that took it along is forgotten."""
    sampler = rig.pipeline.sampler
    rig.ask(b"a")
    rig.write()
    sampler._writes.clear()
    rig.reply(1, 2)
    assert rig.pool.slow[0].queued is None
