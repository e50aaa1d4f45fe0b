"""
Twisted's own transports on the sockets of L{tests.rig.sockets}, and the loop that serves them.

Nothing about connections is written again here: half closes, producers, connectors and their
timeouts are Twisted's. Only where a socket comes from is new.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from twisted.internet import address, error, tcp, unix
from twisted.internet.posixbase import _DisconnectSelectableMixin
from twisted.internet.task import Clock
from twisted.logger import Logger

from .sockets import FakeSocket
from .wire import Wire


class Loop(_DisconnectSelectableMixin):
    """
    The part of a reactor that transports are registered with.

    @ivar resolve: finds the address of a host name.
    """

    _log = Logger(namespace="tests.rig")

    def __init__(self, clock: Clock, wire: Wire, resolve: Callable[..., Any]) -> None:
        self.callLater, self.seconds, self.resolve = clock.callLater, clock.seconds, resolve
        self._clock, self._wire = clock, wire
        self._readers: dict[Any, None] = {}
        self._writers: dict[Any, None] = {}

    def makeSocket(self, family: int) -> FakeSocket:
        """Make a socket of the process this loop runs for."""
        return FakeSocket(self._wire, self._clock, family)

    def addReader(self, reader: Any) -> None:
        """Tell this one when it can read."""
        self._readers[reader] = None

    def addWriter(self, writer: Any) -> None:
        """Tell this one when it can write."""
        self._writers[writer] = None

    def removeReader(self, reader: Any) -> None:
        """Tell this one no more when it can read."""
        self._readers.pop(reader, None)

    def removeWriter(self, writer: Any) -> None:
        """Tell this one no more when it can write."""
        self._writers.pop(writer, None)

    def turn(self) -> bool:
        """Serve once whoever is ready; was there anybody?"""
        readers = [each for each in self._readers if each.socket.readable()]
        for each in readers:
            if each in self._readers:
                self._serve(each, "doRead")
        writers = [each for each in self._writers if each.socket.writable()]
        for each in writers:
            if each in self._writers:
                self._serve(each, "doWrite")
        return bool(readers or writers)

    def _serve(self, selectable: Any, method: str) -> None:
        try:
            why = getattr(selectable, method)()
        except Exception as mistake:  # noqa: BLE001  a reactor logs it and drops the connection
            self._log.failure("Unhandled error in {method}", method=method)
            why = mistake
        if why:
            self._disconnectSelectable(selectable, why, method == "doRead")


class _FakeSockets:
    """Mixed into Twisted's ports and clients: their sockets come from the wire."""

    reactor: Loop
    addressFamily: int

    def createInternetSocket(self) -> FakeSocket:
        """Make the socket that Twisted would ask the kernel for."""
        return self.reactor.makeSocket(self.addressFamily)


class MemoryPort(_FakeSockets, tcp.Port):
    """A listening TCP port in memory."""


class MemoryClient(_FakeSockets, tcp.Client):
    """The client's end of a TCP connection in memory."""

    def __init__(self, host: str, port: int, bind: Any, connector: Any, reactor: Loop) -> None:
        self.reactor = reactor  # Twisted makes the socket before it sets this
        super().__init__(host, port, bind, connector, reactor)


class MemoryConnector(tcp.Connector):
    """Makes L{MemoryClient} transports."""

    def _makeTransport(self) -> MemoryClient:
        return MemoryClient(self.host, self.port, self.bindAddress, self, self.reactor)


class MemoryUnixServer(tcp.Server):
    """The server's end of a unix connection in memory; it cannot pass descriptors."""

    getHost = unix.Server.getHost
    getPeer = unix.Server.getPeer

    def __init__(
        self, skt: FakeSocket, protocol: Any, client: str, port: Any, session: int, reactor: Loop
    ) -> None:
        super().__init__(skt, protocol, (client, None), port, session, reactor)


class MemoryUnixPort(_FakeSockets, tcp.Port):
    """A listening unix port in memory: nothing appears in the file system."""

    addressFamily = socket.AF_UNIX
    transport = MemoryUnixServer

    def __init__(self, path: str, factory: Any, backlog: int, mode: int, reactor: Loop) -> None:
        super().__init__(0, factory, backlog, reactor=reactor)
        self._path, self.mode = address.UNIXAddress(path).name, mode

    def startListening(self) -> None:
        """
        Bind and listen.

        @raise twisted.internet.error.CannotListenError: somebody listens there.
        """
        self.socket = self.createInternetSocket()
        try:
            self.socket.bind(self._path)
        except OSError as reason:
            self.socket.close()
            raise error.CannotListenError(None, self._path, reason) from reason
        self.socket.listen(self.backlog)
        self.factory.doStart()
        self.fileno, self.connected, self.numberAccepts = self.socket.fileno, True, 100
        self.startReading()

    def _buildAddr(self, name: str) -> address.UNIXAddress:
        return address.UNIXAddress(name)

    def getHost(self) -> address.UNIXAddress:
        """Give the path."""
        return address.UNIXAddress(self.socket.getsockname())


class MemoryUnixClient(_FakeSockets, tcp.BaseClient):
    """The client's end of a unix connection in memory."""

    addressFamily = socket.AF_UNIX
    getPeer = unix.Client.getPeer
    getHost = unix.Client.getHost

    def __init__(self, path: str, connector: Any, reactor: Loop) -> None:
        self.connector = connector
        self.reactor = reactor
        self.realAddress = self.addr = address.UNIXAddress(path).name
        self._finishInit(self.doConnect, self.createInternetSocket(), None, reactor)


class MemoryUnixConnector(unix.Connector):
    """Makes L{MemoryUnixClient} transports."""

    def _makeTransport(self) -> MemoryUnixClient:
        return MemoryUnixClient(self.address, self, self.reactor)
