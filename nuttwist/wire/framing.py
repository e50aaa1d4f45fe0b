"""
What the line receivers of L{nuttwist.net} ask of a dialect, in either direction.
"""

from __future__ import annotations

from typing import Protocol

#: Bytes of one value from a server: as much as memcached or redis can be told to keep.
VALUE_MAX = 1024 * 1024 * 1024

#: What is told in the place of a reply that is larger than a pool holds.
TOO_LARGE = "reply too large"


class BadReply(Exception):
    """
    A server broke the protocol; the argument is what it said.
    """


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
