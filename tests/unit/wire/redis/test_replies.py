"""A server's bytes, paired with the requests that wait for them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from nuttwist.wire.framing import BadReply
from nuttwist.wire.redis.dialect import REDIS
from nuttwist.wire.redis.errors import errorLine
from nuttwist.wire.redis.replies import RESP2, RESP3, RedisReplies
from nuttwist.wire.redis.resp import request
from nuttwist.wire.request import CLASSIC, GREETING, Request
from nuttwist.wire.router import Settings
from tests.unit.wire.link import Link
from tests.unit.wire.rig import cut, singly

from .strategies import CUTS
from .test_resp import VALUES, values

KINDS = {2: RESP2, 3: RESP3}
NEWER = [value for value in VALUES if value[0] not in RESP2 and not value.startswith(b">")]
OLDER = [value for value in VALUES if value[0] in RESP2]

BAD = [
    b"\r\n",
    b"x\r\n",
    b"OK\r\n",
    b":\r\n",
    b":1a\r\n",
    b"$x\r\n",
    b"$-2\r\n",
    b"$-01\r\n",
    b"$\r\n",
    b"$1\r\nabc",
    b"$18446744073709551616000\r\n",
    b"*-2\r\n",
    b"*-01\r\n",
    b"*x\r\n",
    b"*2\r\n:1\r\n\r\n",
    b"*1\r\n*1\r\n$-3\r\n",
    b">1\r\n+a\r\n",
]


def asked(count, expect=CLASSIC):
    """Makes requests that wait for replies."""
    return lambda owner: [Request(owner, b"?", 0, expect) for _ in range(count)]


def linked(count, version=2, expect=CLASSIC):
    """A connection of a version with so many requests on it, and what it was told of troubles."""
    link = Link(
        asked(count, expect), grammar=lambda pipeline: RedisReplies(pipeline, KINDS[version])
    )
    link.troubles = []
    link.pipeline.troubled = lambda: link.troubles.append(link.batches)
    return link


def ways(data, count, version=2):
    """The same bytes from the server at once, byte by byte, and with the next reply begun."""
    for pieces in ([data], singly(data)):
        link = linked(count, version)
        link.send(pieces)
        assert link.server.clearLineBuffer() == b""
        yield link
    link = linked(count + 1, version)
    link.send([data + b"$1"])
    assert link.server.clearLineBuffer() == (b"" if link.bad else b"$1")
    assert link.requests.pop().reply is None
    yield link


@pytest.mark.parametrize(
    ("version", "value"), [*((2, each) for each in OLDER), *((3, each) for each in OLDER + NEWER)]
)
def test_aWholeReplyReachesItsRequestAsItIs(version, value):
    """Every type, byte for byte, counted once."""
    for link in ways(value + value, 2, version):
        received = link.received()
        assert received.replies == (value, value)
        assert not received.bad
        assert (received.responses, received.responseBytes) == (2, 2 * len(value))


@settings(max_examples=200)
@given(st.lists(values, min_size=1, max_size=5), CUTS)
def test_valuesOfAnyDepthReachTheirRequestsHoweverTheyAreCut(replies, places):
    """Each request gets its own, and nothing before it is whole."""
    data = b"".join(replies)
    link = linked(len(replies), 3)
    sent = b""
    for piece in cut(data, places):
        link.send([piece])
        sent += piece
        there = [each.reply for each in link.requests if each.reply is not None]
        assert there == replies[: len(there)]
        assert len(b"".join(there)) <= len(sent)
    assert link.received().replies == tuple(replies)
    assert link.received().responseBytes == len(data)


def test_depthAndLengthCostNothing():
    """No stack for the one, no memory for the other."""
    link = linked(1)
    link.send([b"*1\r\n" * 200_000])
    link.send([b"*9223372036854775807\r\n", b"$1073741824\r\n"])
    assert not link.bad
    assert link.received().replies == (None,)


@pytest.mark.parametrize("data", BAD)
@pytest.mark.parametrize("version", [2, 3])
def test_whatIsNoReplyEndsTheConnection(version, data):
    """The replies before it arrive; nothing after it can be paired."""
    before = b"*2\r\n:1\r\n$-1\r\n"
    for link in ways(before + data, 2, version):
        assert link.bad
        assert link.received().replies == (before, None)
        assert link.received().responses == 1
        assert next(iter(link.pipeline.outQueue)) is link.requests[1]


@pytest.mark.parametrize("value", NEWER)
@pytest.mark.parametrize("wrap", [b"", b"*1\r\n"])
def test_theNewerTypesAreNoRepliesInTheOlderProtocol(value, wrap):
    """Alone or within an array."""
    for link in ways(wrap + value, 1):
        assert link.bad
        assert link.received().replies == (None,)


@pytest.mark.parametrize("stray", [b"+OK\r\n", b"+", b"\r\n", b"*2\r\n:1\r\n", b"$3\r\n"])
def test_whatNobodyAskedForEndsTheConnection(stray):
    """Whole or begun, with the reply before it or later."""
    for pieces in ([b":1\r\n" + stray], [b":1\r\n", stray], singly(b":1\r\n" + stray)):
        link = linked(1)
        link.send(pieces)
        assert link.bad
        assert link.received().replies == (b":1\r\n",)


def test_aLineHasAMostThatIsTheSameHoweverItComes():
    """Room for a server's long error, and an end to endless ones."""
    full = b"-ERR " + b"x" * (64 * 1024 - 5)
    for pieces in ([full + b"\r\n"], [full + b"\r", b"\n"]):
        link = linked(1)
        link.send(pieces)
        assert link.received().replies == (full + b"\r\n",)
    for pieces in ([full + b"x\r\n"], [full + b"x", b"\r", b"\n"], [full, b"xx"]):
        link = linked(1)
        link.send(pieces)
        assert link.bad


