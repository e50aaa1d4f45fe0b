"""
The turn batcher: ready connections are served together, and their writes leave together.

An epoll set of its own, which the real reactor polls as one reader (an epoll descriptor is
itself pollable, epoll(7)). In one turn every ready connection is read once, directly, and then
every connection with something to say gets one send, tried before the socket is ever polled
for writing. Twisted's own ports, connectors and transports take it as their reactor, so that
their life is Twisted's.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from typing import Any

from twisted.internet import defer, error, main
from twisted.internet.interfaces import (
    IConnector,
    IDelayedCall,
    IHalfCloseableDescriptor,
    IHostnameResolver,
    IListeningPort,
    IReactorFDSet,
)
from twisted.internet.protocol import ClientFactory, Factory
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from nuttwist.logs.events import CONNECTION_FAILED, END_FAILED
from nuttwist.net.transports import LeanConnector, LeanPort, LeanUnixConnector, LeanUnixPort
from nuttwist.net.turn import Turn

IN, OUT = select.EPOLLIN, select.EPOLLOUT
GONE = select.EPOLLHUP | select.EPOLLERR

#: Descriptors served in one turn; the others are still ready in the next.
PER_TURN = 256

#: Reasons made once, since a traceback and a stack for each closed connection are waste.
FAILURES = {type(why): Failure(why) for why in (main.CONNECTION_DONE, main.CONNECTION_LOST)}


@implementer(IReactorFDSet)
class TurnBatcher:
    """
    Stands in for the reactor towards Twisted's transports.

    It is registered with the real reactor, and holds an epoll descriptor, only while it has
    something to watch.

    @ivar turn: the tasks to do when the reads of a turn are done.
    @ivar seconds: now, by the real reactor's clock; asked for with every chunk.
    """

    def __init__(self, reactor: Any) -> None:
        """
        @param reactor: the real one; it provides L{IReactorFDSet} and L{IReactorTime}.
        """
        self.reactor = reactor
        self.seconds: Callable[[], float] = reactor.seconds
        self.turn = Turn(reactor)
        self._log = Logger(namespace="nuttwist.batcher")
        self._epoll: select.epoll | None = None
        self._watched: dict[int, Any] = {}
        self._masks: dict[Any, int] = {}
        self._fds: dict[Any, int] = {}
        self._eager: dict[Any, None] = {}

    # -- IReactorFDSet, for the transports

    def addReader(self, reader: Any) -> None:
        self._watch(reader, self._masks.get(reader, 0) | IN)

    def addWriter(self, writer: Any) -> None:
        if self.turn.held and writer.connected:
            self._eager[writer] = None
        else:
            self._watch(writer, self._masks.get(writer, 0) | OUT)

    def removeReader(self, reader: Any) -> None:
        self._watch(reader, self._masks.get(reader, 0) & ~IN)

    def removeWriter(self, writer: Any) -> None:
        self._eager.pop(writer, None)
        mask = self._masks.get(writer, 0)
        if mask & OUT:
            self._watch(writer, mask & ~OUT)

    def removeAll(self) -> list[Any]:
        everything = list(self._masks)
        for each in everything:
            self._watch(each, 0)
        return everything

    def getReaders(self) -> list[Any]:
        return [each for each, mask in self._masks.items() if mask & IN]

    def getWriters(self) -> list[Any]:
        return [each for each, mask in self._masks.items() if mask & OUT] + list(self._eager)

    def _watch(self, selectable: Any, mask: int) -> None:
        old = self._masks.get(selectable, 0)
        if mask == old:
            return
        epoll = self._epoll or self._open()
        if not mask:
            del self._masks[selectable]
            fd = self._fds.pop(selectable)
            del self._watched[fd]
            epoll.unregister(fd)
            if not self._masks:
                self._close()
            return
        if old:
            epoll.modify(self._fds[selectable], mask)
        else:
            fd = selectable.fileno()
            epoll.register(fd, mask)
            self._fds[selectable] = fd
            self._watched[fd] = selectable
        self._masks[selectable] = mask

    def _open(self) -> select.epoll:
        self._epoll = select.epoll()
        self.reactor.addReader(self)
        return self._epoll

    def _close(self) -> None:
        if self._epoll is not None:
            self.reactor.removeReader(self)
            self._epoll.close()
            self._epoll = None

    # -- IReadDescriptor, for the real reactor

    def fileno(self) -> int:
        return -1 if self._epoll is None else self._epoll.fileno()

    def logPrefix(self) -> str:
        return "TurnBatcher"

    def connectionLost(self, reason: Failure) -> None:
        """
        The real reactor let go of the epoll descriptor, as it does when it shuts down: that goes
        for everybody who was watched.
        """
        everybody = dict.fromkeys([*self.removeAll(), *self._eager])
        self._eager.clear()
        for each in everybody:
            self._lose(each, reason)

    def doRead(self) -> None:
        """
        Run one turn.
        """
        if self._epoll is None:
            return
        self.turn.held = True
        try:
            for fd, event in self._epoll.poll(0, PER_TURN):
                selectable = self._watched.get(fd)
                if selectable is not None:
                    self._serve(selectable, event)
            self.flush()
        finally:
            self.turn.held = False

    def flush(self) -> None:
        """
        Do the tasks of the turn, then send what they and the reads have written.
        """
        while True:
            self.turn.end()
            if not self._eager:
                return
            for writer in list(self._eager):
                if writer in self._eager:
                    self._send(writer)

    def _serve(self, selectable: Any, event: int) -> None:
        why: Any = None
        reading = bool(event & IN)
        try:
            if event & GONE and not reading:
                why = main.CONNECTION_LOST
            if reading:
                why = selectable.doRead()
            if not why and event & OUT:
                reading = False
                why = selectable.doWrite()
        except Exception as unexpected:  # noqa: BLE001  the others go on
            why = self._unexpected(selectable, unexpected)
        if why:
            self._disconnect(selectable, why, reading)

    def _send(self, writer: Any) -> None:
        try:
            why = writer.doWrite()
        except Exception as unexpected:  # noqa: BLE001  the others go on
            why = self._unexpected(writer, unexpected)
        if why:
            self._disconnect(writer, why, False)
        elif writer in self._eager:
            # It has not called removeWriter, so there is more: that waits for the socket.
            del self._eager[writer]
            self._watch(writer, self._masks.get(writer, 0) | OUT)

    def _unexpected(self, selectable: Any, exception: Exception) -> Exception:
        CONNECTION_FAILED.failed(self._log, selectable=selectable)
        return exception

    def _disconnect(self, selectable: Any, why: Any, reading: bool) -> None:
        self.removeReader(selectable)
        reason = FAILURES.get(type(why)) or Failure(why)
        if (
            reading
            and isinstance(why, error.ConnectionDone)
            and IHalfCloseableDescriptor.providedBy(selectable)
        ):
            selectable.readConnectionLost(reason)
        else:
            self.removeWriter(selectable)
            self._lose(selectable, reason)

    def _lose(self, selectable: Any, reason: Failure) -> None:
        try:
            selectable.connectionLost(reason)
        except Exception:  # noqa: BLE001  the others go on
            END_FAILED.failed(self._log, selectable=selectable)

    # -- what transports, ports and connectors ask of a reactor besides

    @property
    def nameResolver(self) -> IHostnameResolver:
        resolver: IHostnameResolver = self.reactor.nameResolver
        return resolver

    def callLater(self, delay: float, function: Any, *args: Any, **kw: Any) -> IDelayedCall:
        delayed: IDelayedCall = self.reactor.callLater(delay, function, *args, **kw)
        return delayed

    def resolve(self, name: str, *args: Any) -> Any:
        """
        As the reactor, but for names that cannot be written in a query: those fail at once,
        where Twisted's resolver leaves its caller without an answer.
        """
        try:
            name.encode("idna")
        except UnicodeError as wrong:
            return defer.fail(error.DNSLookupError(f"{name!r} is no host name: {wrong}"))
        return self.reactor.resolve(name, *args)

    def listenTCP(
        self, port: int, factory: Factory, backlog: int = 50, interface: str = ""
    ) -> IListeningPort:
        listening = LeanPort(port, factory, backlog, interface, self)
        listening.startListening()
        return listening

    def connectTCP(
        self, host: str, port: int, factory: ClientFactory, timeout: float = 30
    ) -> IConnector:
        connector = LeanConnector(host, port, factory, timeout, None, self)
        connector.connect()
        return connector

    def listenUNIX(
        self, address: str, factory: Factory, backlog: int = 50, mode: int = 0o666
    ) -> IListeningPort:
        listening = LeanUnixPort(os.fsencode(address), factory, backlog, mode, self)
        listening.startListening()
        return listening

    def connectUNIX(self, address: str, factory: ClientFactory, timeout: float = 30) -> IConnector:
        connector = LeanUnixConnector(os.fsencode(address), factory, timeout, self, checkPID=0)
        connector.connect()
        return connector
