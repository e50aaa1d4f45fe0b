"""
Half-valid lines, said to a server and to a pool of one such server: the same bytes come back.

What differs is listed, with its reason.
"""

from __future__ import annotations

import random
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from nuttwist.wire.memcache import commands as c
from tests.e2e.command import SECONDS
from tests.e2e.proxy import Proxy, watched
from tests.e2e.servers import HOST, startMemcached, startRedis

#: Lines of memcached's, made of these words; the seed is the number of the test.
ROUNDS, LINES = 8, 40

VERBS = {
    b"get": (0, 3),
    b"gets": (0, 2),
    b"gat": (0, 3),
    b"gats": (0, 3),
    b"touch": (0, 4),
    b"incr": (0, 4),
    b"decr": (0, 4),
    b"delete": (0, 4),
    b"verbosity": (0, 3),
    b"version": (0, 2),
    b"mg": (1, 3),
    b"md": (1, 2),
    b"nosuch": (0, 2),
    b"GET": (0, 2),
    b"": (0, 0),
}
WORDS = [b"k", b"n", b"0", b"100", b"-1", b"+100", b"x", b"v", b"noreply", b"-0", b"0100"]
WORDS += [b"k" * 250]

#: Where memcached keeps 32 bits of a longer time, the proxy sends the last one of 32 bits; and
#: a key that is too long for a get takes the replies before it along, at memcached.
MORE_WORDS = [b"4294967296", b"99999999999", b"9223372036854775807", b"9223372036854775808"]
MORE_WORDS += [b"k" * 251]
FEWER = {b"get", b"gets", b"gat", b"gats", b"touch", b"mg"}

#: The number that is unique to a value depends on all that was ever stored.
UNIQUE = re.compile(rb"(VALUE \S+ \d+ \d+) \d+")

#: Storage lines that memcached takes or refuses with the value behind them, or that have none.
STORED = [
    b"set k 0 4294967295 1\r\nx\r\n",
    b"set k 0 -9223372036854775808 1\r\nx\r\n",
    b"touch k 9223372036854775807\r\ngat 99999999999 n\r\nflush_all 9223372036854775808\r\n",
    b"set k 4294967295 0 1\r\nx\r\n",
    b"set k +0 +0 +1\r\nx\r\nget k\r\n",
    b"set k 0 0 1 x\r\ny\r\nget k\r\n",
    b"set k 0 0 3 MOO\r\nabc\r\nget k\r\n",
    b"cas k 0 0 1 1 x\r\ny\r\n",
    b"set k 0 0 1\nx\r\nget k\n",
    b"set k 0 0 1\nx\nmn\r\n",
    b"set k 0 0 1\r\nabc\r\nget k\r\n",
    b"set i 0 0 4294967295\r\nversion\r\n",
    b"set i 0 0 2147483647\r\nversion\r\n",
    b"set i 0 0 2147483646\r\nversion\r\n",
    b"set i 0 0 99999999999999999999\r\nversion\r\n",
    b"set i 0 0 -1\r\nversion\r\n",
    b"set i 0 0 x noreply\r\n",
    b"set k 0 0\r\n",
    b"set k 0 0 1\r\nx\r\nset k 0 0 1048677\r\n" + b"v" * 1048677 + b"\r\nget k\r\n",
    b"set k 0 0 1\r\nx\r\nset k 0 0 1048677 noreply\r\n" + b"v" * 1048677 + b"\r\nget k\r\n",
    b"set k 0 0 1\r\nx\r\nadd k 0 0 1048677\r\n" + b"v" * 1048677 + b"\r\nget k\r\n",
    b"stats x\r\nget n\r\nget n\nget n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\nset k 0 0 1\r\ny\r\n",
    b"POST / HTTP/1.1\r\nset k 0 0 1\r\ny\r\n",
    b"x HTTP/1.1 y\r\n",
    b"quit x\r\nget k\r\n",
    b"flush_all 0 x\r\nget k\r\n",
    b"flush_all noreply x\r\n",
    b"flush_all 0 noreply\r\n",
    b"flush_all 0 x noreply\r\n",
]

#: A value is never taken for a command when the line says how long it is, whatever the line is.
SKIPPED = [
    b"set k x 0 1\r\nx\r\n",
    b"set k 0 9223372036854775808 1\r\nx\r\n",
    b"set k 0 0 1 x y\r\nx\r\n",
    b"cas k 0 0 1\r\nx\r\n",
    b"cas k 0 0 1 x\r\nx\r\n",
    b"set " + b"k" * 251 + b" 0 0 1\r\nx\r\n",
]

INLINE = [
    *(b"PING\n", b"PING\r\r\n", b"\nPING\n", b"\r\r\nPING\r\n", b"   PING\n", b"PING a b\n"),
    b"SET x 1\nDEL x\nGET y\r\n",
    b"SET q 1\n*2\r\n$3\r\nGET\r\n$1\r\nq\r\n",
    *(
        b"SET a\vb 1\r\nGET a\vb\n",
        b"\vPING\n",
        b"PING\v\n",
        b"PING \v\n",
        b'SET k "a\nb"\nGET k\n',
    ),
    *(b'ECHO "a"\v"b"\n', b'ECHO a"b"\n', b'ECHO "a"b\n', b'ECHO a"b"c\n', b"ECHO 'a\\'b'\n"),
    *(b'ECHO "\\x41\\n\\q"\n', b'"PING"\n', b"''\n", b'"" a\n', b"'PING\n"),
    *(b"*1\r\n$4\r\nPINGXX", b"*2\r\n$4\r\nECHO\r\n$1\r\naXY*1\r\n$4\r\nPING\r\n"),
    *(b"*-1\r\nPING\r\n", b"*0\r\nPING\r\n", b"*01\r\n", b"*+1\r\n", b"* 1\r\n", b"*x\r\n"),
    *(b"*1\r\n$04\r\nPING\r\n", b"*1\r\n$-1\r\n", b"*1\r\n+PING\r\n", b"*2147483648\r\n"),
    b"POST / HTTP/1.1\r\nHost: x\r\n\r\nSET hacked 1\r\n",
    *(b"*1\r\n$4\r\npost\r\nPING\r\n", b"host: a\nPING\n", b"Host:\nPING\n"),
    *(b"nosuch a b\n", b"GET\n", b"SET a\n", b"get a b\n", b"MSET a\n", b"EXPIRE a\n"),
]


