"""A redis pool in memory: clients that send bytes, servers that answer by rule, two lanes."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import attrs
from twisted.internet.testing import StringTransport

from nuttwist.wire.counters import PoolCounters
from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.redis.errors import errorLine
from nuttwist.wire.redis.replies import RESP2, RESP3, RedisReplies
from nuttwist.wire.redis.requests import RedisRequests
from nuttwist.wire.redis.resp import array, bulk, integer, request
from nuttwist.wire.replyqueue import ReplyQueue
from nuttwist.wire.request import Request
from nuttwist.wire.router import Settings
from tests.rig.dialects import takeRedis
from tests.unit.wire.rig import FakeRouter, FakeSink, Outcome, Pool, Receiver, StockReceiver, singly

#: What stays unread behind whole requests.
TRAILING = b"*2\r\n$3\r\nGE"

#: A pool that allows all and refuses arguments over 64 bytes.
SMALL = Settings(item_size_max=64, flush_all=True)

#: The same, as strict as twemproxy.
STRICT = attrs.evolve(SMALL, hangUp=True)

#: The same, for those who know a password.
SECRET = attrs.evolve(SMALL, password=b"sekret")

SERVERS = 3


class FakeLane(FakeRouter):
    """Routes over the pipelines of one lane, and knows the others."""

    def __init__(self, servers: int, lanes: list[FakeLane]) -> None:
        super().__init__(servers, errorLine)
        self._lanes = lanes

    def lane(self, number: int) -> FakeLane:
        return self._lanes[number]

    def time(self) -> float:
        return 1_700_000_000.25

    def clients(self) -> int:
        return 1

    def nextClient(self) -> int:
        return 7


def hasKey(key: bytes) -> bool:
    """Whether the servers of this rig have a key."""
    return zlib.adler32(key) % 3 > 0


def valueOf(key: bytes) -> bytes:
    """What the servers of this rig have under a key, encoded."""
    return bulk(b"of\r\n" + key if hasKey(key) else None)


#: What a server of this rig says to a command, by its arguments and the server's rank; anything
#: else is answered with who it was and what it was asked.
ANSWERS: dict[bytes, Callable[[list[bytes], int], bytes]] = {
    b"mget": lambda keys, _: array([valueOf(key) for key in keys]),
    b"mset": lambda _, __: b"+OK\r\n",
    b"flushall": lambda _, __: b"+OK\r\n",
    b"del": lambda keys, _: integer(sum(map(hasKey, keys))),
    b"exists": lambda keys, _: integer(sum(map(hasKey, keys))),
    b"dbsize": lambda _, rank: integer(rank + 1),
    b"keys": lambda _, rank: array([bulk(b"key%d" % rank)]),
    b"randomkey": lambda _, __: bulk(None),
    b"scan": lambda _, rank: array([bulk(b"0"), array([bulk(b"key%d" % rank)])]),
    b"script": lambda words, rank: array([integer(int(rank > 0))] * (len(words) - 1)),
}


def answerTo(asked: Request, rank: int) -> bytes:
    """What a server of this rig says to a request."""
    taken = takeRedis(asked.data)
    assert taken is not None
    words, size = taken
    assert size == len(asked.data)
    answer = ANSWERS.get(words[0].lower())
    return answer(words[1:], rank) if answer else array([integer(rank), bulk(asked.data)])


class RedisPool(Pool):
    """
    One client in front of some servers.

    @ivar lanes: the servers' connections, by lane.
    """

    def __init__(
        self,
        settings: Settings = SMALL,
        servers: int = SERVERS,
        stock: bool = False,
        grammar: Callable[..., RedisRequests] = RedisRequests,
    ) -> None:
        self.lanes: list[FakeLane] = []
        self.lanes += [FakeLane(servers, self.lanes) for _ in range(2)]
        self.router = self.lanes[0]
        self.sink = FakeSink()
        self.counters = PoolCounters()
        self.replies = ReplyQueue(self.sink, self.counters)
        self.grammar = grammar(self.replies, self.router, settings)
        driver = StockReceiver if stock else Receiver
        self.client = driver(self.grammar, lambda: self.replies.ending)
        self.client.makeConnection(StringTransport())

    @property
    def pipelines(self) -> list[Pipeline]:
        """All of them: those of the first lane, then those of the second."""
        return [each for lane in self.lanes for each in lane.pipelines]

    def takeAll(self) -> tuple[bytes, ...]:
        """Move what is queued to the servers."""
        return tuple(each.take() if each.inQueue else b"" for each in self.pipelines)

    def say(self, rank: int, *pieces: bytes, lane: int = 0) -> None:
        """Have one server say something."""
        pipeline = self.lanes[lane].pipelines[rank]
        server = Receiver(RedisReplies(pipeline, (RESP2, RESP3)[lane]), lambda: False)
        for piece in pieces:
            server.dataReceived(piece)

    def answer(self, rank: int) -> None:
        """Have the server behind one of L{pipelines} answer all it was asked."""
        lane, server = divmod(rank, len(self.router.pipelines))
        pipeline = self.pipelines[rank]
        self.say(server, b"".join(answerTo(each, server) for each in pipeline.outQueue), lane=lane)

    def ask(self, *words: bytes) -> bytes:
        """Say one thing, have it answered, and hear the answer."""
        self.send([request(words)])
        return self.outcome().received


def tr(data: bytes, settings: Settings = SMALL, servers: int = SERVERS) -> Outcome:
    """
    The outcome of a client's bytes, which must be the same at once, byte by byte, and with the
    start of a further request behind them, which must stay.
    """
    pools = [RedisPool(settings, servers) for _ in range(3)]
    pools[0].send([data])
    pools[1].send(singly(data))
    pools[2].send([data + TRAILING])
    outcomes = [each.outcome() for each in pools]
    assert outcomes[1] == outcomes[0]
    assert outcomes[2] == outcomes[0]
    if not outcomes[0].ending:
        pools[2].send([b"T\r\n$1\r\na\r\n"])
        pools[0].send([TRAILING + b"T\r\n$1\r\na\r\n"])
        assert pools[2].outcome() == pools[0].outcome()
    return outcomes[0]


def waiting(*words, servers=3, settings=SMALL):
    """A pool whose servers have been asked something and have not answered."""
    pool = RedisPool(settings, servers)
    pool.send([request(words)])
    pool.takeAll()
    return pool


def merged(replies, *words):
    """What becomes of a request when the servers reply this, in order of rank."""
    pool = waiting(*words, servers=len(replies))
    for rank, reply in reversed(list(enumerate(replies))):
        assert pool.replies.take() == b""
        pool.say(rank, reply)
    return pool.replies.take(), pool.counters.forward_error
