"""
The arguments that classic and meta commands share, held to memcached's limits.
"""

from __future__ import annotations

from collections.abc import Callable

from nuttwist.demo.numerals import signed32
from nuttwist.demo.replies import ClientError

BAD_LINE = "bad command line format"
KEY_MOST = 250
_LENGTH_MOST = (1 << 31) - 4


def keyOf(token: bytes) -> bytes:
    """
    Take a token as a key.

    @raise ClientError: it is longer than memcached's keys are.
    """
    if len(token) > KEY_MOST:
        raise ClientError(BAD_LINE)
    return token


def numberOf(read: Callable[[bytes], int], token: bytes, complaint: str = BAD_LINE) -> int:
    """
    Take a token as a number.

    @param read: one of the readers of L{nuttwist.demo.numerals}.
    @raise ClientError: it is none, in the words of C{complaint}.
    """
    try:
        return read(token)
    except ValueError:
        raise ClientError(complaint) from None


def lengthOf(token: bytes) -> int:
    """
    Take a token as the length of the value that follows, in bytes.

    @raise ClientError: it is no number, negative, or more than memcached reads.
    """
    length = numberOf(signed32, token)
    if not 0 <= length <= _LENGTH_MOST:
        raise ClientError(BAD_LINE)
    return length
