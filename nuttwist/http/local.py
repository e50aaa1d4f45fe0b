"""
The proxy of this process, as the HTTP side asks for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred, succeed

from nuttwist.http.source import Drop, Look, PoolLook, Unsteerable
from nuttwist.observed import Observed, observe
from nuttwist.pool import PoolService
from nuttwist.wire.sampler import PoolSampler
from nuttwist.wire.sights import Sample

#: What becomes of C{Sight.hit} in words.
RESULTS = {True: "hit", False: "miss", None: None}


class Proxy(Protocol):
    """
    The proxy, as far as it is looked at.
    """

    @property
    def pools(self) -> dict[str, PoolService]:
        """
        The pools by name.
        """


def sampleFields(pool: str, sampler: PoolSampler, sample: Sample) -> dict[str, Any]:
    """
    A sample as people are to see it.
    """
    key = sample.sight.key
    return {
        "time": time.time(),
        "pool": pool,
        "server": sample.server,
        "command": sample.sight.command,
        "key": None if key is None else sampler.show(key),
        "bytes": sample.size,
        "reply_bytes": sample.replySize,
        "latency": sample.latency,
        "result": RESULTS[sample.sight.hit],
    }


def observedOf(pool: PoolService, *, deep: bool) -> Observed:
    """
    What was seen of a pool that is sampled.
    """
    assert pool.sampler is not None
    return observe(pool.config.name, pool.distributor, pool.sampler, deep=deep)


def steer(pool: PoolService | None, server: str, action: str) -> None:
    """
    Take a server out or let it in, by hand.

    @raise Unsteerable: there is no such pool or server.
    """
    if pool is None:
        raise Unsteerable("there is no such pool")
    distributor = pool.distributor
    deed = distributor.readmit if action == "readmit" else distributor.eject
    try:
        deed(server)
    except ValueError as wrong:
        raise Unsteerable(str(wrong)) from wrong


class LocalSource:
    """
    A L{nuttwist.http.source.Source} for a proxy in this process.
    """

    def __init__(self, proxy: Proxy) -> None:
        self.started = time.time()
        self._proxy = proxy

    def look(self, *, deep: bool) -> Deferred[Look]:
        """
        The proxy at this moment.
        """
        return succeed(
            Look(
                [
                    PoolLook(
                        each.config,
                        each.figures(),
                        observedOf(each, deep=deep),
                        draining=not each.running,
                    )
                    for each in self._proxy.pools.values()
                ]
            )
        )

    def steer(self, pool: str, server: str, action: str) -> None:
        """
        Take a server out or let it in, by hand.

        @raise Unsteerable: there is no such pool or server.
        """
        steer(self._proxy.pools.get(pool), server, action)

    def tap(self, tell: Callable[[dict[str, Any]], None]) -> Drop:
        """
        Tell of each sample from now on.

        @return: ends it.
        """
        ends = [tapInto(name, each, tell) for name, each in self._proxy.pools.items()]

        def end() -> None:
            for each in ends:
                each()

        return end


def tapInto(name: str, pool: PoolService, tell: Callable[[dict[str, Any]], None]) -> Drop:
    """
    Tell of each sample of a pool that is sampled.

    @return: ends it.
    """
    sampler = pool.sampler
    assert sampler is not None

    def told(sample: Sample) -> None:
        tell(sampleFields(name, sampler, sample))

    sampler.taps.append(told)
    return lambda: sampler.taps.remove(told)
