"""
What the proxy needs of a reactor, and the turn batcher in front of it where there is epoll.
"""

from __future__ import annotations

import gc
import select
import time
from typing import Any, Protocol

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IConnector,
    IDelayedCall,
    IHostnameResolver,
    IListeningPort,
    IReactorFDSet,
)
from twisted.internet.protocol import ClientFactory, Factory

from nuttwist.net.batcher import TurnBatcher
from nuttwist.net.turn import Turn

#: Containers made, net, between two looks for cycles, and how many looks at each generation make
#: one at the next: some turns' worth of requests, where Python's 700 are a part of one.
COLLECTIONS = (10000, 10, 10)


class Sockets(Protocol):
    """
    A reactor, as far as the proxy uses it.
    """

    @property
    def nameResolver(self) -> IHostnameResolver: ...

    def seconds(self) -> float: ...

    def callLater(self, delay: float, function: Any, *args: Any, **kw: Any) -> IDelayedCall: ...

    def listenTCP(
        self, port: int, factory: Factory, backlog: int = ..., interface: str = ...
    ) -> IListeningPort: ...

    def connectTCP(
        self, host: str, port: int, factory: ClientFactory, timeout: float = ...
    ) -> IConnector: ...

    def listenUNIX(
        self, address: str, factory: Factory, backlog: int = ..., mode: int = ...
    ) -> IListeningPort: ...

    def connectUNIX(
        self, address: str, factory: ClientFactory, timeout: float = ...
    ) -> IConnector: ...


@attrs.frozen
class Loop:
    """
    Sockets and the turns they are served in.
    """

    sockets: Sockets
    turn: Turn


def processReactor() -> Any:
    """
    The reactor of this process, which is the proxy's alone; the first who asks for it chooses it.
    """
    from twisted.internet import reactor  # noqa: PLC0415  importing it chooses it

    # Twisted's reactors tell the time of day, and a clock that is set would move every timeout.
    reactor.seconds = time.monotonic  # type: ignore[method-assign]
    # Requests come and go by the thousand and make no cycles; what is imported by now stays.
    gc.freeze()
    gc.set_threshold(*COLLECTIONS)
    return reactor


def nextTurn(sockets: Sockets) -> Deferred[None]:
    """
    Fires when everything has been called that was to be called without delay.
    """
    passed: Deferred[None] = Deferred()
    sockets.callLater(0, passed.callback, None)
    return passed


def loopOn(reactor: Any) -> Loop:
    """
    The turn batcher in front of a reactor that can carry it, or else the plain reactor.
    """
    if hasattr(select, "epoll") and IReactorFDSet.providedBy(reactor):
        batcher = TurnBatcher(reactor)
        return Loop(batcher, batcher.turn)
    return Loop(reactor, Turn(reactor))
