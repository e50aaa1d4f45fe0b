"""
What workers see of requests: how each collects it, and all of it together.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from twisted.internet.interfaces import IDelayedCall

from nuttwist.config import PoolConfig
from nuttwist.http.local import observedOf, tapInto
from nuttwist.http.source import Drop, Look, PoolLook
from nuttwist.net.deadline import Clock
from nuttwist.observed import Observed, together
from nuttwist.pool import PoolService
from nuttwist.statistics import PoolFigures
from nuttwist.workers.merging import counted, merge
from nuttwist.workers.messages import Ejected, Readmitted
from nuttwist.workers.place import Place
from nuttwist.workers.report import nothing

#: Samples that a worker keeps until it is asked for them, and the seconds after which it keeps
#: none when nobody has asked.
SAMPLES_MAX = 1000
FORGOTTEN = 3.0


class Pools(Protocol):
    """
    A proxy.
    """

    @property
    def pools(self) -> Mapping[str, PoolService]: ...


class ChildView:
    """
    What a worker has seen, collected when it is asked for.
    """

    def __init__(self, proxy: Pools, clock: Clock) -> None:
        self._proxy = proxy
        self._clock = clock
        self._kept: deque[dict[str, Any]] = deque(maxlen=SAMPLES_MAX)
        self._ends: list[Drop] = []
        self._timer: IDelayedCall | None = None

    def seen(self) -> list[Observed]:
        """
        What was seen of each pool.
        """
        return [observedOf(each, deep=True) for each in self._proxy.pools.values()]

    def samples(self) -> list[dict[str, Any]]:
        """
        The samples since the last time, the newest of them when there were too many.
        """
        if self._timer is None:
            pools = self._proxy.pools.items()
            self._ends = [tapInto(name, each, self._kept.append) for name, each in pools]
        else:
            self._timer.cancel()
        self._timer = self._clock.callLater(FORGOTTEN, self.stop)
        samples = list(self._kept)
        self._kept.clear()
        return samples

    def stop(self) -> None:
        """
        Keep no samples any more.
        """
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        for end in self._ends:
            end()
        self._ends = []
        self._kept.clear()


def lookAt(
    pools: Sequence[PoolConfig],
    figures: Iterable[PoolFigures],
    seen: Iterable[Observed],
    ejections: Mapping[str, int],
    places: Iterable[Place],
) -> Look:
    """
    All workers as one proxy.

    @param figures: of workers that run and of those that have ended, as C{seen}.
    @param ejections: how many there were in each pool.
    """
    merged = merge([*map(nothing, pools), *figures])
    views = together([*(Observed(each.name) for each in pools), *seen])
    return Look(
        [
            PoolLook(each, counted(merged[each.name], ejections[each.name]), views[each.name])
            for each in pools
        ],
        [_worker(each) for each in places],
    )


def _worker(place: Place) -> dict[str, Any]:
    worker = place.worker
    return {
        "worker": place.number,
        "pid": None if worker is None else worker.pid,
        "ready": worker is not None and worker.ready,
        "starts": place.starts,
    }


def check(pools: Iterable[PoolConfig], message: Ejected | Readmitted) -> None:
    """
    Whether the server of a message is there.

    @raise ValueError: it is not.
    """
    known = {each.name: [server.name for server in each.servers] for each in pools}
    if message.server not in known.get(message.pool, ()):
        raise ValueError(f"there is no server {message.server!r} in a pool {message.pool!r}")
