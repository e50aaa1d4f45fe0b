"""
Very many keys, of which each is an object only while it is looked at.

A key takes some 50 bytes as an object and 8 for each place in a list, and C{bytes.join} takes 80
for each of its pieces while it runs (C{Py_buffer}, in CPython's stringlib/join.h). Of keys of two
bytes that is fifty times the line in which they come. So very many are taken in stretches, and
what is kept of each is its bytes.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from nuttwist.wire.pipeline import Pipeline

#: More keys than this are very many.
MANY = 4096

#: Fewer bytes than this are not so many, whatever is in them.
MANY_BYTES = 2 * MANY

#: Bytes in which a stretch ends with the key that is there.
STRETCH = 16384


def stretches(words: bytes) -> Iterator[bytes]:
    """
    Keys, some at a time.

    @param words: keys with one blank between them.
    """
    at = 0
    while at <= len(words):
        end = words.find(b" ", at + STRETCH)
        if end < 0:
            end = len(words)
        yield words[at:end]
        at = end + 1


def squeezed(line: bytes) -> bytes:
    """
    The words of a line with one blank between them, and none before or behind them.
    """
    words = line.strip(b" ")
    while b"  " in words:
        words = words.replace(b"  ", b" ")
    return words


class Shares:
    """
    What each server has of very many keys.

    @ivar words: the keys, one blank between them.
    @ivar order: of each key the number of its pipeline, by its place in C{pieces}.
    @ivar pieces: the keys of each pipeline in request order, each followed by one blank.
    """

    __slots__ = ("order", "pieces", "words")

    def __init__(self, words: bytes) -> None:
        self.words = words
        self.order = array("I")
        self.pieces: dict[Pipeline, list[bytes]] = {}

    def add(self, pipelines: list[Pipeline], groups: dict[Pipeline, list[bytes]]) -> None:
        """
        Another stretch has been looked at.

        @param pipelines: of each key.
        @param groups: the keys of each pipeline, in request order.
        """
        for pipeline, keys in groups.items():
            self.pieces.setdefault(pipeline, []).append(b" ".join([*keys, b""]))
        numbers = {pipeline: number for number, pipeline in enumerate(self.pieces)}
        self.order.extend([numbers[pipeline] for pipeline in pipelines])

    def size(self) -> int:
        """
        Bytes that the keys and their order take.
        """
        return len(self.words) + self.order.itemsize * len(self.order)
