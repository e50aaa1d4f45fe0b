"""Very many keys in one line: split and answered as few are, and never all objects at once."""

from __future__ import annotations

import itertools
import string

import pytest
from hypothesis import given, strategies as st

from nuttwist.wire.memcache import commands as c
from nuttwist.wire.memcache.manykeys import MANY, STRETCH, squeezed, stretches

from .memory import peakOf
from .rig import Pool, block, found

LETTERS = string.ascii_letters.encode()
KEYS = [b"k%d" % number for number in range(MANY + 1000)]

#: Keys that a proxy has seen before, in a line of 300 KB.
TINY = list(map(bytes, itertools.product(LETTERS, repeat=2)))
LINE = b"get " + b" ".join(itertools.islice(itertools.cycle(TINY), 100_000)) + b"\r\n"


@given(st.integers(1, 9), st.integers(2, 2 * STRETCH), st.integers(0, 250))
def test_stretchesEndBetweenKeys(length, count, longer):
    """They are the keys in their order, of no stretch more bytes than its size and a key."""
    words = b" ".join([b"a" * length] * count + [b"b" * longer])
    pieces = list(stretches(words))
    assert b" ".join(pieces) == words
    assert max(map(len, pieces)) <= STRETCH + 250


@given(st.lists(st.sampled_from([b"", b"", b"a", b"bc"])))
def test_blanksOverAreTakenAway(words):
    """One is left between any two words."""
    assert squeezed(b" ".join(words)) == b" ".join(word for word in words if word)


@pytest.mark.parametrize("verb", [b"get ", b"get  ", b"gets ", b"gets   "])
@pytest.mark.parametrize("gap", [b" ", b"   "])
def test_eachServerGetsItsKeys(verb, gap):
    """In one part, each key followed by one blank, however the line has them."""
    pool = Pool()
    pool.send([verb + gap.join(KEYS) + b"\r\n"])
    route = pool.router.route
    own = [[key for key in KEYS if route(key).rank == rank] for rank in range(3)]
    expected = [verb.strip() + b" " + b" ".join(keys) + b" \r\n" for keys in own]
    assert pool.takeAll() == tuple(expected)
    for rank in (2, 0, 1):
        pool.answer(rank)
    assert pool.replies.take() == b"".join(block(key) for key in KEYS if found(key)) + b"END\r\n"


def test_ofOneServerTheyGoAsTheyCame():
    """Byte for byte, and what it says comes back so."""
    pool = Pool(servers=1)
    line = b"get  " + b" ".join(KEYS) + b" \r\n"
    pool.send([line])
    assert pool.takeAll() == (line,)
    assert pool.counters.fragments == 0


@pytest.mark.parametrize("bad", [b"k" * 251, b"a\tb", b"\f"])
def test_oneBadKeyRefusesThemAll(bad):
    """Wherever it is: then nothing has been sent."""
    for place in (0, MANY, len(KEYS)):
        pool = Pool()
        pool.send([b"get " + b" ".join([*KEYS[:place], bad, *KEYS[place:]]) + b"\r\n"])
        assert pool.takeAll() == (b"", b"", b"")
        assert pool.replies.take() == c.BAD_FORMAT


def test_aCrowdedPipelineHoldsBackWhoeverFeedsIt():
    """Also with one part of a request for very many keys."""
    pool = Pool()
    pool.router.pipelines[1].crowded = True
    pool.router.crowded = 1
    pool.send([b"get " + b" ".join(KEYS) + b"\r\n"])
    assert pool.grammar.feeding is pool.router.pipelines[1]


@pytest.mark.parametrize("line", [b"get ", b"gets "])
def test_noKeysAtAllInALongLine(line):
    """Blanks are no keys."""
    pool = Pool()
    pool.send([line + b" " * c.SHORT_LINE + b"\r\n"])
    assert pool.replies.take() == c.ERROR


@pytest.mark.parametrize("verb", [b"get ", b"gets ", b"get  "])
def test_keysAreObjectsOnlyWhileTheyAreLookedAt(verb):
    """One line takes a small multiple of its bytes, at its worst, to be split."""
    pool = Pool()
    pool.send([LINE])
    pool.takeAll()
    assert peakOf(pool.send, [verb + LINE[4:]]) < 10 * len(LINE)


def test_anAnswerTakesLittleBesideItself():
    """Also one in which each value comes again and again."""
    pool = Pool()
    pool.send([LINE])
    pool.takeAll()
    pool.answer(0)
    pool.answer(1)
    values = [block(key) for key in TINY if found(key)]
    whole = len(LINE) // 3 / len(TINY) * sum(map(len, values))
    assert peakOf(pool.answer, 2) < 3 * whole + 10 * len(LINE)


@pytest.mark.parametrize("line", [b"set " + b"a " * 100_000, b" " * 300_000, b"a " * 100_000])
def test_aLineThatIsRefusedTakesLittle(line):
    """Its words are not looked at."""
    pool = Pool()
    assert peakOf(pool.send, [line + b"\r\n"]) < 10 * len(line)
    assert pool.takeAll() == (b"", b"", b"")
