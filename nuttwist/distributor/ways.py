"""
Where the keys of one pool go: to the servers of its ring, and what stands in for who is out.

What becomes of the keys of a server that is out is the pool's C{on_failure}. C{rehash} makes the
ring without it. Otherwise it stays in the ring, so that no other key moves: with C{fail} its keys
get an error at once, and with C{backup} they go where another pool has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from nuttwist.config import PoolConfig
from nuttwist.distributor.server import Server
from nuttwist.ring.distributions import RingServer
from nuttwist.ring.ring import Ring
from nuttwist.wire.pipeline import Pipeline

#: What clients are told of a server that is out: its name, and why.
OUT = "server {} is out: {}"

#: The policies that leave a server in the ring.
KEEPING = frozenset({"fail", "backup"})


class Ways:
    """
    The ways of one pool.

    @ivar crowded: how many pipelines hold their clients back at the moment, of this pool and of
        its backup.
    @ivar servers: of the pool, in its internal order.
    @ivar running: False when there is no way to these servers; then they are no backup.
    @ivar fronts: the pools whose backup this is.
    @ivar caches: ways that are remembered; they are forgotten whenever one may have changed.
    """

    def __init__(self, standIn: Callable[..., Pipeline]) -> None:
        """
        @param standIn: makes a pipeline that fails every request, for the reason given, or else
            because no server is live.
        """
        self.crowded = 0
        self.running = False
        self.servers: Sequence[Server] = ()
        self.caches: list[dict[bytes, Pipeline]] = []
        self._standIn = standIn
        self._nobody = standIn()
        self._standIns: dict[str, Pipeline] = {}
        self._backup: Ways | None = None
        self.fronts: list[Ways] = []

    def build(self, config: PoolConfig, servers: Sequence[Server]) -> None:
        """
        Route to these servers from now on, in their order; L{rebuild} has to follow.
        """
        self.servers = servers
        self._keeps = config.on_failure in KEEPING
        self._ring = Ring(
            [RingServer(each.nameBytes, each.weight) for each in config.servers],
            config.hash,
            config.distribution,
            config.hash_tag,
        )

    def rebuild(self, whys: Mapping[str, str]) -> None:
        """
        Others are live by now.

        @param whys: why each server is out that is, by its name.
        """
        kept = whys if self._keeps else {}
        self._standIns = {name: self._standIn(OUT.format(name, kept[name])) for name in kept}
        gone = {} if self._keeps else whys
        self._ring.rebuild([each.index for each in self.servers if each.config.name not in gone])
        self.forget()

    def open(self, *, running: bool) -> None:
        """
        The servers of this pool may be used from now on, or not any more.
        """
        self.running = running
        self.forget()

    def backUp(self, other: Ways | None) -> None:
        """
        Have another pool take the keys of servers that are out and stay in the ring.

        @param other: L{None}: they get an error.
        """
        if self._backup is not None:
            self._backup.fronts.remove(self)
            self.crowded -= self._backup.crowded
        self._backup = other
        if other is not None:
            other.fronts.append(self)
            self.crowded += other.crowded
        self.forget()

    def forget(self) -> None:
        """
        Forget the ways that are remembered, here and where this pool is the backup.
        """
        for ways in (self, *self.fronts):
            for cache in ways.caches:
                cache.clear()

    def crowd(self, change: int) -> None:
        """
        So many more pipelines hold clients back, or fewer.
        """
        for ways in (self, *self.fronts):
            ways.crowded += change

    def locate(self, key: bytes) -> Server | None:
        """
        The server that the ring has for a key; L{None} when the ring is empty.
        """
        index = self._ring.locate(key)
        return None if index is None else self.servers[index]

    def wayOf(self, key: bytes, lane: int) -> Pipeline:
        """
        Where requests for a key go at the moment.

        @param lane: the kind of server connections.
        """
        server = self.locate(key)
        if server is None:
            return self._nobody
        standIn = self._standIns.get(server.config.name)
        if standIn is None:
            return server.pipelineFor(key, lane)
        backup = self._backup
        return backup.wayOf(key, lane) if backup is not None and backup.running else standIn

    def cacheable(self) -> bool:
        """
        Whether the way of a key stays the same until L{forget}.
        """
        backup = self._backup if self._standIns else None
        return self._ring.cacheable and (backup is None or backup.cacheable())
