"""
Listeners that another process has bound and that several accept from.

They are Twisted's ports but for what belongs to whoever bound them: closing one neither shuts the
socket down nor removes its path. Each takes one client a turn, and lets the other processes go
first while it is ahead of them, so that clients are shared.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs
from twisted.internet import tcp, unix
from twisted.internet.interfaces import IDelayedCall, IListeningPort
from twisted.internet.protocol import ServerFactory
from twisted.python.failure import Failure

from nuttwist.net.batcher import TurnBatcher
from nuttwist.net.transports import LeanServer, LeanUnixServer

if TYPE_CHECKING:
    _Base = tcp.Port
else:
    _Base = object

#: Seconds that the others have to take a client before one that is ahead takes it.
COURTESY = 0.001


def never() -> bool:
    """
    For a process that nobody shares a listener with.
    """
    return False


@attrs.frozen
class Inherited:
    """
    A listening socket that another process has bound.

    @ivar descriptor: of the socket; it stays open, a port has a copy. L{None}: there is none at
        the moment, and nobody is let in.
    @ivar isAhead: asked when there is a client to take: whether the others should go first.
    """

    descriptor: int | None
    isAhead: Callable[[], bool] = never


class Shared(_Base):
    """
    Mixed into a port that is not alone on its socket.
    """

    reactor: Any
    isAhead: Callable[[], bool]
    _waiting: IDelayedCall | None = None

    def doRead(self) -> None:
        if not self.isAhead():
            self._take()
        elif self._waiting is None:
            self.stopReading()
            self._waiting = self.reactor.callLater(COURTESY, self._waited)

    def _waited(self) -> None:
        self._waiting = None
        self.startReading()
        self._take()

    def _take(self) -> None:
        # Whoever has bound it shuts it down when it has to make room.
        if self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            self.numberAccepts = 1
            super().doRead()
        else:
            self.stopReading()

    def stopReading(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        super().stopReading()


class AdoptedTCPPort(Shared, tcp.Port):
    """
    A listener on TCP.
    """

    lean = LeanServer


class AdoptedUNIXPort(Shared, unix.Port):
    """
    A listener on a unix socket.
    """

    lean = LeanUnixServer

    def startListening(self) -> None:
        # unix.Port's own would set the permissions and the backlog anew.
        self._shouldShutdown = False
        listening, self._preexistingSocket = self._preexistingSocket, None
        assert listening is not None
        assert self.factory is not None
        self.socket = listening
        self.fileno = listening.fileno  # type: ignore[method-assign]
        self.factory.doStart()
        self.connected = True
        self.startReading()

    def connectionLost(self, reason: Failure) -> None:
        tcp.Port.connectionLost(self, reason)


def adoptPort(reactor: Any, inherited: Inherited, factory: ServerFactory) -> IListeningPort | None:
    """
    Accept from a listening socket.

    @param reactor: a reactor with descriptors, or the turn batcher.
    @return: L{None}: there is no socket.
    """
    descriptor = inherited.descriptor
    if descriptor is None:
        return None
    with socket.socket(fileno=os.dup(descriptor)) as listening:
        family = listening.family
    port: AdoptedTCPPort | AdoptedUNIXPort
    if family == socket.AF_UNIX:
        port = AdoptedUNIXPort._fromListeningDescriptor(reactor, descriptor, factory)  # noqa: SLF001  how Twisted's reactors adopt
    else:
        port = AdoptedTCPPort._fromListeningDescriptor(reactor, descriptor, family, factory)  # noqa: SLF001
    if isinstance(reactor, TurnBatcher):
        port.transport = port.lean
    port.isAhead = inherited.isAhead
    port.startListening()
    return port
