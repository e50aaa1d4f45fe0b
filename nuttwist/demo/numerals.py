"""
The numbers of the memcached text protocol, read as a C library reads them.

memcached hands its tokens to C{strtol} and C{strtoull} and keeps the low 32 bits of what does not
fit, so C{+5}, C{-0} and C{4294967296} (which becomes 0) are numbers and C{1x} is not. The same
reader serves the values that incr and decr change, where blanks may stand before the digits and
anything may stand after a blank.
"""

from __future__ import annotations

import re

_DIGITS = re.compile(rb"[ \t\n\v\f\r]*([+-]?)([0-9]{1,64})(?:[ \t\n\v\f\r\0]|\Z)")


def _read(text: bytes) -> int:
    found = _DIGITS.match(text)
    if found is None:
        raise ValueError(text)
    return int(found[1] + found[2])


def signed32(text: bytes) -> int:
    """
    Read an expiry time or a length.

    @raise ValueError: C{text} is not a number, or needs more than 64 bits.
    """
    number = _read(text)
    if not -(1 << 63) <= number < 1 << 63:
        raise ValueError(text)
    return ((number + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)


def unsigned64(text: bytes) -> int:
    """
    Read a cas number, a delta or a counter's value.

    A minus sign is refused only when the wrapped number has its top bit set: that is all
    memcached looks at.

    @raise ValueError: C{text} is not a number, is negative, or needs more than 64 bits.
    """
    number = _read(text)
    wrapped = number & 0xFFFFFFFFFFFFFFFF
    if abs(number) >> 64 or (number < 0 and wrapped >> 63):
        raise ValueError(text)
    return wrapped


def unsigned32(text: bytes) -> int:
    """
    Read client flags.

    @raise ValueError: as L{unsigned64}.
    """
    return unsigned64(text) & 0xFFFFFFFF
