"""
What redis clients may send.

The first byte of an input says which pool it is for; the rest is what the client says.
"""

from __future__ import annotations

import re
import zlib

import attrs

from nuttwist.wire.redis import scan
from nuttwist.wire.redis.commandtable import Route, find
from nuttwist.wire.redis.heads import HEADS
from nuttwist.wire.redis.inline import splitInline
from nuttwist.wire.redis.resp import skip
from tests.fuzz.cutting import ways
from tests.fuzz.watching import Onward, Watched, say
from tests.unit.wire.redis.rig import SECRET, SMALL, STRICT, RedisPool

POOLS = (SMALL, STRICT, SECRET, attrs.evolve(SECRET, hangUp=True, flush_all=False))

#: How redis reads a request that it surely takes: no sign, no zeros in front (string2ll).
ARRAY = re.compile(rb"\*([1-9][0-9]{0,6})\r\n")
STRING = re.compile(rb"\$(0|[1-9][0-9]{0,8})\r\n")

#: These go to whatever server the proxy likes, or to all.
BY_KEY = (Route.KEYED, Route.MGET, Route.MSET, Route.SUM)
NEVER_SENT = (Route.LOCAL, Route.UNSUPPORTED)

#: Bytes that are kept of a request whose argument is the largest: arguments are kept twice, once
#: with their lines, and an argument that is coming once more.
COPIES = 3


#: Keys as short as what stands between them; a request whose key is known takes the short way.
SHORT = [b"%d" % number for number in range(100)]
SHORT += [b"", b"\r", b"\n", b"\r\n", b"$", b"$1", b"*", b"*2", b"\r\n$"]
SHORT += [bytes([letter]) for letter in b"abcdefxyz"]


def take(data: bytes, at: int) -> tuple[int, list[bytes]]:
    """What the inner loop takes when all of those are known."""
    pieces: list[bytes] = []
    routes = dict.fromkeys(SHORT, b"")
    return scan.requests(data, at, len(data), 1 << 20, HEADS, routes, [], pieces), pieces


class RedisModel:
    """An array and its strings, or a line of words."""

    def __init__(self) -> None:
        self._left = 0

    def line(self, line: bytes, following: int) -> bool | None:
        """Tell of a line, which ends a request only if it is a line of words."""
        if self._left:
            return None
        if line.startswith(b"*"):
            digits = line[1:]
            self._left = int(digits) if digits.isdigit() else 0
            return False
        return bool(splitInline(line))

    def raw(self) -> bool | None:
        """Tell of a string, which ends a request if it is the last."""
        self._left -= 1
        return not self._left


def pool(first: int, stock: bool = False) -> RedisPool:
    """The pool that a first byte stands for; lines are short in half of them."""
    made = RedisPool(POOLS[first % 4], 1 + first // 4 % 3, stock=stock)
    made.grammar.maxLine = (300, 64 * 1024)[first // 12 % 2]
    return made


def watched(first: int) -> RedisPool:
    """A pool that is read line by line, and held to one reply a request."""
    made = pool(first, stock=True)
    made.client.grammar = Watched(made.grammar, made.replies, RedisModel(), lambda: 0)
    return made


def knowing(first: int) -> RedisPool:
    """A pool that knows the way of every short key, and is held to go onward."""
    made = pool(first)
    for lane in made.lanes:
        for key in SHORT:
            lane.route(key)
    made.client.grammar = Onward(made.grammar, take)
    return made


def serverReads(data: bytes) -> list[list[bytes]]:
    """The requests that redis takes from these bytes, all of them well formed."""
    read: list[list[bytes]] = []
    at = 0
    while at < len(data):
        head = ARRAY.match(data, at)
        assert head is not None, data[at:]
        at = head.end()
        read.append([])
        for _ in range(int(head[1])):
            size = STRING.match(data, at)
            assert size is not None, data[at:]
            at = size.end() + int(size[1]) + 2
            assert data[at - 2 : at] == b"\r\n"
            read[-1].append(data[size.end() : at - 2])
    return read


def assertIsFor(words: list[bytes], rank: int, servers: int) -> None:
    """A server gets only what may be sent at all, and what is for its keys."""
    command = find(words)
    assert command is not None, words
    assert command.route not in NEVER_SENT, words
    keys = [words[index] for index in command.keys(words)]
    if command.route in BY_KEY:
        assert all(zlib.crc32(key) % servers == rank for key in keys), words


def assertServersSeeThose(made: RedisPool) -> None:
    """Servers cut the bytes into the same requests, each for a key that is theirs."""
    servers = len(made.router.pipelines)
    for number, pipeline in enumerate(made.pipelines):
        queued = list(pipeline.inQueue)
        read = serverReads(b"".join(each.data for each in queued))
        assert [serverReads(each.data) for each in queued] == [[words] for words in read]
        for words in read:
            assertIsFor(words, number % servers, servers)


def assertLocked(said: bytes, made: RedisPool) -> None:
    """Without the password nothing is sent; quotes and escapes have many ways to spell it."""
    isTold = re.search(rb"sekret|[\"'\\]", said)
    if made.grammar.settings.password is not None and not isTold:
        assert not any(each.inQueue for each in made.pipelines)


def seen(made: RedisPool) -> object:
    """All that is to be noticed of a conversation, the unread rest included."""
    rest = b"" if made.replies.ending else made.client.clearLineBuffer()
    owed = len(made.replies.waiting)
    outcome = made.outcome()
    at = 0
    for _ in range(owed):
        at = skip(outcome.received, at)
        assert at > 0, outcome.received
    assert at == len(outcome.received)
    return outcome, rest, attrs.astuple(made.grammar.session)


def oneInput(data: bytes) -> None:
    """
    Have a client say this, and see that all holds.

    @raise AssertionError: it does not.
    """
    first, said = data[0] if data else 0, data[1:]
    whole = watched(first)
    whole.send([said])
    assertServersSeeThose(whole)
    assertLocked(said, whole)
    expected = seen(whole)
    for pieces in ways(said):
        for made in (pool(first), knowing(first), pool(first, stock=True)):
            # Strings, and the lines before them, are a part of what was said.
            say(made, pieces, COPIES * len(said) + made.grammar.settings.item_size_max)
            assertServersSeeThose(made)
            assert seen(made) == expected, pieces
