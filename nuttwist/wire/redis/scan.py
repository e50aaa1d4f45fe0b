"""
The inner loops over redis's bytes: what is ordinary, whole and well formed, by offsets.

Rules of this module. It decides nothing: it takes what is ordinary off the front of some bytes and
stops at the first that is not, which is for somebody else. A length is read as redis reads it: the
same bytes go on to a server, and one that it refuses would cost all clients their connection to it.
In the compiled core its twin C{scan.pyx} stands in its place, the only code that is written twice;
the unit tests run on both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nuttwist.wire.joining import MANY, poured

CRLF = b"\r\n"

ARRAY = ord("*")
STRING = ord("$")
ZERO = ord("0")

STRING_FORM = b"$%d\r\n%s\r\n"

#: Digits of a length that is ordinary.
DIGITS = 9

#: Bytes in which the longest beginning of an ordinary request, and the next line's, can be found.
HEAD_MAX = 64

#: The usual lengths, as they stand in a line: looking one up is cheaper than reading it.
SMALL = {b"%d" % length: length for length in range(4096)}


def _length(word: bytes) -> int:
    # An ordinary length that is not among the usual ones, or -1.
    ordinary = word.isdigit() and len(word) <= DIGITS and word[0] != ZERO
    return int(word) if ordinary else -1


def _arguments(data: bytes, at: int, count: int, largest: int, args: list[bytes]) -> int:
    # So many arguments, added to others: the offset behind them, or -1.
    for _ in range(count):
        end = data.find(CRLF, at)
        if end < 0 or data[at] != STRING:
            return -1
        word = data[at + 1 : end]
        size = SMALL.get(word, -1)
        if size < 0:
            size = _length(word)
        at = end + size + 4
        if not 0 <= size <= largest or data[at - 2 : at] != CRLF:
            return -1
        args.append(data[end + 2 : at - 2])
    return at


def requests(
    data: bytes,
    at: int,
    most: int,
    largest: int,
    heads: Mapping[bytes, int],
    routes: Mapping[bytes, Any],
    pipelines: list[Any],
    pieces: list[bytes],
) -> int:
    """
    Take requests that begin in an ordinary way, for as long as the way of their key is known.

    @param at: offset of the beginning of a request.
    @param most: requests that may be taken.
    @param largest: bytes of one argument.
    @param heads: how they begin, up to the name, and how many words they have; the key is second.
    @param routes: pipelines by key.
    @param pipelines: gets the pipeline of each, as C{pieces} gets its bytes.
    @return: offset of the first byte not taken.
    """
    while most > 0 and (name := data.find(b"\r\n$", at + 4, at + HEAD_MAX)) > 0:
        count = heads.get(data[at:name], 0)
        if not count:
            break
        end = data.find(CRLF, name + 3)
        size = SMALL.get(data[name + 3 : end], -1) if end > 0 else -1
        after = end + size + 4
        if not 0 <= size <= largest or not data.startswith(CRLF, after - 2):
            break
        pipeline = routes.get(data[end + 2 : after - 2])
        if count > 2:
            after = _arguments(data, after, count - 2, largest, [])
        if pipeline is None or after < 0:
            break
        pipelines.append(pipeline)
        pieces.append(data[at:after])
        at = after
        most -= 1
    return at


def whole(data: bytes, at: int, largest: int, args: list[bytes]) -> int:
    """
    Look over a request of any kind.

    @param at: offset of its beginning.
    @param largest: bytes of one argument.
    @param args: gets its arguments, at least one.
    @return: the offset behind it, or -1 when it is cut or out of the ordinary.
    """
    end = data.find(CRLF, at)
    if end < 0 or data[at] != ARRAY:
        return -1
    word = data[at + 1 : end]
    if not word.isdigit() or word[0] == ZERO or len(word) > 6:
        return -1
    return _arguments(data, end + 2, int(word), largest, args)


def strings(data: bytes, at: int, most: int, found: list[bytes] | None) -> tuple[int, int]:
    """
    Take whole strings, and nulls in the place of strings.

    @param at: offset of the beginning of a value.
    @param most: how many may be taken, in less than 64 bits.
    @param found: gets each, encoded as it is, if anybody wants them.
    @return: offset of the first byte not taken, and how many were taken.
    """
    find, startsWith = data.find, data.startswith
    taken = 0
    while taken < most:
        end = find(CRLF, at)
        if end < 0 or data[at] != STRING:
            break
        word = data[at + 1 : end]
        size = SMALL.get(word, -1)
        if size < 0:
            # A null is a line alone.
            size = -2 if word == b"-1" else _length(word)
            if size == -1:
                break
        after = end + size + 4
        if not startsWith(CRLF, after - 2):
            break
        if found is not None:
            found.append(data[at:after])
        at = after
        taken += 1
    return at, taken


def encoded(args: Sequence[bytes]) -> bytes:
    """
    A command and its arguments, as clients and proxies send them.
    """
    head = b"*%d\r\n" % len(args)
    if len(args) > MANY:
        return head + poured(STRING_FORM % (len(arg), arg) for arg in args)
    return head + b"".join([STRING_FORM % (len(arg), arg) for arg in args])


def shared(name: bytes, items: list[bytes], width: int, pipelines: list[Any]) -> dict[Any, Any]:
    """
    The arguments for each pipeline, the name first.

    @param items: the arguments behind the name, so many for each key.
    @param pipelines: of each key.
    """
    shares: dict[Any, list[bytes]] = {}
    for number, pipeline in enumerate(pipelines):
        share = shares.get(pipeline)
        if share is None:
            share = shares[pipeline] = [name]
        share += items[number * width : number * width + width]
    return shares


def woven(shares: list[list[bytes]], order: list[int]) -> list[bytes]:
    """
    The elements of several lists in one.

    @param order: of each element of the sum, the number of its list; there are as many of each as
        it has elements.
    """
    iterators = [iter(share) for share in shares]
    return [next(iterators[number]) for number in order]
