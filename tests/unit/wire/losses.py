"""Pools in memory whose servers are lost and ejected, and whose requests are repeated."""

from __future__ import annotations

import zlib

from nuttwist.wire.memcache.repeating import repeatable
from nuttwist.wire.redis import repeating as redis
from nuttwist.wire.retry import Allowance, Retries

from .redis.rig import RedisPool
from .rig import SMALL, Pool, found

ERROR = b"SERVER_ERROR unknown\r\n"
TIMEOUT = 10.0


class Rig(Pool):
    """
    One client, and servers whose requests are repeated.

    @ivar allowed: the pool's allowance.
    """

    repeatable = staticmethod(repeatable)

    def __init__(self, attempts=1, timeout=TIMEOUT, servers=2, settings=SMALL):
        super().__init__(settings, servers)
        self.allowed = Allowance(attempts, timeout)
        retries = Retries(self.router, self.repeatable, lambda: self.allowed, self.counters)
        for pipeline in self.router.pipelines:
            pipeline.retry = retries.retry

    def rehash(self, *ranks):
        """From now on all keys are these servers'."""
        live = [self.router.pipelines[rank] for rank in ranks]
        self.router.routes.clear()
        self.router.route = lambda key: live[zlib.crc32(key) // 7 % len(live)]

    def lose(self, rank, *live):
        """A connection is lost, and if servers are named, all keys are theirs by then."""
        if live:
            self.rehash(*live)
        self.router.pipelines[rank].fail("unknown")

    def failAll(self):
        """Every connection is lost once; what is queued again meanwhile waits."""
        for pipeline in self.router.pipelines:
            pipeline.fail("unknown")

    def answerAll(self):
        """Every server gets what is queued for it and answers."""
        self.takeAll()
        for rank in range(len(self.router.pipelines)):
            self.answer(rank)
        return self.replies.take()


class RedisRig(Rig, RedisPool):
    """The same with redis servers."""

    repeatable = staticmethod(redis.repeatable)


def key(rig, rank, hit=True):
    """A key of this server, which it has or has not."""
    return next(each for each in manyKeys() if isOf(rig, each, rank) and found(each) == hit)


def keysOf(rig, rank, count):
    """So many keys of this server, some of which it has."""
    return [each for each in manyKeys() if isOf(rig, each, rank)][:count]


def manyKeys():
    """Keys of all servers."""
    return [b"key%d" % number for number in range(1000)]


def isOf(rig, each, rank):
    """Whether a key is this server's."""
    return rig.router.route(each).rank == rank
