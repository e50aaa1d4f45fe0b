"""
The listeners that the parent has, and that the workers accept from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import gatherResults, maybeDeferred
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import ServerFactory

from nuttwist.changes import Changes
from nuttwist.config import PoolConfig
from nuttwist.listening import ListeningService
from nuttwist.listening.moving import bindAll


class Workers(ServerFactory):
    """
    Accepts nobody; the workers do.
    """

    noisy = False


class HeldListening(ListeningService):
    """
    A listener that others accept from.
    """

    def bind(self) -> None:
        super().bind()
        port: Any = self.port
        port.stopReading()

    def descriptor(self) -> int:
        """
        The file descriptor of the socket.
        """
        port: Any = self.port
        return int(port.fileno())


class Holdings(MultiService):
    """
    All of them.

    @ivar listeners: by the names of their pools, in the order of the pools.
    """

    def __init__(self, pools: Sequence[PoolConfig], reactor: Any) -> None:
        MultiService.__init__(self)
        self._reactor = reactor
        self.listeners = {each.name: self._held(each) for each in pools}
        for each in self.listeners.values():
            each.setServiceParent(self)

    def _held(self, pool: PoolConfig) -> HeldListening:
        return HeldListening(pool.listen, Workers(), self._reactor, pool.name, pool.backlog)

    def descriptors(self, names: Iterable[str]) -> dict[str, int]:
        """
        The file descriptors of these pools' listeners; one that makes room for another at this
        moment has none, nor has one that could not be bound again after it had.
        """
        listeners = {name: self.listeners[name] for name in names}
        return {name: each.descriptor() for name, each in listeners.items() if each.port}

    def ports(self) -> dict[str, IListeningPort | None]:
        """
        What there is to accept from.
        """
        return {name: each.port for name, each in self.listeners.items()}

    async def replace(
        self, pools: Sequence[PoolConfig], changes: Changes
    ) -> tuple[list[str], list[HeldListening]]:
        """
        Listen for these pools from now on.

        @return: the pools that listen anew, and the listeners that are to be closed when the
            workers have left them.
        @raise CannotListenError: an address is not to be had, and nothing has changed.
        """
        moved = [each.new for each in changes.changed if each.moves()]
        fresh = {each.name: self._held(each) for each in (*changes.added, *moved)}
        gone = [self.listeners[each.name] for each in (*changes.removed, *moved)]
        if self.running:
            await bindAll(list(fresh.values()), gone)
        self._have({**self.listeners, **fresh}, pools, fresh)
        return list(fresh), gone

    def _have(
        self,
        known: Mapping[str, HeldListening],
        pools: Sequence[PoolConfig],
        fresh: Mapping[str, HeldListening],
    ) -> None:
        self.listeners = {each.name: known[each.name] for each in pools}
        for each in fresh.values():
            each.setServiceParent(self)

    async def close(self, listeners: Iterable[HeldListening]) -> None:
        """
        Have these no more.
        """
        await gatherResults([maybeDeferred(each.disownServiceParent) for each in listeners])
