"""A server's bytes, paired with the requests that wait for them."""

from __future__ import annotations

import pytest

from nuttwist.wire.framing import BadReply
from nuttwist.wire.request import ACKNOWLEDGE, CLASSIC, META, QUIET, Request

from .link import Link
from .rig import singly

ERRORS = [b"ERROR\r\n", b"CLIENT_ERROR what\r\n", b"SERVER_ERROR out of memory\r\n"]

WHOLE = [
    *((expect, each) for expect in (CLASSIC, META, ACKNOWLEDGE) for each in ERRORS),
    *(
        (CLASSIC, each)
        for each in [
            b"STORED\r\n",
            b"NOT_STORED\r\n",
            b"EXISTS\r\n",
            b"NOT_FOUND\r\n",
            b"END\r\n",
            b"DELETED\r\n",
            b"TOUCHED\r\n",
            b"0\r\n",
            b"18446744073709551615  \r\n",
            b"VERSION 1.6.18\r\n",
            b"VALUE k 0 0\r\n\r\nEND\r\n",
            b"VALUE k 0 5 77\r\nEND\r\n\r\nEND\r\n",
            b"VALUE a 4294967295 1\r\na\r\nVALUE b 0 1\r\nb\r\nEND\r\n",
            b"VALUE a 0 1\r\na\r\nSERVER_ERROR out of memory\r\n",
        ]
    ),
    *(
        (META, each)
        for each in [
            b"HD\r\n",
            b"HD O1 k\r\n",
            b"EN\r\n",
            b"NS\r\n",
            b"EX\r\n",
            b"NF O1\r\n",
            b"ME k exp=-1\r\n",
            b"VA 0\r\n\r\n",
            b"VA 4 f0 W\r\nEN\r\n\r\n",
        ]
    ),
    (ACKNOWLEDGE, b"OK\r\n"),
]

QUIETLY = [b"", b"HD\r\n", b"VA 4 O1\r\nMN\r\n\r\n", b"NF O2\r\n", b"CLIENT_ERROR bad\r\n"]

BAD = [
    *(
        (CLASSIC, each)
        for each in [
            b"\r\n",
            b"OK\r\n",
            b"HD\r\n",
            b"MN\r\n",
            b"STAT a 1\r\n",
            b"BUSY\r\n",
            b"END \r\n",
            b"end\r\n",
            b"-1\r\n",
            b"VALUE\r\n",
            b"VALUE k 0 -1\r\n",
            b"VALUE k 0\r\n",
            b"VALUE k -1 1\r\nx\r\n",
            b"VALUE k 0 1 2 3\r\nx\r\n",
            b"VALUE k 0 99999999999\r\n",
            b"VALUE k 0 1\r\nxyz",
            b"VALUE k 0 1\r\nx\r\nVALUE\r\n",
            b"ERRORS\r\n",
        ]
    ),
    *(
        (META, each)
        for each in [
            b"END\r\n",
            b"MN\r\n",
            b"VA\r\n",
            b"VA \r\n",
            b"VA x\r\n",
            b"VA 1\r\nxyz",
            b"1\r\n",
            b"OK\r\n",
        ]
    ),
    *((QUIET, each) for each in [b"END\r\n", b"HD\r\nHD\r\n", b"VA 1\r\nx\r\nHD\r\n", b"MN \r\n"]),
    *(
        (ACKNOWLEDGE, each)
        for each in [b"\0\r\n", b"\0 1\r\nx\r\n", b"END\r\n", b"HD\r\n", b"1\r\n"]
    ),
]


def asked(*expected, found=None):
    """Makes requests that expect these kinds of replies."""
    return lambda owner: [Request(owner, b"?", 0, each, found) for each in expected]


def ways(data, *expected):
    """The same bytes from the server at once, byte by byte, and with the next line begun."""
    for pieces in ([data], singly(data)):
        link = Link(asked(*expected))
        link.send(pieces)
        assert link.server.clearLineBuffer() == b""
        yield link
    link = Link(asked(*expected, CLASSIC))
    link.send([data + b"EN"])
    assert link.server.clearLineBuffer() == (b"" if link.bad else b"EN")
    assert link.requests.pop().reply is None
    yield link


@pytest.mark.parametrize(("expect", "data"), WHOLE)
def test_aWholeReplyReachesItsRequestAsItIs(expect, data):
    """Every kind of reply, byte for byte, counted once."""
    for link in ways(data + data, expect, expect):
        received = link.received()
        assert received.replies == (data, data)
        assert not received.bad
        assert (received.responses, received.responseBytes) == (2, 2 * len(data))
        assert link.owner.take() == b""
        assert link.sink.woken >= 1


@pytest.mark.parametrize("data", QUIETLY)
def test_theReplyToAQuietRequestIsWhatComesBeforeTheBarrier(data):
    """Nothing, mostly; the answer to the barrier is the proxy's own affair."""
    for link in ways(data + b"MN\r\nMN\r\n", QUIET, QUIET):
        assert link.received().replies == (data, b"")
        assert link.received().responses == 2
        assert link.received().responseBytes == len(data) + 8


