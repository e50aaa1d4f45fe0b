"""The receiving loop keeps LineReceiver's contract, and offers its grammar every chunk first."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from twisted.internet.testing import StringTransport
from twisted.protocols.basic import LineReceiver

from nuttwist.net.lines import ChunkReceiver
from nuttwist.wire.framing import crlfEnd, lfEnd


class Letters:
    """
    Lines are kept; one that ends in digits announces so many raw bytes; bulk takes the lines
    that begin with a small letter.

    @ivar heard: everything, in order.
    """

    maxLine = 1000

    def __init__(self, bulky=True, lineEnd=crlfEnd):
        self.heard = []
        self.partials = []
        self.lineEnd = lineEnd
        self._bulky = bulky
        self._raw = b""

    def bulk(self, data, at):
        while self._bulky and data[at : at + 1].islower():
            end, after = self.lineEnd(data, at)
            if end < 0 or data[end - 1 : end].isdigit():
                break
            self.heard.append(data[at:end])
            at = after
        return at

    def line(self, line):
        self.heard.append(line)
        return int(line[-1:]) if line[-1:].isdigit() else 0

    def raw(self, piece, last):
        self._raw += piece
        if last:
            self.heard.append((self._raw,))
            self._raw = b""

    def partial(self, rest):
        self.partials.append(rest)


class Stock(LineReceiver):
    """Twisted's own loop."""

    MAX_LENGTH = 1 << 20

    def __init__(self, delimiter=b"\r\n"):
        self.grammar = Letters(bulky=False)
        self.delimiter = delimiter
        self._left = 0

    def lineReceived(self, line):
        if self.delimiter == b"\n":
            line = line.removesuffix(b"\r")
        self._left = self.grammar.line(line)
        if self._left:
            self.setRawMode()

    def rawDataReceived(self, data):
        piece, rest = data[: self._left], data[self._left :]
        self._left -= len(piece)
        self.grammar.raw(piece, not self._left)
        if not self._left:
            self.setLineMode(rest)


def connected(receiver):
    """The same receiver, on a transport in memory."""
    receiver.makeConnection(StringTransport())
    return receiver


@pytest.fixture
def receiver():
    """A receiver on a transport in memory."""
    return connected(ChunkReceiver(Letters()))


WORDS = [b"abc", b"Abc", b"", b"a3", b"A9", b"\r", b"\n", b"x\ny", b"\rz"]
STREAMS = st.lists(st.sampled_from(WORDS), max_size=12).map(b"\r\n".join)

#: A line by itself, and its content.
ENDED = [
    (crlfEnd, b"ab\r\n", b"ab"),
    (crlfEnd, b"a\nb\r\r\n", b"a\nb\r"),
    (lfEnd, b"ab\r\n", b"ab"),
    (lfEnd, b"ab\n", b"ab"),
    (lfEnd, b"a\rb\r\r\n", b"a\rb\r"),
    (lfEnd, b"\n", b""),
]


@pytest.mark.parametrize(("delimiter", "lineEnd"), [(b"\r\n", crlfEnd), (b"\n", lfEnd)])
@given(STREAMS, st.lists(st.integers(0, 60), max_size=6))
def test_itHearsWhatTwistedsOwnLoopHearsHoweverTheBytesAreCut(delimiter, lineEnd, data, places):
    """Lines, values and what is left, with the fast path and without it, whatever ends a line."""
    stock = connected(Stock(delimiter))
    stock.dataReceived(data)
    rest = stock.clearLineBuffer()
    edges = [0, *sorted(min(each, len(data)) for each in places), len(data)]
    cut = [data[edges[n] : edges[n + 1]] for n in range(len(edges) - 1)]
    singly = [data[n : n + 1] for n in range(len(data))]
    for pieces in ([data], cut, singly):
        for bulky in (True, False):
            receiver = connected(ChunkReceiver(Letters(bulky, lineEnd)))
            for piece in pieces:
                receiver.dataReceived(piece)
            assert receiver.grammar.heard == stock.grammar.heard
            assert receiver.line_mode == stock.line_mode
            assert receiver.clearLineBuffer() == rest


@pytest.mark.parametrize(("lineEnd", "line", "content"), ENDED)
@pytest.mark.parametrize("before", [b"", b"x\r\n", b"\r"])
def test_aLineEndsWhereItsGrammarSays(lineEnd, line, content, before):
    """A byte before the line is never a part of its end, and half an end is none."""
    at = len(before)
    end, after = lineEnd(before + line + b"X\r\n", at)
    assert (before + line)[at:end] == content
    assert after == at + len(line)
    assert lineEnd(before + line[:-1], at) == (-1, -1)


