"""
The same stream of commands through a pool of one server and straight to another: the same bytes.

What the proxy answers itself and redis answers too is in the stream; what differs by design
(commands that are refused, INFO and the like) is not.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import hiredis
import pytest

from tests.e2e.command import SECONDS
from tests.e2e.redispool import RedisPool, cleared, clientOf, startedPool
from tests.e2e.redisstream import Stream
from tests.e2e.servers import HOST, RealServer, startRedis

COUNT = 2500

# Redis shuffles what is large with a seed of the process.
UNORDERED = frozenset(b"SMEMBERS SINTER SUNION SDIFF SSCAN ZSCAN".split())
# An error of a command that goes to every server names the server.
FLEET = frozenset(b"SCRIPT FUNCTION".split())

_started = startedPool(servers=1)


@pytest.fixture
def pool(_started: RedisPool) -> Iterator[RedisPool]:
    """One empty server behind the proxy."""
    keepOrder(_started.servers[0])
    yield from cleared(_started)


@pytest.fixture
def other() -> Iterator[RealServer]:
    """Another empty server, for itself."""
    with startRedis() as server:
        keepOrder(server)
        yield server


def keepOrder(server: RealServer) -> None:
    """Have a server keep its hashes as lists, and so in order."""
    with closing(clientOf(server)) as client:
        client.config_set("hash-max-listpack-value", 1024 * 1024)


def comparable(words: list[bytes], reply: bytes) -> bytes | list[bytes]:
    """What replies to a command have in common, whichever redis gives them."""
    if words[0] in UNORDERED:
        return sorted(reply.split(b"\r\n"))
    return reply.replace(b"-ERR s0: ", b"-ERR ") if words[0] in FLEET else reply


class Replies:
    """
    Splits what a server sends into replies, and keeps their bytes.

    @ivar whole: the replies that came.
    """

    def __init__(self) -> None:
        self.whole: list[bytes] = []
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take bytes in."""
        self._rest += data
        at = 0
        while (end := self._end(at)) is not None:
            self.whole.append(self._rest[at:end])
            at = end
        self._rest = self._rest[at:]

    def _end(self, at: int) -> int | None:
        owed = 1
        while owed:
            line = self._rest.find(b"\r\n", at)
            if line < 0:
                return None
            kind, word = self._rest[at : at + 1], self._rest[at + 1 : line]
            at = line + 2
            owed -= 1
            if kind in b"$=!" and word != b"-1":
                at += int(word) + 2
                if at > len(self._rest):
                    return None
            elif kind in b"*~>%" and word != b"-1":
                owed += int(word) * (2 if kind == b"%" else 1)
        return at


def replies(port: int, pieces: list[bytes], count: int) -> list[bytes]:
    """Send pieces one after the other while reading; so many replies."""
    found = Replies()
    with closing(socket.create_connection((HOST, port), SECONDS)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sender = threading.Thread(target=lambda: [client.sendall(each) for each in pieces])
        sender.start()
        while len(found.whole) < count:
            data = client.recv(65536)
            assert data, f"closed after {len(found.whole)} replies"
            found.feed(data)
        sender.join(SECONDS)
    return found.whole


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("protocol", [2, 3])
def test_sameRepliesAsRedis(pool: RedisPool, other: RealServer, protocol: int, seed: int) -> None:
    """Thousands of commands, right and wrong, in any pieces, are answered as redis does."""
    stream = Stream(seed)
    commands = [[b"HELLO", b"%d" % protocol], *stream.commands(COUNT)]
    data = b"".join(hiredis.pack_command(tuple(each)) for each in commands)
    pieces = list(stream.cuts(data))
    through = replies(pool.proxy.port, pieces, len(commands))
    straight = replies(other.port, pieces, len(commands))
    different = [
        (words, expected, got)
        for words, expected, got in zip(commands[1:], straight[1:], through[1:], strict=True)
        if comparable(words, got) != comparable(words, expected)
    ]
    assert different == []
    errors = sum(each.startswith(b"-") for each in straight)
    assert COUNT / 20 < errors < COUNT / 2, "the stream is to be mixed"
