"""
What C{nutproxy bench} asks, and what it must be told. No I/O.

Every value follows from its key, so each reply is compared byte by byte, whoever wrote the value.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from itertools import chain, cycle, islice
from random import Random

import attrs

from nuttwist.commands.latencies import Latencies

KEYS = 1000
HELD = 64 * 1024 * 1024
"""Bytes of values at most; fewer keys are used for larger ones."""

_ROUND = 8192
"""Requests until the same order comes again."""

_LONGEST_LINE = 65536


class WrongReply(Exception):
    """A reply that is not for its request; the argument is its beginning."""


@attrs.frozen
class Exchange:
    """
    A request with the replies it may get.

    @ivar good: the whole reply, if all is well.
    @ivar miss: the line of a value that is not there, empty for a request that stores one.
    """

    request: bytes
    good: bytes
    miss: bytes


@attrs.frozen
class Speech:
    """
    A dialect, as far as it is spoken here.

    @ivar errors: how the line of an error begins.
    """

    name: str
    get: Callable[[bytes, bytes], Exchange]
    set: Callable[[bytes, bytes], Exchange]
    errors: tuple[bytes, ...]


def _memcacheGet(key: bytes, value: bytes) -> Exchange:
    good = b"VALUE %s 0 %d\r\n%s\r\nEND\r\n" % (key, len(value), value)
    return Exchange(b"get %s\r\n" % key, good, b"END")


def _memcacheSet(key: bytes, value: bytes) -> Exchange:
    request = b"set %s 0 0 %d\r\n%s\r\n" % (key, len(value), value)
    return Exchange(request, b"STORED\r\n", b"")


def _redisGet(key: bytes, value: bytes) -> Exchange:
    request = b"*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n" % (len(key), key)
    return Exchange(request, b"$%d\r\n%s\r\n" % (len(value), value), b"$-1")


def _redisSet(key: bytes, value: bytes) -> Exchange:
    arguments = (len(key), key, len(value), value)
    request = b"*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" % arguments
    return Exchange(request, b"+OK\r\n", b"")


MEMCACHED = Speech(
    "memcached", _memcacheGet, _memcacheSet, (b"ERROR", b"SERVER_ERROR ", b"CLIENT_ERROR ")
)
REDIS = Speech("redis", _redisGet, _redisSet, (b"-",))


class Workload:
    """
    The requests of all clients.

    @ivar keys: how many there are.
    """

    def __init__(self, speech: Speech, size: int, ratio: float, seed: int = 1) -> None:
        """
        @param size: bytes of a value.
        @param ratio: the share of requests that read.
        """
        self.speech = speech
        self.keys = max(1, min(KEYS, HELD // size))
        pairs = [_pair(number, size) for number in range(self.keys)]
        self._sets = [speech.set(*pair) for pair in pairs]
        gets = [speech.get(*pair) for pair in pairs]
        random = Random(seed)  # noqa: S311  it keeps no secret
        reads = round(_ROUND * ratio)
        kinds = [gets] * reads + [self._sets] * (_ROUND - reads)
        random.shuffle(kinds)
        self._order = [random.choice(kind) for kind in kinds]

    def writes(self) -> Iterator[Exchange]:
        """Every key once, so that there is something to read."""
        return iter(self._sets)

    def requests(self, client: int) -> Iterator[Exchange]:
        """The requests of one client, without end; each client begins elsewhere."""
        begin = client * 997 % _ROUND
        return cycle(chain(islice(self._order, begin, None), islice(self._order, begin)))


def _pair(number: int, size: int) -> tuple[bytes, bytes]:
    key = b"nutproxy-bench:%d" % number
    return key, (b"%s|" % key * (size // len(key) + 1))[:size]


@attrs.define
class Tally:
    """
    What came of all requests.

    @ivar good: replies that were as they should be, misses not counted.
    @ivar misses: values that were not there.
    @ivar errors: how often each error line came.
    @ivar wrong: the beginnings of replies that were not for their requests.
    @ivar lost: connections that ended early, and why.
    @ivar unanswered: requests that had no reply when the time was over, and some seconds more.
    """

    good: int = 0
    misses: int = 0
    errors: Counter[str] = attrs.Factory(Counter)
    wrong: list[str] = attrs.Factory(list)
    lost: Counter[str] = attrs.Factory(Counter)
    unanswered: int = 0
    latencies: Latencies = attrs.Factory(Latencies)

    def isClean(self) -> bool:
        """Whether every request had a reply that was for it and no error."""
        return not (self.errors or self.wrong or self.lost or self.unanswered)


class Talk:
    """
    The conversation of one client.

    @ivar outstanding: requests that have no reply yet.
    """

    def __init__(
        self, speech: Speech, requests: Iterator[Exchange], depth: int, tally: Tally
    ) -> None:
        """
        @param depth: how many requests may be outstanding.
        """
        self._speech = speech
        self._requests = requests
        self._depth = depth
        self._tally = tally
        self._waiting: deque[tuple[Exchange, float]] = deque()
        self._rest = b""

    @property
    def outstanding(self) -> int:
        return len(self._waiting)

    def more(self, now: float) -> bytes:
        """
        As many further requests as may be sent, none at the end.

        @param now: seconds.
        """
        fresh = list(islice(self._requests, self._depth - len(self._waiting)))
        self._waiting.extend((each, now) for each in fresh)
        return b"".join([each.request for each in fresh])

    def received(self, data: bytes, now: float) -> None:
        """
        Take what the server sent.

        @raise WrongReply: If it is not what was asked for; nothing behind it can be understood.
        """
        data = self._rest + data
        at = 0
        waiting, tally = self._waiting, self._tally
        while waiting:
            exchange, sent = waiting[0]
            if data.startswith(exchange.good, at):
                tally.good += 1
                at += len(exchange.good)
            elif exchange.good.startswith(data[at : at + len(exchange.good)]):
                break
            elif (end := self._otherReply(exchange, data, at)) is not None:
                at = end
            else:
                break
            waiting.popleft()
            tally.latencies.take(now - sent)
        self._rest = data[at:]
        if self._rest and not waiting:
            raise WrongReply(_begin(self._rest))

    def _otherReply(self, exchange: Exchange, data: bytes, at: int) -> int | None:
        """
        Take a reply that is not the good one.

        @return: Where it ends, C{None} if it has not come whole.
        """
        end = data.find(b"\r\n", at)
        if end < 0 and len(data) - at < _LONGEST_LINE:
            return None
        line = data[at : max(end, at)]
        if exchange.miss and line == exchange.miss:
            self._tally.misses += 1
        elif end >= 0 and line.startswith(self._speech.errors):
            self._tally.errors[line.decode("utf-8", "backslashreplace")] += 1
        else:
            raise WrongReply(_begin(data[at:]))
        return end + 2


def _begin(data: bytes) -> str:
    return data[:60].decode("utf-8", "backslashreplace")
