"""
A pool in memory: clients that send bytes, servers that answer by rule, and the core between.

Nothing here waits: a server's answer is made when the test asks for it.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Iterable, Sequence

import attrs
from twisted.internet.testing import StringTransport
from twisted.protocols.basic import LineReceiver

from nuttwist.net.lines import ChunkReceiver
from nuttwist.wire.counters import PoolCounters, ServerCounters
from nuttwist.wire.framing import Grammar
from nuttwist.wire.memcache.errors import errorLine
from nuttwist.wire.memcache.replies import MemcacheReplies
from nuttwist.wire.memcache.requests import MemcacheRequests
from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.replyqueue import ReplyQueue
from nuttwist.wire.request import ACKNOWLEDGE, META, QUIET, Request
from nuttwist.wire.router import Settings

#: What stays unread behind whole requests.
TRAILING = b"get tai"

#: A pool that allows all and refuses values over 64 bytes.
SMALL = Settings(item_size_max=64, flush_all=True)

#: The same, as strict as twemproxy.
STRICT = Settings(item_size_max=64, flush_all=True, hangUp=True)


class FakeSink:
    """Counts how often it was woken."""

    def __init__(self) -> None:
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1


class FakeRouter:
    """Routes keys over pipelines by a checksum, and remembers like the real one."""

    def __init__(self, servers: int, error: Callable[[str], bytes] = errorLine) -> None:
        self.batches = [0] * servers
        self.troubles = [0] * servers
        self.pipelines = [
            Pipeline(
                FakeSink(),
                ServerCounters(),
                error,
                self._counter(self.batches, rank),
                rank,
                self._counter(self.troubles, rank),
            )
            for rank in range(servers)
        ]
        self.routes: dict[bytes, Pipeline] = {}
        self.crowded = 0
        self.now = 1000.0

    def _counter(self, counts: list[int], rank: int) -> Callable[[], None]:
        def count() -> None:
            counts[rank] += 1

        return count

    def route(self, key: bytes) -> Pipeline:
        pipeline = self.pipelines[zlib.crc32(key) % len(self.pipelines)]
        self.routes[key] = pipeline
        return pipeline

    def fleet(self) -> Sequence[tuple[str, Pipeline]]:
        return [(f"server{each.rank}", each) for each in self.pipelines]

    def seconds(self) -> float:
        return self.now

    def statistics(self, about: str) -> list[tuple[str, str]]:
        return [("about", about or "pool"), ("name", "caf\u00e9")]


class StockReceiver(LineReceiver):
    """
    Twisted's own receiving loop in front of a grammar whose bulk is never called. It ends lines at
    CR and LF, or at LF where the grammar does.
    """

    MAX_LENGTH = 1 << 30

    def __init__(self, grammar: Grammar, stopped: Callable[[], bool]) -> None:
        self.grammar = grammar
        self._stopped = stopped
        self._left = 0
        self.delimiter = b"\n" if grammar.lineEnd(b"\n", 0) == (0, 1) else b"\r\n"

    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(data)
        if self._busyReceiving:
            return
        if self.line_mode and self._buffer and not self._stopped():
            self.grammar.partial(self._buffer)

    def lineReceived(self, line: bytes) -> None:
        if self._stopped():
            return
        if self.delimiter == b"\n":
            line = line.removesuffix(b"\r")
        self._left = self.grammar.line(line)
        if self._left:
            self.setRawMode()

    def rawDataReceived(self, data: bytes) -> None:
        if self._stopped():
            return
        piece = data[: self._left]
        self._left -= len(piece)
        self.grammar.raw(piece, not self._left)
        if not self._left:
            self.setLineMode(data[len(piece) :])


class Receiver(ChunkReceiver):
    """The proxy's own receiving loop, which a test may stop."""

    def __init__(self, grammar: Grammar, stopped: Callable[[], bool]) -> None:
        super().__init__(grammar)
        self._stopped = stopped

    def stopped(self) -> bool:
        return self._stopped()


def found(key: bytes) -> bool:
    """Whether the servers of this rig have a key."""
    return zlib.adler32(key) % 3 > 0


