"""
What the line receivers of L{nuttwist.net} ask of a dialect, in either direction.
"""

from __future__ import annotations

from typing import Protocol

#: Bytes of one value from a server: as much as memcached or redis can be told to keep.
VALUE_MAX = 1024 * 1024 * 1024

#: What is told in the place of a reply that is larger than a pool holds.
TOO_LARGE = "reply too large"

#: What the log says of a client that is closed for it.
SPEAKS_HTTP = "it speaks HTTP"


class BadReply(Exception):
    """
    A server broke the protocol; the argument is what it said.
    """


def crlfEnd(data: bytes, at: int) -> tuple[int, int]:
    """
    L{Grammar.lineEnd} where only CRLF ends a line.
    """
    end = data.find(b"\r\n", at)
    return (end, end + 2) if end >= 0 else (-1, -1)


def lfEnd(data: bytes, at: int) -> tuple[int, int]:
    """
    L{Grammar.lineEnd} where LF ends a line, and one CR before it belongs to the end.
    """
    end = data.find(b"\n", at)
    if end < 0:
        return -1, -1
    return end - data.startswith(b"\r", max(end - 1, at)), end + 1


class Grammar(Protocol):
    """
    Turns bytes into messages without doing any input or output.

    @ivar maxLine: the longest line that is waited for, in bytes without its end.
    """

    @property
    def maxLine(self) -> int: ...

    def bulk(self, data: bytes, at: int) -> int:
        """
        Take common, complete and well-formed messages off the chunk.

        @param at: offset of the first byte of a line.
        @return: offset of the first byte not taken, again the first of a line.
        @raise BadReply: the server broke the protocol.
        """

    def lineEnd(self, data: bytes, at: int) -> tuple[int, int]:
        """
        Find the end of a line.

        @param at: offset of its first byte.
        @return: the offset where its content ends, and the one behind its end; -1 and -1 when the
            end has not come.
        """

    def line(self, line: bytes) -> int:
        """
        Read one line, without its end.

        @return: how many raw bytes follow it.
        @raise BadReply: the server broke the protocol.
        """

    def raw(self, piece: bytes, last: bool) -> None:
        """
        Take a piece of the raw bytes that a line announced.

        @param last: this piece ends them.
        @raise BadReply: the server broke the protocol.
        """

    def partial(self, rest: bytes) -> None:
        """
        Look at the start of a line whose end has not come.

        @raise BadReply: the server broke the protocol.
        """
