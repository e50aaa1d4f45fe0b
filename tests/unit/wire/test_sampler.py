"""Looking at a request now and then: the oldest of a batch, and one at random."""

from __future__ import annotations

from random import Random

import pytest

from nuttwist.wire.counters import PoolCounters, ServerCounters
from nuttwist.wire.memcache.errors import errorLine
from nuttwist.wire.memcache.sights import describe
from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.replyqueue import ReplyQueue
from nuttwist.wire.request import GREETING, NOTHING, Request
from nuttwist.wire.sampler import OTHER, REASONS, SPACING, PoolSampler
from nuttwist.wire.sights import hidden, plainly

from .rig import FakeSink

SERVER = "one"


class Rig:
    """
    A pipeline that is sampled, and a clock to turn by hand.

    @ivar now: seconds.
    """

    def __init__(self, threshold=1.0, length=3, server=SERVER):
        self.now = 100.0
        self.pool = PoolSampler(describe, lambda: self.now, lambda: self.now + 1e9, Random(7))
        self.pool.configure(plainly, threshold, length)
        self.pipeline = Pipeline(FakeSink(), ServerCounters(), errorLine, list, 0)
        self.pipeline.sampler = self.pool.over(server)
        self.client = ReplyQueue(FakeSink(), PoolCounters())

    def ask(self, *keys, **kw):
        """Queue a get for each key."""
        for key in keys:
            self.submit(b"get %s\r\n" % key, **kw)

    def submit(self, data, **kw):
        """Queue a request."""
        request = Request(kw.pop("owner", self.client), data, self.now, **kw)
        self.pipeline.submit(request)
        return request

    def write(self, wait=0.0):
        """Write what is queued after so many seconds."""
        self.now += wait
        self.pipeline.take()

    def reply(self, count, wait=0.0, data=b"END\r\n"):
        """Have so many requests answered after so many seconds, as a framer does it."""
        self.now += wait
        for _ in range(count):
            self.pipeline.outQueue.popleft().reply = data
        self.pipeline.delivered(count, count * len(data))

    def round(self, *keys, wait=0.25):
        """Ask, write and answer."""
        self.ask(*keys)
        self.write()
        self.reply(len(keys), wait)


@pytest.fixture
def rig():
    """Requests slow from one second on, the last three of them kept."""
    return Rig()


def counted(histogram):
    """The durations of a histogram by the bounds of their buckets."""
    return {
        bound: count
        for bound, count in zip(BOUNDS_AND_MORE, histogram.counts, strict=True)
        if count
    }


BOUNDS_AND_MORE = (
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1, 2.5, 5, 10, "more",
)  # fmt: skip


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


def test_onePickStandsForTheRepliesSinceTheLast(rig):
    """Within the spacing nothing is picked, and the next pick weighs what went by."""
    rig.round(b"a", wait=0)
    rig.round(b"b", b"b", b"b", wait=0)
    assert rig.pool.requests.top() == [(b"a", 1, 0)]
    rig.now += SPACING
    rig.round(b"c", b"c", wait=0)
    assert rig.pool.requests.top() == [(b"c", 5, 0), (b"a", 1, 0)]
    assert (rig.pool.samples, rig.pool.requests.weight) == (2, 6)


def test_everyPlaceInABatchIsPicked(rig):
    """Of a pipeline that is always the same, each key has its share."""
    for _ in range(400):
        rig.round(b"a", b"b", b"c", b"d")
    estimates = {key: estimate for key, estimate, _ in rig.pool.requests.top()}
    assert sum(estimates.values()) == 1600
    assert all(300 <= estimates[key] <= 500 for key in (b"a", b"b", b"c", b"d"))


def test_bytesAndMissesAreWeighed(rig):
    """A sample's bytes, both ways, and its miss count for all that it stands for."""
    rig.round(b"a")
    rig.ask(b"b")
    rig.write()
    rig.reply(1, data=b"VALUE b 0 1\r\nx\r\nEND\r\n")
    assert rig.pool.misses.top() == [(b"a", 1, 0)]
    assert dict(each[:2] for each in rig.pool.bytes.top()) == {b"a": 7 + 5, b"b": 7 + 21}


def test_valuesFoundApartCountAsBytes(rig):
    """A part of a split get has its values beside the reply."""
    rig.ask(b"a", found={b"a": b"VALUE a 0 1\r\nx\r\n"})
    rig.write()
    rig.reply(1)
    assert rig.pool.bytes.weight == 7 + 16 + 5
    assert rig.pool.misses.top() == []


def test_commandsHaveHistogramsOfSamples(rig):
    """A command without a key is no key, but a command."""
    rig.round(b"a")
    rig.submit(b"version\r\n")
    rig.write()
    rig.reply(1, 0.7, b"VERSION 1\r\n")
    assert counted(rig.pool.commands["get"]) == {0.25: 1}
    assert counted(rig.pool.commands["version"]) == {1: 1}
    assert [key for key, *_ in rig.pool.requests.top()] == [b"a"]


def test_aPickOfAClientThatHasGoneIsNoSample(rig):
    """Nobody has seen its reply."""
    rig.ask(b"a")
    rig.write()
    rig.client.abandon()
    rig.reply(1)
    assert rig.pool.samples == 0


def test_aPickWaitsForItsReply(rig):
    """The request that was picked is sampled with the batch that brings its reply."""
    rig.pipeline.sampler._pool._random = lambda: 0.99
    rig.ask(b"a", b"b")
    rig.write()
    rig.reply(1, 0.1)
    assert rig.pool.samples == 0
    rig.ask(b"c")
    rig.write()
    rig.reply(2, 0.1)
    assert rig.pool.requests.top() == [(b"b", 3, 0)]


def test_aTapSeesEachSample(rig):
    """A tap may take itself off while it is told."""
    seen = []

    def tap(sample):
        seen.append(sample)
        rig.pool.taps.remove(tap)

    rig.pool.taps.append(tap)
    rig.round(b"a")
    rig.round(b"b")
    assert [(each.server, each.sight.key, each.sight.hit) for each in seen] == [
        (SERVER, b"a", False)
    ]
    assert (seen[0].size, seen[0].replySize, seen[0].latency) == (7, 5, 0.25)


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


def test_afterAFailureAllBeginsAnew(rig):
    """What failed is neither the oldest nor the picked of what comes next."""
    rig.ask(b"a")
    rig.write()
    rig.now += 0.5
    rig.pipeline.fail("unknown")
    rig.round(b"b", wait=0.25)
    assert counted(rig.pool.latency) == {0.25: 1}
    assert [key for key, *_ in rig.pool.requests.top()] == [b"b"]


def test_withoutAWriteToGoByTheTimeInTheQueueIsUnknown(rig):
    """More writes than are remembered: the one that took it along is forgotten."""
    sampler = rig.pipeline.sampler
    rig.ask(b"a")
    rig.write()
    sampler._writes.clear()
    rig.reply(1, 2)
    assert rig.pool.slow[0].queued is None
