"""What is done to a valid stream."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

#: Bytes that mean something in either dialect.
SHARP = b"\r\n\r\n\0 $*0129-+:_\x7f\xff\"'\\"

#: What stands where a line should end.
ENDS = (b"\n", b"\r", b"\n\r", b"\r\r\n", b"", b"\r\n\r\n", b" \r\n", b"\0\r\n", b"\r\n ")

#: What stands where a number should; lengths among them that overflow something.
NUMBERS = b"""0 1 2 3 9 00 01 -0 -1 -2 +1 1.0 250 251 4096 65535 1048576 1048577 2147483647
 2147483648 4294967295 4294967296 4503599627370496 9223372036854775807 9223372036854775808
 18446744073709551615 18446744073709551616 99999999999999999999""".split()

NUMBER = re.compile(rb"-?\d+")
END = re.compile(rb"\r\n")


def _replaced(data: bytes, place: tuple[int, int], by: bytes) -> bytes:
    return data[: place[0]] + by + data[place[1] :]


def _range(data: bytes, draw: random.Random, most: int) -> tuple[int, int]:
    at = draw.randrange(len(data))
    return at, min(len(data), at + draw.randint(1, most))


def _found(data: bytes, draw: random.Random, what: re.Pattern[bytes]) -> tuple[int, int] | None:
    places = [each.span() for each in what.finditer(data)]
    return draw.choice(places) if places else None


def flipped(data: bytes, draw: random.Random) -> bytes:
    """Another byte in the place of one."""
    at = draw.randrange(len(data))
    other = draw.choice(SHARP) if draw.random() < 0.5 else data[at] ^ (1 << draw.randrange(8))
    return _replaced(data, (at, at + 1), bytes([other]))


def deleted(data: bytes, draw: random.Random) -> bytes:
    """Some bytes less."""
    return _replaced(data, _range(data, draw, 4), b"")


def doubled(data: bytes, draw: random.Random) -> bytes:
    """Some bytes twice."""
    start, end = _range(data, draw, 24)
    return data[:end] + data[start:]


def swapped(data: bytes, draw: random.Random) -> bytes:
    """Two neighbours in the other order."""
    start, end = _range(data, draw, 12)
    after = min(len(data), end + draw.randint(1, 12))
    return data[:start] + data[end:after] + data[start:end] + data[after:]


def truncated(data: bytes, draw: random.Random) -> bytes:
    """The end is missing."""
    return data[: draw.randrange(len(data))]


def renumbered(data: bytes, draw: random.Random) -> bytes:
    """Another number: one more or less, or one with a meaning."""
    place = _found(data, draw, NUMBER)
    if place is None:
        return data
    number = int(data[slice(*place)][:20])
    near = b"%d" % (number + draw.choice((-2, -1, 1, 2)))
    return _replaced(data, place, near if draw.random() < 0.5 else draw.choice(NUMBERS))


def reended(data: bytes, draw: random.Random) -> bytes:
    """Another end of a line."""
    place = _found(data, draw, END)
    return data if place is None else _replaced(data, place, draw.choice(ENDS))


KINDS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    flipped, deleted, doubled, swapped, truncated, renumbered, renumbered, reended, reended,
)  # fmt: skip


def mutated(data: bytes, draw: random.Random, count: int) -> bytes:
    """
    Change a stream.

    @param count: how often.
    """
    for _ in range(count):
        if data:
            data = draw.choice(KINDS)(data, draw)
    return data
