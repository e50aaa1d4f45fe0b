"""
RESP, the protocol of redis: whole values to bytes, and whole values in bytes.

Rules of this module. What is encoded is complete: an aggregate is made of values that are
encoded already. What is decoded is read by offsets, without recursion and without a stack, so
that depth costs nothing: a value owes one end, and an aggregate owes as many more as it has
elements. No length that a peer names is ever allocated. Streamed values (C{$?}, C{*?}) are not
RESP here: no redis sends them. Sources: redis's protocol specification, and RESP3's.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence

from nuttwist.wire.joining import joined
from nuttwist.wire.redis import scan

CRLF = b"\r\n"

#: Longest decimal number that can be a length or an integer: a sign and 64 bits.
DIGITS_MAX = 20

#: Longest line of a value that is no text: a double with all its digits.
LINE_MAX = 400

NUMBER = re.compile(rb"-?[0-9]+", re.ASCII)
DOUBLE = re.compile(rb"-?(?:inf|nan|[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)")

BULK = ord("$")
ARRAY = ord("*")
ATTRIBUTE = ord("|")

#: Types whose length counts bytes that follow the line.
BULKS = frozenset(b"$!=")

#: Types whose length counts elements that follow the line, and how many values each has.
WIDTHS = {ARRAY: 1, ord("~"): 1, ord(">"): 1, ord("%"): 2, ATTRIBUTE: 2}

#: Lines that may be as long as the peer likes.
TEXTS = frozenset(b"+-(")


def isInteger(word: bytes) -> bool:
    """
    True for a decimal number of 64 bits or a little more.
    """
    return len(word) <= DIGITS_MAX and NUMBER.fullmatch(word) is not None


#: Types of one line, and what may stand in it.
LINES: dict[int, Callable[[bytes], object]] = {
    ord("+"): lambda _: True,
    ord("-"): lambda _: True,
    ord(":"): isInteger,
    ord("_"): lambda word: not word,
    ord("#"): (b"t", b"f").__contains__,
    ord(","): DOUBLE.fullmatch,
    ord("("): NUMBER.fullmatch,
}

KINDS = BULKS.union(WIDTHS, LINES)

#: A line of text ends at the first of these, so none can be in it.
LINE_ENDS = bytes.maketrans(b"\r\n", b"  ")


def status(text: bytes) -> bytes:
    """
    A status line; line ends in the text become blanks.
    """
    return b"+%s\r\n" % text.translate(LINE_ENDS)


def error(text: bytes) -> bytes:
    """
    An error; line ends in the text become blanks.

    @param text: with the code that goes first, as in C{ERR syntax error}.
    """
    return b"-%s\r\n" % text.translate(LINE_ENDS)


def integer(number: int) -> bytes:
    """
    An integer.
    """
    return b":%d\r\n" % number


def bulk(value: bytes | None) -> bytes:
    """
    A string of bytes, or the null that has the same type in RESP2.
    """
    return b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)


def array(items: Sequence[bytes]) -> bytes:
    """
    An array of encoded values.
    """
    return b"*%d\r\n%s" % (len(items), joined(items))


def request(args: Sequence[bytes]) -> bytes:
    """
    A command and its arguments, as clients and proxies send them.
    """
    data: bytes = scan.encoded(list(args))
    return data


def mapping(pairs: Iterable[tuple[bytes, bytes]], protocol: int) -> bytes:
    """
    A map of encoded keys and values; RESP2 has an array of both in turn.
    """
    items = [each for pair in pairs for each in pair]
    return b"%%%d\r\n%s" % (len(items) // 2, b"".join(items)) if protocol > 2 else array(items)


def setOf(items: Sequence[bytes], protocol: int) -> bytes:
    """
    A set of encoded values; RESP2 has an array.
    """
    return b"~%d\r\n%s" % (len(items), b"".join(items)) if protocol > 2 else array(items)


def null(protocol: int) -> bytes:
    """
    Nothing; RESP2 has a null string.
    """
    return b"_\r\n" if protocol > 2 else b"$-1\r\n"


def boolean(value: bool, protocol: int) -> bytes:
    """
    True or false; RESP2 has 1 and 0.
    """
    return (b"#t\r\n" if value else b"#f\r\n") if protocol > 2 else integer(int(value))


def double(value: float, protocol: int) -> bytes:
    """
    A floating point number with the digits that tell it from its neighbours; RESP2 has a
    string of them.
    """
    text = repr(float(value)).removesuffix(".0") if math.isfinite(value) else str(value)
    return b",%s\r\n" % text.encode() if protocol > 2 else bulk(text.encode())


def verbatim(text: bytes, protocol: int) -> bytes:
    """
    Plain text for a reader's eyes; RESP2 has a string.
    """
    return b"=%d\r\ntxt:%s\r\n" % (len(text) + 4, text) if protocol > 2 else bulk(text)


def lengthOf(kind: int, word: bytes) -> int:
    """
    The length in a line that has one; -1 for the nulls of RESP2.

    @raise ValueError: it is none.
    """
    small = scan.SMALL.get(word)
    if small is not None:
        return small
    if word == b"-1" and kind in (BULK, ARRAY):
        return -1
    if isInteger(word) and int(word) >= 0:
        return int(word)
    raise ValueError(f"not a length: {chr(kind)}{word[:DIGITS_MAX]!r}")


def unfinished(data: bytes, at: int) -> int:
    """
    -1 for the beginning of a line.

    @raise ValueError: no line of RESP begins so.
    """
    if at < len(data):
        kind = data[at]
        if kind not in KINDS or (kind not in TEXTS and len(data) - at > LINE_MAX):
            raise ValueError(f"not RESP: {data[at : at + DIGITS_MAX]!r}")
    return -1


def skip(data: bytes, at: int) -> int:
    """
    Where the value ends that begins at an offset. An attribute belongs to the value after it.

    Costs a few operations for each line of the value, from its beginning at every call.

    @return: the offset behind the value, or -1 when it is not all there.
    @raise ValueError: it is not RESP.
    """
    owed = 1
    while owed:
        end = data.find(CRLF, at)
        if end < 0:
            return unfinished(data, at)
        kind = data[at]
        if kind not in KINDS:
            raise ValueError(f"not RESP: {data[at : at + DIGITS_MAX]!r}")
        word = data[at + 1 : end]
        at = end + 2
        owed -= 1
        if kind in BULKS:
            length = lengthOf(kind, word)
            if length >= 0:
                at += length + 2
                if at > len(data):
                    return -1
                if data[at - 2 : at] != CRLF:
                    raise ValueError(f"a string is not ended after {length} bytes")
        elif kind in WIDTHS:
            owed += max(lengthOf(kind, word), 0) * WIDTHS[kind] + (kind == ATTRIBUTE)
        elif not LINES[kind](word):
            raise ValueError(f"not RESP: {chr(kind)!r} {word[:DIGITS_MAX]!r}")
    return at


def elements(reply: bytes) -> list[bytes]:
    """
    The elements of a complete aggregate, encoded as they are; of a map, keys and values in turn.

    @return: nothing for a null array.
    @raise ValueError: it is no complete aggregate, or there is something behind it.
    """
    end = reply.find(CRLF)
    if end < 0 or reply[0] not in WIDTHS:
        raise ValueError(f"not an aggregate: {reply[:DIGITS_MAX]!r}")
    found: list[bytes] = []
    count = max(lengthOf(reply[0], reply[1:end]), 0) * WIDTHS[reply[0]]
    at, taken = scan.strings(reply, end + 2, min(count, len(reply)), found)
    for _ in range(count - taken):
        end = skip(reply, at)
        if end < 0:
            break
        found.append(reply[at:end])
        at = end
    if end < 0 or at != len(reply):
        raise ValueError(f"not one complete aggregate: {reply[:DIGITS_MAX]!r}")
    return found


def integerOf(reply: bytes) -> int | None:
    """
    The number in a complete integer reply, or L{None} for a reply of another type.
    """
    word = reply[1:-2]
    return int(word) if reply.startswith(b":") and isInteger(word) else None


def bulkOf(reply: bytes) -> bytes | None:
    """
    The bytes in a complete string reply, or L{None} for a null or a reply of another type.
    """
    end = reply.find(CRLF)
    if not reply.startswith(b"$") or end < 0 or reply.startswith(b"$-"):
        return None
    return reply[end + 2 : -2]
