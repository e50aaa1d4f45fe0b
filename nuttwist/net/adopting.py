"""
Listeners that another process has bound and that several accept from.

They are Twisted's ports but for what belongs to whoever bound them: closing one neither shuts the
socket down nor removes its path. And each takes one client a turn, so that a crowd that arrives
at once is shared by the processes that wait for it.
"""

from __future__ import annotations

import os
import socket
from typing import Any

from twisted.internet import tcp, unix
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import ServerFactory
from twisted.python.failure import Failure

from nuttwist.net.batcher import TurnBatcher
from nuttwist.net.transports import LeanServer, LeanUnixServer


class AdoptedTCPPort(tcp.Port):
    """
    A listener on TCP.
    """

    lean = LeanServer

    def doRead(self) -> None:
        self.numberAccepts = 1
        tcp.Port.doRead(self)


class AdoptedUNIXPort(unix.Port):
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

    def doRead(self) -> None:
        self.numberAccepts = 1
        unix.Port.doRead(self)

    def connectionLost(self, reason: Failure) -> None:
        tcp.Port.connectionLost(self, reason)


def adoptPort(reactor: Any, descriptor: int, factory: ServerFactory) -> IListeningPort:
    """
    Accept from a listening socket.

    @param reactor: a reactor with descriptors, or the turn batcher.
    @param descriptor: the socket's; it stays open, the port has a copy.
    """
    with socket.socket(fileno=os.dup(descriptor)) as listening:
        family = listening.family
    port: AdoptedTCPPort | AdoptedUNIXPort
    if family == socket.AF_UNIX:
        port = AdoptedUNIXPort._fromListeningDescriptor(reactor, descriptor, factory)  # noqa: SLF001  how Twisted's reactors adopt
    else:
        port = AdoptedTCPPort._fromListeningDescriptor(reactor, descriptor, family, factory)  # noqa: SLF001
    if isinstance(reactor, TurnBatcher):
        port.transport = port.lean
    port.startListening()
    return port
