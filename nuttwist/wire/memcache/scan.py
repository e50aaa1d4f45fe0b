"""
The inner loops over memcached's bytes: what is ordinary, whole and well formed, by offsets.

Rules of this module. It decides nothing: it takes what is ordinary off the front of some bytes and
stops at the first that is not, which is for somebody else. In the compiled core its twin
C{scan.pyx} stands in its place, the only code that is written twice; the unit tests run on both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

CRLF = b"\r\n"

#: The line of an ordinary set: group 1 is the key, group 2 the size of the value.
SET = re.compile(rb"set ([^ \r\n]+) [0-9]{1,9} [0-9]{1,9} ([0-9]{1,9})\r\n")

#: What stands behind the key in the line before a value: flags, size, and perhaps a number that
#: is unique to the value.
NUMBERS = re.compile(rb" [0-9]+ ([0-9]{1,10})(?: [0-9]+)?\r\n")

#: Bytes of the longest line before a value that is ordinary: a key and three numbers.
HEADER_MAX = 512

END = b"END\r\n"


def _set(data: bytes, at: int, end: int, largest: int) -> tuple[bytes, int]:
    # Of the ordinary set that begins here the key, and the offset behind it; or the same offset.
    header = SET.match(data, at)
    if header is None:
        return b"", at
    size = int(header[2])
    after = end + size + 4
    whole = size <= largest and data[after - 2 : after] == CRLF
    return (header[1], after) if whole else (b"", at)


def requests(
    data: bytes,
    at: int,
    most: int,
    largest: int,
    routes: Mapping[bytes, Any],
    pipelines: list[Any],
    pieces: list[bytes],
) -> int:
    """
    Take gets of one key, and sets, for as long as the way of their key is known.

    @param at: offset of the first byte of a line.
    @param most: requests that may be taken.
    @param largest: bytes of a value.
    @param routes: pipelines by key; all of these keys are well formed.
    @param pipelines: gets the pipeline of each.
    @param pieces: gets the bytes of each.
    @return: offset of the first byte not taken.
    """
    while most > 0:
        end = data.find(CRLF, at)
        if end < 0:
            break
        verb = data[at : at + 4]
        if verb == b"get ":
            key, after = data[at + 4 : end], end + 2
        elif verb == b"set ":
            key, after = _set(data, at, end, largest)
        else:
            break
        pipeline = routes.get(key)
        if pipeline is None or after == at:
            break
        pipelines.append(pipeline)
        pieces.append(data[at:after])
        at = after
        most -= 1
    return at


@lru_cache(maxsize=1024)
def sizeIn(numbers: bytes) -> int:
    """
    The size of a value, by the end of its line, from the blank behind the key on; -1 when those
    are no numbers.
    """
    found = NUMBERS.fullmatch(numbers)
    return -1 if found is None else int(found[1])


def values(data: bytes, at: int, blocks: dict[bytes, bytes] | None) -> int:
    """
    Take whole C{VALUE} blocks, and the C{END} behind them.

    @param at: offset of the first byte of a line.
    @param blocks: gets each block by its key, if anybody wants them.
    @return: offset behind the C{END}; or, when there is something else behind the blocks, the
        complement (C{~}) of the offset where it begins.
    """
    find, startsWith = data.find, data.startswith
    while startsWith(b"VALUE ", at):
        end = find(b"\r", at + 6, at + HEADER_MAX - 1) + 2
        blank = find(b" ", at + 6, end)
        size = sizeIn(data[blank:end]) if blank > at + 6 else -1
        after = end + size + 2
        if size < 0 or not startsWith(CRLF, after - 2):
            return ~at
        if blocks is not None:
            blocks[data[at + 6 : blank]] = data[at:after]
        at = after
    return at + 5 if startsWith(END, at) else ~at


def spread(
    words: bytes, routes: Mapping[bytes, Any], keys: list[bytes], pipelines: list[Any]
) -> dict[Any, list[bytes]]:
    """
    The keys of a retrieval by pipeline, in their order.

    @param words: keys with one blank between them.
    @param routes: pipelines by key; all of these keys are well formed.
    @param keys: gets all keys.
    @param pipelines: gets the pipeline of each key, L{None} where its way is not known.
    @return: nothing unless the way of every key is known.
    """
    keys += words.split(b" ")
    pipelines += map(routes.get, keys)
    return {} if None in pipelines else grouped(keys, pipelines)


def grouped(keys: Sequence[bytes], pipelines: Sequence[Any]) -> dict[Any, list[bytes]]:
    """
    The keys of each pipeline, in their order.

    @param pipelines: of each key.
    """
    groups: dict[Any, list[bytes]] = {}
    for key, pipeline in zip(keys, pipelines):  # noqa: B905  strict costs a call
        group = groups.get(pipeline)
        if group is None:
            groups[pipeline] = [key]
        else:
            group.append(key)
    return groups


def picked(
    keys: Sequence[bytes], pipelines: Sequence[Any], blocks: Mapping[Any, Mapping[bytes, bytes]]
) -> list[bytes]:
    """
    The blocks that were found, in the order of the keys.

    @param pipelines: of each key.
    @param blocks: of each pipeline, by key.
    """
    found = [blocks[pipeline].get(key) for key, pipeline in zip(keys, pipelines)]  # noqa: B905
    return [block for block in found if block is not None]
