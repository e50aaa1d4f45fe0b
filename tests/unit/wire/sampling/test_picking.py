"""One request at random now and then, which stands for those since the last."""

from __future__ import annotations

from nuttwist.wire.sampler import SPACING

from .rig import SERVER, counted


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
