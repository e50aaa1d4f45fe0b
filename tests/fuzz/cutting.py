"""Ways of cutting an input's bytes into chunks; the same input is always cut the same way."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator

from tests.unit.wire.rig import cut, singly

#: Byte by byte costs the most, and tells no more of a long input.
SINGLY_MAX = 256


def ways(data: bytes) -> Iterator[list[bytes]]:
    """Whole, cut at a few places, and byte by byte."""
    chance = random.Random(zlib.crc32(data))
    yield [data]
    yield cut(data, [chance.randrange(len(data) + 1) for _ in range(chance.randrange(1, 9))])
    if len(data) <= SINGLY_MAX:
        yield singly(data)
