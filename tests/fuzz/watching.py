"""What a parser of requests keeps, and how many replies it owes after each line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from nuttwist.wire.framing import Grammar
from nuttwist.wire.memcache.commands import TOO_LARGE
from nuttwist.wire.replyqueue import ReplyQueue
from tests.unit.wire.rig import Pool


def keptBy(thing: object) -> int:
    """The bytes that an object has in its attributes, alone or in lists."""
    found = 0
    for name in dir(thing):
        value = getattr(thing, name, None)
        pieces = value if type(value) is list else [value]
        found += sum(len(each) for each in pieces if type(each) is bytes)
    return found


def say(pool: Pool, pieces: list[bytes], most: int) -> None:
    """Have the client say this, and see that no more than so many bytes are kept of it."""
    pool.send(pieces)
    buffer = b"" if pool.replies.ending else pool.client._buffer
    assert len(buffer) <= pool.grammar.maxLine + 1, len(buffer)
    assert keptBy(pool.grammar) <= most, keptBy(pool.grammar)


class Model(Protocol):
    """What a dialect's requests are, told from lines alone."""

    def line(self, line: bytes, following: int) -> bool | None:
        """
        Whether a reply is owed for the request that a line ends; None when it ends none.

        @param following: how many raw bytes the grammar says will follow.
        """

    def raw(self) -> bool | None:
        """The same for the last of the raw bytes."""


#: Takes from a chunk, at an offset: the offset behind what was taken, and its pieces.
Take = Callable[[bytes, int], tuple[int, list[bytes]]]


class Onward:
    """
    A grammar that is held to offsets that never go back, in its own loop and in the one below it.

    @ivar maxLine: the grammar's.
    """

    def __init__(self, grammar: Grammar, take: Take) -> None:
        """
        @param take: the dialect's inner loop, with every short key known.
        """
        self.maxLine = grammar.maxLine
        self.lineEnd, self.line = grammar.lineEnd, grammar.line
        self.raw, self.partial = grammar.raw, grammar.partial
        self._grammar = grammar
        self._take = take

    def bulk(self, data: bytes, at: int) -> int:
        """Take what the grammar takes, and see that it is no less than nothing."""
        after, pieces = self._take(data, at)
        assert at <= after <= len(data), (at, after)
        assert all(pieces), pieces
        assert b"".join(pieces) == data[at:after], pieces
        after = self._grammar.bulk(data, at)
        assert at <= after <= len(data), (at, after)
        return after


class Watched:
    """
    A grammar that is held to one reply a request.

    @ivar maxLine: the grammar's.
    """

    def __init__(
        self, grammar: Grammar, replies: ReplyQueue, model: Model, queued: Callable[[], int]
    ) -> None:
        """
        @param queued: how many requests nobody waits for have been sent to servers.
        """
        self.maxLine = grammar.maxLine
        self._grammar = grammar
        self._replies = replies
        self._model = model
        self._queued = queued
        # Replies that were owed for the line before raw bytes: those to refused values.
        self._early = 0

    def bulk(self, data: bytes, at: int) -> int:
        """Take nothing: lines define the behaviour."""
        return at

    def lineEnd(self, data: bytes, at: int) -> tuple[int, int]:
        """Find a line's end."""
        return self._grammar.lineEnd(data, at)

    def partial(self, rest: bytes) -> None:
        """Look at an unfinished line."""
        self._grammar.partial(rest)

    def line(self, line: bytes) -> int:
        """Read a line, and see that its request ended in one way."""
        before, silent = len(self._replies.waiting), self._queued()
        following = self._grammar.line(line)
        self._early = len(self._replies.waiting) - before
        assert self._early in (0, 1)
        # A set that is refused for its size drops the old item, besides.
        dropped = self._early == 1 and self._replies.waiting[-1].reply == TOO_LARGE
        dropped = dropped and line.split()[0] == b"set"
        most = 1 + dropped
        assert self._early + self._queued() - silent <= most or line.startswith(b"flush_all")
        self._hold(self._model.line(line, following), self._early, line)
        return following

    def raw(self, piece: bytes, last: bool) -> None:
        """Take raw bytes, and see that the request they end ended in one way."""
        before, silent = len(self._replies.waiting), self._queued()
        self._grammar.raw(piece, last)
        owed = len(self._replies.waiting) - before
        assert owed + self._early + self._queued() - silent <= 1
        if last:
            self._hold(self._model.raw(), owed + self._early, piece)
        else:
            assert not owed

    def _hold(self, expected: bool | None, owed: int, what: bytes) -> None:
        if expected is not None and not self._replies.ending:
            assert owed == expected, what
