"""Numbers are read as memcached's C library reads them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from nuttwist.demo.numerals import signed32, unsigned32, unsigned64


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (b"0", 0),
        (b"-1", -1),
        (b"+5", 5),
        (b"\t7\t", 7),
        (b"2147483648", -(1 << 31)),
        (b"4294967297", 1),
    ],
)
def test_signedNumbersKeep32Bits(text: bytes, number: int) -> None:
    """A signed number keeps its low 32 bits."""
    assert signed32(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (b"18446744073709551615", (1 << 64) - 1),
        (b"-0", 0),
        (b"-18446744073709551615", 1),
        (b"5 apples", 5),
        (b"5\0x", 5),
    ],
)
def test_unsignedNumbers(text: bytes, number: int) -> None:
    """An unsigned number has 64 bits and ends at a blank."""
    assert unsigned64(text) == number


def test_flagsKeep32Bits() -> None:
    """Client flags keep their low 32 bits."""
    assert unsigned32(b"4294967303") == 7


@pytest.mark.parametrize(
    "text", [b"", b"x", b"1x", b"0x10", b"1.5", b" ", b"- 1", b"9" * 20, b"9" * 5000]
)
@pytest.mark.parametrize("read", [signed32, unsigned32, unsigned64])
def test_whatIsNoNumber(read: Callable[[bytes], int], text: bytes) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match=re.escape(str(text))):
        read(text)


@pytest.mark.parametrize("text", [b"-1", b"-5", b"-9223372036854775808"])
def test_negativeIsNotUnsigned(text: bytes) -> None:
    """A small negative number is no unsigned number."""
    with pytest.raises(ValueError, match=text.decode()):
        unsigned64(text)