def block(key: bytes) -> bytes:
    """The block with which the servers of this rig answer for a key they have."""
    value = b"of\r\nEND\r\n" + key
    return b"VALUE %s 7 %d\r\n%s\r\n" % (key, len(value), value)


def answerTo(request: Request) -> bytes:
    """What a server of this rig says to a request."""
    words = request.data.split(b"\r\n", 1)[0].split()
    if request.expect == ACKNOWLEDGE:
        return b"OK\r\n"
    if request.expect == META:
        return b"VA 4\r\nHD\r\n\r\n" if words[0] == b"mg" else b"HD\r\n"
    if request.expect == QUIET:
        return b"VA 4\r\nMN\r\n\r\nMN\r\n" if found(words[1]) else b"MN\r\n"
    if words[0].startswith(b"g"):
        keys = words[1:] if words[0].startswith(b"get") else words[2:]
        return b"".join(map(block, filter(found, keys))) + b"END\r\n"
    return b"VERSION 1\r\n" if words[0] == b"version" else b"STORED\r\n"


@attrs.frozen
class Outcome:
    """All that a client and the servers can notice of a conversation."""

    sent: tuple[bytes, ...]
    received: bytes
    ending: bool
    fault: bool
    errors: int
    fragments: int


class Pool:
    """
    One client in front of some servers.

    @ivar client: takes the client's bytes.
    """

    def __init__(
        self,
        settings: Settings = SMALL,
        servers: int = 3,
        stock: bool = False,
        grammar: Callable[..., MemcacheRequests] = MemcacheRequests,
    ) -> None:
        self.router = FakeRouter(servers)
        self.sink = FakeSink()
        self.counters = PoolCounters()
        self.replies = ReplyQueue(self.sink, self.counters)
        self.grammar = grammar(self.replies, self.router, settings)
        driver = StockReceiver if stock else Receiver
        self.client = driver(self.grammar, lambda: self.replies.ending)
        self.client.makeConnection(StringTransport())

    def send(self, pieces: Iterable[bytes]) -> None:
        """Have the client say this."""
        for piece in pieces:
            self.client.dataReceived(piece)

    def takeAll(self) -> tuple[bytes, ...]:
        """Move what is queued to the servers."""
        return tuple(each.take() if each.inQueue else b"" for each in self.router.pipelines)

    def answer(self, rank: int) -> None:
        """Have a server answer all it was asked."""
        pipeline = self.router.pipelines[rank]
        data = b"".join(map(answerTo, pipeline.outQueue))
        MemcacheReplies(pipeline).bulk(data, 0)

    def outcome(self) -> Outcome:
        """Have everything sent and answered, and tell what came of it."""
        sent = self.takeAll()
        for rank in reversed(range(len(sent))):
            self.answer(rank)
        received = self.replies.take()
        assert not self.replies.waiting
        return Outcome(
            sent,
            received,
            self.replies.ending,
            self.replies.fault,
            self.counters.forward_error,
            self.counters.fragments,
        )


def singly(data: bytes) -> list[bytes]:
    """A chunk for each byte."""
    return [data[at : at + 1] for at in range(len(data))]


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """The same bytes in chunks that begin at these places."""
    edges = [0, *sorted({each % (len(data) + 1) for each in places}), len(data)]
    return [data[begin:end] for begin, end in itertools.pairwise(edges)]


def tr(data: bytes, settings: Settings = SMALL, servers: int = 3) -> Outcome:
    """
    The outcome of a client's bytes, which must be the same at once, byte by byte, and with the
    start of a further request behind them, which must stay.
    """
    pools = [Pool(settings, servers) for _ in range(3)]
    pools[0].send([data])
    pools[1].send(singly(data))
    pools[2].send([data + TRAILING])
    rest = pools[2].client.clearLineBuffer()
    outcomes = [each.outcome() for each in pools]
    assert outcomes[1] == outcomes[0]
    assert outcomes[2] == outcomes[0]
    assert rest == (b"" if outcomes[0].ending else TRAILING)
    return outcomes[0]