class Sides:
    """A server, and a pool of another one that is like it."""

    def __init__(self, alone: int, proxy: Proxy, last: bytes, end: bytes) -> None:
        """
        @param last: a request that is said behind all others, whose reply ends in C{end}.
        """
        self._ports = alone, proxy.port
        self._last = last
        self._end = end

    def answers(self, said: bytes, chance: random.Random) -> list[bytes]:
        """What each says to the same bytes, cut at a few places."""
        places = sorted(chance.randrange(len(said) + 1) for _ in range(3))
        pieces = [said[a:b] for a, b in zip([0, *places], [*places, len(said)], strict=True)]
        alone, through = (self._heard(port, [*pieces, self._last]) for port in self._ports)
        # Who closes with something unread resets, which may take what was said last along.
        longest = max(alone[0], through[0], key=len)
        return [
            longest if lost and longest.startswith(heard) else heard
            for heard, lost in (alone, through)
        ]

    def _heard(self, port: int, pieces: list[bytes]) -> tuple[bytes, bool]:
        heard = b""
        with socket.create_connection((HOST, port), SECONDS) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                for piece in pieces:
                    client.sendall(piece)
                while not heard.endswith(self._end) and (data := client.recv(65536)):
                    heard += data
            except ConnectionError:
                return heard, True
        return UNIQUE.sub(rb"\1", heard), False


@pytest.fixture(scope="module")
def memcached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    """memcached and a pool of it."""
    with ExitStack() as started:
        one, two = (started.enter_context(startMemcached()) for _ in range(2))
        folder = tmp_path_factory.mktemp("memcached")
        proxy = started.enter_context(Proxy(folder, [two], "flush_all: true"))
        with watched(proxy):
            yield Sides(one.port, proxy, b"mn\r\n", b"MN\r\n")


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    """redis and a pool of it."""
    with ExitStack() as started:
        one, two = (started.enter_context(startRedis()) for _ in range(2))
        folder = tmp_path_factory.mktemp("redis")
        proxy = started.enter_context(Proxy(folder, [two], "redis: true"))
        with watched(proxy):
            last = b"*2\r\n$4\r\nECHO\r\n$4\r\nLAST\r\n"
            yield Sides(one.port, proxy, last, b"$4\r\nLAST\r\n")


def lineOf(chance: random.Random) -> bytes:
    """A line of memcached's that may be right, with the end of a line."""
    verb = chance.choice(list(VERBS))
    known = WORDS if verb in FEWER else WORDS + MORE_WORDS
    words = [chance.choice(known) for _ in range(chance.randint(*VERBS[verb]))]
    return b" ".join([verb, *words]) + chance.choice([b"\r\n", b"\n", b" \r\n"])


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_memcachedLines(memcached: Sides, seed: int) -> None:
    """Every verb with words that are right, wrong, missing and too many."""
    chance = random.Random(seed)
    for _ in range(LINES):
        said = b"set n 0 0 1\r\n5\r\nset k 0 0 1\r\nv\r\n" + lineOf(chance)
        said += b"get n\r\nget k\r\n"
        alone, through = memcached.answers(said, chance)
        assert through == alone, said


@pytest.mark.parametrize("said", STORED, ids=lambda said: repr(said[:40]))
def test_memcachedValues(memcached: Sides, said: bytes) -> None:
    """Lines that announce a value, and what memcached takes for the next command."""
    memcached.answers(b"set n 0 0 1\r\n5\r\nset k 0 0 1\r\nv\r\n", random.Random(0))
    alone, through = memcached.answers(said, random.Random(len(said)))
    assert through == alone


@pytest.mark.parametrize("said", SKIPPED, ids=lambda said: repr(said[:40]))
def test_memcachedValuesThatAreSkipped(memcached: Sides, said: bytes) -> None:
    """memcached answers the value, too; a difference that docs/from-twemproxy.md has."""
    alone, through = memcached.answers(said, random.Random(len(said)))
    assert alone.replace(b"ERROR\r\nMN\r\n", b"MN\r\n") == through


def test_memcachedFlagsOfMoreThanTheBitsItKeeps(memcached: Sides) -> None:
    """Some releases take them, others take the value for commands: they are refused."""
    said = b"set k 4294967296 0 1\r\nx\r\n"
    alone, through = memcached.answers(said, random.Random(0))
    assert (alone, through) == (b"STORED\r\nMN\r\n", c.BAD_FORMAT + b"MN\r\n")


@pytest.mark.parametrize("said", INLINE, ids=repr)
def test_redisLines(redis: Sides, said: bytes) -> None:
    """Requests in one line, and RESP that is not quite right."""
    alone, through = redis.answers(said, random.Random(len(said)))
    assert through == alone
