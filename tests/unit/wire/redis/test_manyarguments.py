"""Very many arguments in one request: they go as few do, and take little beside themselves."""

from __future__ import annotations

import pytest

from nuttwist.wire.joining import MANY
from nuttwist.wire.redis import scan
from nuttwist.wire.redis.resp import array, bulk, elements, integer, request
from nuttwist.wire.router import Settings
from tests.unit.wire.memory import peakOf

from .rig import RedisPool, hasKey, valueOf

ANY = Settings(request_bytes_max=64 << 20)
KEYS = [b"%d" % number for number in range(30_000)]


def pieces(data, size=65536):
    """As they are read from a socket."""
    return [data[at : at + size] for at in range(0, len(data), size)]


@pytest.mark.parametrize("count", [MANY - 1, MANY, MANY + 1])
def test_anyNumberOfArgumentsIsEncoded(count):
    """Those of very many too."""
    args = [b"k%d" % number for number in range(count)]
    assert elements(scan.encoded(args)) == list(map(bulk, args))


@pytest.mark.parametrize("size", [1000, 65536])
def test_aRequestInPiecesIsSplitAndMerged(size):
    """In the order of its keys."""
    pool = RedisPool(ANY)
    pool.send(pieces(request([b"MGET", *KEYS]), size))
    assert pool.counters.fragments == 3
    assert pool.outcome().received == array([valueOf(key) for key in KEYS])


@pytest.mark.parametrize("count", [1, MANY, 2 * MANY, 30_000])
def test_aRequestInPiecesGoesToOneServerAsItCame(count):
    """Byte for byte, and what follows it is another request."""
    pool = RedisPool(ANY)
    data = request([b"SADD", b"set", *KEYS[:count]])
    pool.send(pieces(data + data))
    assert b"".join(pool.takeAll()) == data + data


def test_numbersAreAdded():
    """Of a DEL of very many keys."""
    pool = RedisPool(ANY)
    pool.send(pieces(request([b"DEL", *KEYS])))
    assert pool.outcome().received == integer(sum(map(hasKey, KEYS)))


@pytest.mark.parametrize("verb", [b"MGET", b"DEL"])
def test_anArgumentTakesLessThanItIsCounted(verb):
    """With all that is made of it until it is with its server."""
    pool = RedisPool(ANY)
    data = pieces(request([verb, *KEYS]))
    assert peakOf(pool.send, data) < 180 * len(KEYS)


def test_anAnswerOfTinyValuesTakesLittle():
    """Until it has become one again."""
    pool = RedisPool(ANY)
    pool.send(pieces(request([b"MGET", *KEYS])))
    pool.takeAll()
    pool.answer(0)
    pool.answer(1)
    assert peakOf(pool.answer, 2) < 160 * len(KEYS)