def test_theGrammarIsShownEveryLineThatHasBegunButNotEnded(receiver):
    """From its first byte, each time there is more of it."""
    receiver.dataReceived(b"abc\r\nde")
    receiver.dataReceived(b"f\r")
    receiver.dataReceived(b"\n")
    assert receiver.grammar.heard == [b"abc", b"def"]
    assert receiver.grammar.partials == [b"de", b"def\r"]


def test_aPartOfAValueIsNoLineThatHasBegun(receiver):
    """The grammar gets it as raw bytes at once."""
    receiver.dataReceived(b"A5\r\nab")
    assert receiver.grammar.partials == []
    assert not receiver.line_mode
    receiver.dataReceived(b"cdeF")
    assert receiver.grammar.heard == [b"A5", (b"abcde",)]
    assert receiver.grammar.partials == [b"F"]


@pytest.mark.parametrize("first", [b"A\r\n", b"A2\r\nxy"])
def test_aReceiverPausedOnTheWayKeepsTheRestForLater(first):
    """Nothing is read until it resumes, and then all of it in order."""

    class Pausing(ChunkReceiver):
        def lineReceived(self, line):
            super().lineReceived(line)
            if line == b"STOP":
                self.pauseProducing()

    receiver = connected(Pausing(Letters()))
    receiver.dataReceived(first + b"STOP\r\nA3\r\nxyzabc\r\n")
    heard = list(receiver.grammar.heard)
    assert heard[-1] == b"STOP"
    assert receiver.transport.producerState == "paused"
    receiver.dataReceived(b"last\r\n")
    assert receiver.grammar.heard == heard
    receiver.resumeProducing()
    assert receiver.grammar.heard == [*heard, b"A3", (b"xyz",), b"abc", b"last"]


@pytest.mark.parametrize("end", [b"", b"de", b"de\r\nfg\r\n", b"A9\r\nx"])
def test_aReceiverThatHasStoppedReadsAndKeepsNothing(end):
    """Behind the end of a conversation there is nothing to hear."""

    class Stopping(ChunkReceiver):
        def stopped(self):
            return b"END" in self.grammar.heard

    receiver = connected(Stopping(Letters()))
    receiver.dataReceived(b"abc\r\nEND\r\n" + end)
    receiver.dataReceived(b"more\r\n")
    assert receiver.grammar.heard == [b"abc", b"END"]
    assert receiver.clearLineBuffer() == b""


@pytest.mark.parametrize("inside", [b"A", b"a", b"A3"])
@pytest.mark.parametrize("behind", [b"", b"X\r\n", b"X\r\nY\r\nz"])
def test_whatArrivesWhileItIsBusyIsReadBehindWhatItHas(inside, behind):
    """A transport may deliver again from within a callback; no byte is lost or overtakes."""

    class Echoing(ChunkReceiver):
        def lineReceived(self, line):
            super().lineReceived(line)
            if line == b"AGAIN":
                self.dataReceived(b"\r\nB\r\nc")

    receiver = connected(Echoing(Letters()))
    receiver.dataReceived(b"AGAIN\r\n" + behind + inside)
    stock = connected(Stock())
    stock.dataReceived(b"AGAIN\r\n" + behind + inside + b"\r\nB\r\nc")
    assert receiver.grammar.heard == stock.grammar.heard
    assert receiver.clearLineBuffer() == stock.clearLineBuffer()


def test_whatArrivesWhileALineIsLookedAtIsReadAtOnce():
    """Also when the chunk ended in the midst of a line."""

    class Nudging(Letters):
        def partial(self, rest):
            super().partial(rest)
            if rest == b"ab":
                receiver.dataReceived(b"c\r\n")

    receiver = connected(ChunkReceiver(Nudging()))
    receiver.dataReceived(b"ab")
    assert receiver.grammar.heard == [b"abc"]


def test_anExceptionOfTheGrammarsLeavesItReadyForMore(receiver):
    """The loop does not stay busy for ever."""

    class Failing(Letters):
        def line(self, line):
            if line == b"BAD":
                raise ValueError(line)
            return super().line(line)

    receiver = connected(ChunkReceiver(Failing()))
    with pytest.raises(ValueError, match="BAD"):
        receiver.dataReceived(b"BAD\r\n")
    receiver.dataReceived(b"GOOD\r\n")
    assert receiver.grammar.heard == [b"GOOD"]


def test_itHasNoEndOfItsOwn(receiver):
    """A plain receiver never stops by itself."""
    assert receiver.stopped() is False