def test_aBadReplySaysWhatTheServerSaid():
    """For the log, and not at any length."""
    with pytest.raises(BadReply, match="nonsense") as raised:
        linked(1).server.dataReceived(b"nonsense" * 100 + b"\r\n")
    assert len(raised.value.args[0]) == 80


def test_theRepliesOfOneChunkSettleEachOwnerOnce():
    """And reach the ledger once: what happens per chunk is cheap per reply."""
    link = linked(10)
    link.send([b"+OK\r\n" * 10])
    assert link.sink.woken == 1
    assert link.batches == 1
    assert link.received().responses == 10
    assert link.owner.touched is False


@pytest.mark.parametrize("line", [b"-OOM no\r\n", b"-BUSY\r\n", b"-LOADING Redis is loading\r\n"])
def test_aPassingTroubleCountsOnceAndHarmsNobodyElse(line):
    """The client sees the server's own text; replies before and after it are good ones."""
    for pieces in ([b"+a\r\n" + line + b"+b\r\n"], singly(b"+a\r\n" + line + b"+b\r\n")):
        link = linked(3)
        link.send(pieces)
        received = link.received()
        assert received.replies == (b"+a\r\n", line, b"+b\r\n")
        assert (received.responses, received.responseBytes) == (3, 8 + len(line))
        assert link.troubles == [1]  # told behind the success before it
        assert link.batches == 2
    link = linked(2)
    link.send([line + line])
    assert link.troubles == [0, 0]
    assert link.batches == 0
    assert link.received().responseBytes == 2 * len(line)


@pytest.mark.parametrize(
    "line", [b"-oom no\r\n", b"-OOMPH no\r\n", b"-BUSYKEY no\r\n", b"-ERR OOM\r\n", b"+OOM no\r\n"]
)
def test_otherErrorsAreRepliesLikeAnyOther(line):
    """The first word decides, and its case."""
    link = linked(1)
    link.send([line])
    assert link.troubles == []
    assert link.batches == 1


def test_aReplyForAClientThatHasGoneIsSwallowedAndNotCounted():
    """It keeps its place in the order, so that the next client gets its own."""
    link = linked(3)
    other = linked(0).owner
    link.requests[1].owner = other
    link.requests[2].owner = None
    link.owner.abandon()
    link.send([b"*1\r\n-OOM x\r\n", b"+mine\r\n-OOM x\r\n"])
    assert link.requests[1].reply == b"+mine\r\n"
    assert link.sink.woken == 0
    assert not link.pipeline.outQueue
    assert (link.received().responses, link.received().responseBytes) == (1, 7)
    assert link.troubles == []


def test_theReplyToAGreetingIsNobodysAndNotCounted():
    """Whoever greets is told; a server that is loading is refused by the greeting itself."""
    link = linked(2, expect=GREETING)
    link.send([b"+OK\r\n-LOADING x\r\n"])
    assert link.received().replies == (b"+OK\r\n", b"-LOADING x\r\n")
    assert (link.received().responses, link.received().responseBytes) == (0, 0)
    assert (link.troubles, link.batches, link.sink.woken) == ([], 0, 1)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Settings(), []),
        (Settings(password=b"s"), [[b"AUTH", b"s"]]),
        (Settings(database=3), [[b"SELECT", b"3"]]),
        (Settings(password=b"", database=3), [[b"AUTH", b""], [b"SELECT", b"3"]]),
    ],
)
def test_thePasswordIsToldBeforeTheDatabase(given, said):
    """The other way round the server would refuse; the newer lane then changes the version."""
    words = tuple(map(request, said))
    assert REDIS.lanes[0].greeting(given) == words
    assert REDIS.lanes[1].greeting(given) == (*words, request([b"HELLO", b"3"]))


def test_eachLaneReadsItsOwnVersion():
    """A map is a reply on the second only."""
    for lane, bad in zip(REDIS.lanes, (True, False), strict=True):
        link = Link(asked(1), grammar=lane.replies)
        link.send([b"%0\r\n"])
        assert link.bad is bad


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Connection refused", b"-ERR Connection refused\r\n"),
        ("NOAUTH Authentication required.", b"-NOAUTH Authentication required.\r\n"),
        ("unknown\r\nx", b"-ERR unknown  x\r\n"),
        ("A b", b"-ERR A b\r\n"),
        ("caf\u00e9", b"-ERR caf\xc3\xa9\r\n"),
        ("\udc80", b"-ERR ?\r\n"),
    ],
)
def test_aTroubleIsOneLineWithACode(text, line):
    """That of the server where it has one."""
    assert errorLine(text) == line
