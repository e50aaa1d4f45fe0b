"""What imagined clients and servers say in each dialect, so that every reply tells whose it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from nuttwist.wire.dialect import Dialect
from nuttwist.wire.memcache.dialect import MEMCACHE
from nuttwist.wire.redis.dialect import REDIS
from nuttwist.wire.redis.resp import array, bulk, integer, request
from tests.rig.dialects import takeMemcache, takeRedis

#: Nobody says so, whatever he was asked.
NONSENSE = b"\0\r\n"


@attrs.frozen
class Kind:
    """
    A kind of request.

    @ivar most: keys that it may have.
    @ivar ask: the client's bytes.
    @ivar answer: what the client is to hear when all goes well; None when nothing.
    @ivar reply: what a server says to the part with these keys.
    """

    most: int
    ask: Callable[[list[bytes]], bytes]
    answer: Callable[[list[bytes]], bytes | None]
    reply: Callable[[list[bytes]], bytes]


@attrs.frozen
class Speech:
    """
    A dialect as it is spoken here.

    @ivar read: the keys of each request in a server's bytes, in order.
    """

    dialect: Dialect
    kinds: tuple[Kind, ...]
    read: Callable[[bytes], Iterator[list[bytes]]]


def _values(keys: list[bytes]) -> bytes:
    return b"".join(b"VALUE %s 0 %d\r\n%s\r\n" % (key, len(key), key) for key in keys) + b"END\r\n"


def _quiet(keys: list[bytes]) -> bytes:
    # Every second one has nothing to tell.
    (key,) = keys
    return b"VA %d\r\n%s\r\n" % (len(key), key) if key[-1] % 2 else b""


def _same(answer: Callable[[list[bytes]], bytes]) -> tuple[Callable[[list[bytes]], bytes], ...]:
    return answer, answer


def _readMemcache(data: bytes) -> Iterator[list[bytes]]:
    while data:
        taken = takeMemcache(data)
        assert taken is not None
        words, size = taken
        data = data[size:]
        if words != [b"mn"]:
            yield words[1:] if words[0] == b"get" else words[1:2]


def _readRedis(data: bytes) -> Iterator[list[bytes]]:
    while data:
        taken = takeRedis(data)
        assert taken is not None
        words, size = taken
        data = data[size:]
        yield words[1:2] if words[0] == b"SET" else words[1:]


MEMCACHE_SPEECH = Speech(
    MEMCACHE,
    (
        Kind(3, lambda keys: b"get " + b" ".join(keys) + b"\r\n", *_same(_values)),
        Kind(
            1,
            lambda keys: b"set %s 0 0 %d\r\n%s\r\n" % (keys[0], len(keys[0]), keys[0]),
            *_same(lambda _: b"STORED\r\n"),
        ),
        Kind(
            1,
            lambda keys: b"delete %s noreply\r\n" % keys[0],
            lambda _: None,
            lambda _: b"",
        ),
        Kind(
            1,
            lambda keys: b"mg %s v q\r\n" % keys[0],
            _quiet,
            lambda keys: _quiet(keys) + b"MN\r\n",
        ),
    ),
    _readMemcache,
)

REDIS_SPEECH = Speech(
    REDIS,
    (
        Kind(1, lambda keys: request([b"GET", *keys]), *_same(lambda keys: bulk(keys[0]))),
        Kind(
            3,
            lambda keys: request([b"MGET", *keys]),
            *_same(lambda keys: array([bulk(key) for key in keys])),
        ),
        Kind(3, lambda keys: request([b"DEL", *keys]), *_same(lambda keys: integer(len(keys)))),
        Kind(1, lambda keys: request([b"SET", *keys, *keys]), *_same(lambda _: b"+OK\r\n")),
    ),
    _readRedis,
)
