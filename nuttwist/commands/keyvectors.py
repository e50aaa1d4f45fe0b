"""
The keys that C{nutproxy plan} asks about: made up, or those of a file.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from random import Random
from typing import BinaryIO

from nuttwist.commands.mistakes import CommandError

CHUNK = 20000
"""Keys at a time: enough to forget the cost of a chunk, few enough for a bar that moves."""

STANDARD_INPUT = "-"


def madeUp(count: int, seed: int) -> Iterator[list[bytes]]:
    """
    Keys such as C{key:f3a1...}, in chunks; the same ones for the same seed.
    """
    random = Random(seed)  # noqa: S311  it keeps no secret
    for begin in range(0, count, CHUNK):
        size = min(CHUNK, count - begin)
        yield [b"key:%016x" % random.getrandbits(64) for _ in range(size)]


def listed(path: str) -> Iterator[list[bytes]]:
    """
    The keys of a file with one a line, in chunks. Empty lines are none.

    @param path: C{-} for standard input.
    @raise CommandError: If it cannot be read.
    """
    try:
        with _opened(path) as file:
            lines = (line.rstrip(b"\r\n") for line in file)
            keys = (line for line in lines if line)
            while chunk := list(islice(keys, CHUNK)):
                yield chunk
    except OSError as error:
        raise CommandError(f"--keys-file: {path!r} cannot be read: {error.strerror}") from None


def _opened(path: str) -> AbstractContextManager[BinaryIO]:
    if path == STANDARD_INPUT:
        return nullcontext(sys.stdin.buffer)
    return open(path, "rb")  # noqa: PTH123  whoever asked closes it
