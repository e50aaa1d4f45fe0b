"""
What memcached clients may send.

The first byte of an input says which pool it is for; the rest is what the client says.
"""

from __future__ import annotations

import base64
import zlib

import attrs

from nuttwist.wire.memcache import scan
from nuttwist.wire.request import NOTHING, QUIET
from nuttwist.wire.router import Settings
from tests.fuzz.cutting import ways
from tests.fuzz.watching import Onward, Watched, say
from tests.unit.wire.memcachedreads import answers, serverReads
from tests.unit.wire.rig import SMALL, STRICT, Pool

POOLS = (SMALL, STRICT, Settings(), attrs.evolve(SMALL, partial_results=True, flush_all=False))

#: Where the first key of a request stands; nothing else that the proxy sends has one.
FIRST_KEY = dict.fromkeys(b"set add replace append prepend cas incr decr touch delete".split(), 1)
FIRST_KEY |= dict.fromkeys(b"get gets mg ms md ma me".split(), 1)
FIRST_KEY |= dict.fromkeys((b"gat", b"gats"), 2)
ANYWHERE = (b"version", b"flush_all")

#: Bytes that are kept beside a line and its value: the key once more, and two line ends.
BESIDE = 250 + 4

#: Commands that may end in noreply, and then be answered or not: refused ones sometimes are.
MAYBE_SILENT = b"noreply"


#: Short keys; a request whose key is known takes the short way.
SHORT = [bytes([letter]) for letter in b"0123456789abcdefxyz$*-"] + [b"%d" % n for n in range(100)]


def take(data: bytes, at: int) -> tuple[int, list[bytes]]:
    """What the inner loop takes when all of those are known."""
    pieces: list[bytes] = []
    routes = dict.fromkeys(SHORT, b"")
    return scan.requests(data, at, len(data), 1 << 20, routes, [], pieces), pieces


class MemcachedModel:
    """One request a line, with the value that follows it."""

    def __init__(self) -> None:
        self._said = b""

    def line(self, line: bytes, following: int) -> bool | None:
        """Tell of a line without a value."""
        self._said = line
        return None if following else self.raw()

    def raw(self) -> bool | None:
        """Tell of a line whose value has come."""
        return None if self._said.rstrip(b" ").endswith(MAYBE_SILENT) else True


def pool(first: int, stock: bool = False) -> Pool:
    """The pool that a first byte stands for; lines are short in half of them."""
    made = Pool(POOLS[first % 4], 1 + first // 4 % 3, stock=stock)
    made.grammar.maxLine = (300, 1024 * 1024)[first // 12 % 2]
    return made


def knowing(first: int) -> Pool:
    """A pool that knows the way of every short key, and is held to go onward."""
    made = pool(first)
    for key in SHORT:
        made.router.route(key)
    made.client.grammar = Onward(made.grammar, take)
    return made


def seen(made: Pool) -> object:
    """All that is to be noticed of a conversation, the unread rest included."""
    rest = b"" if made.replies.ending else made.client.clearLineBuffer()
    return made.outcome(), rest


def keysOf(words: list[bytes]) -> list[bytes]:
    """The keys that a server finds in a line."""
    at = FIRST_KEY[words[0]]
    if words[0].startswith(b"g"):
        return words[at:]
    flags = words[2 if words[0] != b"ms" else 3 :]
    isMeta = words[0] in (b"mg", b"ms", b"md", b"ma", b"me")
    if isMeta and any(flag.startswith(b"b") for flag in flags):
        return [base64.b64decode(words[at], validate=True)]
    return [words[at]]


def assertServersSeeThose(made: Pool) -> None:
    """Servers cut the bytes into the same requests, each for a key that is theirs."""
    for rank, pipeline in enumerate(made.router.pipelines):
        queued = list(pipeline.inQueue)
        read = serverReads(b"".join(each.data for each in queued))
        for request in queued:
            words, data = next(read)
            if words[0] not in ANYWHERE:
                assert all(
                    zlib.crc32(key) % len(made.router.pipelines) == rank for key in keysOf(words)
                )
            if request.expect == QUIET:
                assert next(read) == ([b"mn"], b"mn\r\n")
                data += b"mn\r\n"
            else:
                assert answers(words) == (request.expect != NOTHING), words
            assert data == request.data
        assert next(read, None) is None


def watched(first: int) -> Pool:
    """A pool that is read line by line, and held to one reply a request."""
    made = pool(first, stock=True)
    made.client.grammar = Watched(
        made.grammar,
        made.replies,
        MemcachedModel(),
        lambda: sum(
            each.expect == NOTHING for server in made.router.pipelines for each in server.inQueue
        ),
    )
    return made


def oneInput(data: bytes) -> None:
    """
    Have a client say this, and see that all holds.

    @raise AssertionError: it does not.
    """
    first, said = data[0] if data else 0, data[1:]
    whole = watched(first)
    whole.send([said])
    assertServersSeeThose(whole)
    expected = seen(whole)
    for pieces in ways(said):
        for made in (pool(first), knowing(first), pool(first, stock=True)):
            most = made.grammar.maxLine + made.grammar.settings.item_size_max + BESIDE
            say(made, pieces, most)
            assertServersSeeThose(made)
            assert seen(made) == expected, pieces