@pytest.mark.parametrize(("expect", "data"), BAD)
def test_whatIsNoReplyEndsTheConnection(expect, data):
    """The replies before it arrive; nothing after it can be paired."""
    before = b"VALUE a 0 1\r\na\r\nEND\r\n"
    for link in ways(before + data, CLASSIC, expect):
        assert link.bad
        assert link.received().replies == (before, None)
        assert link.received().responses == 1
        assert next(iter(link.pipeline.outQueue)) is link.requests[1]


@pytest.mark.parametrize("stray", [b"END\r\n", b"E", b"\r\n", b"VALUE k 0 1\r\n"])
def test_whatNobodyAskedForEndsTheConnection(stray):
    """Whole or begun, with the reply before it or later."""
    for pieces in ([b"END\r\n" + stray], [b"END\r\n", stray], singly(b"END\r\n" + stray)):
        link = Link(asked(CLASSIC))
        link.send(pieces)
        assert link.bad
        assert link.received().replies == (b"END\r\n",)


def test_aReplyIsPassedOnOnlyWhenItIsWhole():
    """Neither its first block nor the value of the second shows before the end of all."""
    data = b"VALUE a 0 1\r\na\r\nVALUE b 0 3\r\nb\r\n\r\nEND\r\n"
    link = Link(asked(CLASSIC))
    for piece in singly(data):
        assert link.requests[0].reply is None
        link.send([piece])
    assert link.requests[0].reply == data
    assert link.batches == 1


def test_aLineHasAMostThatIsTheSameHoweverItComes():
    """Room for a server's long error, and an end to endless ones."""
    full = b"SERVER_ERROR " + b"x" * (64 * 1024 - 13)
    block = b"VALUE %s 0 1" % (b"k" * (64 * 1024 - 10))
    for line, behind in ((full, b""), (block, b"x\r\nEND\r\n")):
        for pieces in ([line + b"\r\n" + behind], [line + b"\r", b"\n" + behind]):
            link = Link(asked(CLASSIC))
            link.send(pieces)
            assert link.received().replies == (b"".join(pieces),)
        longer = line[:5] + b"V" + line[5:] if behind == b"" else line.replace(b"k", b"kk", 1)
        for pieces in ([longer + b"\r\n" + behind], [longer + b"\r", b"\n" + behind]):
            link = Link(asked(CLASSIC))
            link.send(pieces)
            assert link.bad
    link = Link(asked(CLASSIC))
    link.send([full, b"xx"])
    assert link.bad


def test_aMetaLineHasTheSameMost():
    """Whether its value is in the same chunk or not."""
    longer = b"VA 1 O" + b"x" * 64 * 1024
    for pieces in ([longer + b"\r\nx\r\n"], [longer + b"\r", b"\nx\r\n"]):
        link = Link(asked(META))
        link.send(pieces)
        assert link.bad


def test_aBadReplySaysWhatTheServerSaid():
    """For the log, and not at any length."""
    link = Link(asked(CLASSIC))
    with pytest.raises(BadReply, match="nonsense") as raised:
        link.server.dataReceived(b"nonsense" * 100 + b"\r\n")
    assert len(raised.value.args[0]) == 80


def test_theRepliesOfOneChunkSettleEachOwnerOnce():
    """And reach the ledger once: what happens per chunk is cheap per reply."""
    link = Link(asked(*[CLASSIC] * 10))
    link.send([b"END\r\n" * 10])
    assert link.sink.woken == 1
    assert link.batches == 1
    assert link.received().responses == 10
    assert link.owner.touched is False


def test_aReplyForAClientThatHasGoneIsSwallowedAndNotCounted():
    """It keeps its place in the order, so that the next client gets its own."""
    link = Link(asked(CLASSIC, CLASSIC, CLASSIC))
    other = Link(asked()).owner
    link.requests[1].owner = other
    link.requests[2].owner = None
    link.owner.abandon()
    link.send([b"VALUE a 0 1\r\na\r\nEND\r\n", b"STORED\r\nDELETED\r\n"])
    assert link.requests[1].reply == b"STORED\r\n"
    assert link.sink.woken == 0
    assert not link.pipeline.outQueue
    assert (link.received().responses, link.received().responseBytes) == (1, 8)
    assert link.batches == 1


def test_thePartOfASplitRequestGetsItsBlocksByKey():
    """The reply is then only the line that ended them."""
    blocks = {b"a": b"VALUE a 0 5\r\nEND\r\n\r\n", b"b": b"VALUE b 0 1\r\nb\r\n"}
    for last in (b"END\r\n", b"SERVER_ERROR a\nEND\r\n"):
        data = b"".join(blocks.values()) + last
        for pieces in ([data], singly(data), [data[:20], data[20:]]):
            found = {}
            link = Link(asked(CLASSIC, found=found))
            link.send(pieces)
            assert link.received().replies == (last,)
            assert found == blocks
            assert link.received().responseBytes == len(data)
