"""
The sums of split redis requests.

A part of a request that was split by key and went wrong turns the whole into twemproxy's one
error; a request to the whole fleet says which server went wrong, and how.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from nuttwist.wire.gather import Gather
from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.redis import scan
from nuttwist.wire.redis.errors import INVALID, UNKNOWN
from nuttwist.wire.redis.resp import (
    array,
    bulk,
    bulkOf,
    elements,
    error,
    integer,
    integerOf,
    isInteger,
)
from nuttwist.wire.replyqueue import ReplyQueue
from nuttwist.wire.request import Request

OK = b"+OK\r\n"

#: Bytes that a key takes in memory until its request is complete, besides its own: its place.
KEY = 8


class Split(Gather):
    """
    A request whose keys are on several servers.

    @ivar merge: makes the reply from those of the parts, or L{None} when they are none of the
        kind that it can merge.
    @ivar order: of every key, in request order, the number of its part.
    """

    __slots__ = ("merge", "order")

    def __init__(self, owner: ReplyQueue, merge: Merge) -> None:
        Gather.__init__(self, owner)
        self.merge = merge
        self.order: list[int] = []

    def split(
        self, name: bytes, items: list[bytes], width: int, routed: list[Pipeline], now: float
    ) -> None:
        """
        Send each server its share.

        @param name: the command, as the servers are to see it.
        @param items: the arguments, each key with those that belong to it, in request order.
        @param width: how many arguments there are for each key.
        @param routed: the pipeline of each key.
        """
        shares = scan.shared(name, items, width, routed)
        numbers: dict[Pipeline, int] = {}
        parts: list[tuple[Pipeline, Request]] = []
        for pipeline in sorted(shares, key=_rank):
            numbers[pipeline] = len(parts)
            parts.append((pipeline, Request(self, scan.encoded(shares.pop(pipeline)), now)))
        self.order = [numbers[pipeline] for pipeline in routed]
        self.beside = KEY * len(routed)
        self.start(parts)

    def merged(self) -> bytes:
        """
        The sum of the parts, or one error for all.
        """
        if self.troubles:
            return self.error(self.firstTrouble(UNKNOWN) or UNKNOWN)
        whole = self.merge([part.reply or b"" for part in self.parts], self.order)
        return self.error(INVALID) if whole is None else whole


Merge = Callable[[list[bytes], list[int]], bytes | None]


def _rank(pipeline: Pipeline) -> int:
    return pipeline.rank


def interleaved(replies: list[bytes], order: list[int]) -> bytes | None:
    """
    The elements of arrays, in the order of the keys they belong to.
    """
    try:
        shares = [elements(reply) for reply in replies]
    except ValueError:
        return None
    if any(len(share) != order.count(number) for number, share in enumerate(shares)):
        return None
    return array(scan.woven(shares, order))


def added(replies: list[bytes], order: list[int]) -> bytes | None:
    """
    The sum of integers.
    """
    numbers = [integerOf(reply) for reply in replies]
    known = [number for number in numbers if number is not None]
    return integer(sum(known)) if len(known) == len(numbers) else None


def agreed(replies: list[bytes], order: list[int]) -> bytes | None:
    """
    C{OK}, when every server has said something of the kind.
    """
    return OK if all(reply.startswith(b"+") for reply in replies) else None


def attributed(name: str, reply: bytes) -> bytes:
    """
    A server's error, or one about it, with its name behind the code.
    """
    code, _, text = reply[1:-2].partition(b" ")
    return error(b"%s %s: %s" % (code, name.encode("utf-8", "replace"), text))


class Fleet(Gather):
    """
    A request that went to every server.

    @ivar names: the servers' names, in the order of the parts.
    @ivar merge: makes the reply from those of the parts.
    """

    __slots__ = ("merge", "names")

    def __init__(self, owner: ReplyQueue, merge: Callable[[list[bytes]], bytes | None]) -> None:
        Gather.__init__(self, owner)
        self.merge = merge
        self.names: list[str] = []

    def ask(self, data: bytes, fleet: Sequence[tuple[str, Pipeline]], now: float) -> None:
        """
        Send the request to every one of these servers.
        """
        self.names = [name for name, _ in fleet]
        self.start([(pipeline, Request(self, data, now)) for _, pipeline in fleet])

    def merged(self) -> bytes:
        """
        The sum, or an error that names the first server that went wrong.
        """
        replies = [part.reply or b"" for part in self.parts]
        for name, reply in zip(self.names, replies, strict=True):
            if reply.startswith(b"-"):
                return self.error(attributed(name, reply))
        whole = self.merge(replies)
        return self.error(INVALID) if whole is None else whole


def total(replies: list[bytes]) -> bytes | None:
    """
    The sum of integers.
    """
    return added(replies, [])


def joined(replies: list[bytes]) -> bytes | None:
    """
    All elements of all arrays.
    """
    try:
        return array([each for reply in replies for each in elements(reply)])
    except ValueError:
        return None


def anyOf(replies: list[bytes]) -> bytes | None:
    """
    One of the replies that are no null, by chance; a null if there is none.
    """
    found = [reply for reply in replies if not reply.startswith((b"$-1", b"_"))]
    return random.choice(found or replies)  # noqa: S311  no secret is made of it


def first(replies: list[bytes]) -> bytes | None:
    """
    What all servers have said alike.
    """
    return replies[0]


def everywhere(replies: list[bytes]) -> bytes | None:
    """
    Of arrays of integers, the least of each column: 1 for what every server has.
    """
    try:
        columns = zip(*map(elements, replies), strict=True)
        return array([min(column) for column in columns])
    except ValueError:
        return None


class Scan(Gather):
    """
    One step of a SCAN that walks server after server.

    @ivar rank: the server that is walked.
    @ivar servers: how many there are.
    @ivar name: that of the one that is walked.
    """

    __slots__ = ("name", "rank", "servers")

    def __init__(self, owner: ReplyQueue, rank: int, servers: int, name: str) -> None:
        Gather.__init__(self, owner)
        self.rank = rank
        self.servers = servers
        self.name = name

    def merged(self) -> bytes:
        """
        The server's reply with a cursor that also tells the server.
        """
        reply = self.parts[0].reply or b""
        if self.troubles:
            return self.error(attributed(self.name, reply))
        if reply.startswith(b"-"):
            return reply
        try:
            cursor, found = elements(reply)
        except ValueError:
            return self.error(INVALID)
        word = bulkOf(cursor) or b""
        position = int(word) if isInteger(word) else -1
        if position not in POSITIONS:
            return self.error(INVALID)
        following = nextCursor(position, self.rank, self.servers)
        return array([bulk(b"%d" % following), found])


#: Servers that a cursor can tell apart. The position of a server takes the other 52 bits, of
#: which a table of redis uses as many as its size has.
STRIDE = 4096
POSITIONS = range(2**64 // STRIDE)


def nextCursor(position: int, rank: int, servers: int) -> int:
    """
    The cursor for what comes after a step of SCAN.

    @param position: the cursor of the server itself; 0 at its end.
    @param rank: that server.
    """
    if position:
        return position * STRIDE + rank
    return rank + 1 if rank + 1 < servers else 0
