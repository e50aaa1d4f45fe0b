"""One piece of bytes out of very many."""

from __future__ import annotations

import pytest

from nuttwist.wire.joining import MANY, joined, poured

from .memory import peakOf


@pytest.mark.parametrize("count", [0, 1, MANY, MANY + 1])
def test_piecesAreJoinedHoweverManyThereAre(count):
    """In their order."""
    pieces = [b"%d," % number for number in range(count)]
    assert joined(pieces) == poured(iter(pieces)) == b"".join(pieces)


def test_tinyPiecesTakeNoMoreThanTheWhole():
    """Which grows by an eighth more than it needs."""
    assert peakOf(joined, [b"ab"] * 500_000) < 2_000_000
