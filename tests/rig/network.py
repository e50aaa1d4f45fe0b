"""
Reactors in memory: Twisted's own transports on the sockets of L{tests.rig.wire}.

Each L{FakeReactor} is one imagined process with a clock of its own. L{FakeNetwork} is the process under
test and also the machine: it makes the others, runs all of them in turns and moves their clocks together.
A turn of a process is a turn of a real reactor: timers that are due, then sockets with something to read,
then writers, so all that is written to one connection in one turn leaves in one piece.

The reactors have no C{addReader}: whoever looks for descriptor support finds none and uses them plainly.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from twisted.internet import abstract, address, error, tcp, unix
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTCP, IReactorTime, IReactorUNIX
from twisted.internet.posixbase import _DisconnectSelectableMixin
from twisted.internet.task import Clock
from twisted.logger import Logger
from zope.interface import implementer

from .wire import Address, FakeSocket, Wire

TURNS_MAX = 200_000
"""After so many turns without rest something feeds itself."""


class Loop(_DisconnectSelectableMixin):
    """
    The part of a reactor that transports are registered with.

    @ivar process: the reactor this loop belongs to.
    """

    _log = Logger(namespace="tests.rig")

    def __init__(self, process: FakeReactor) -> None:
        self.process = process
        self.callLater = process.callLater
        self.seconds = process.seconds
        self.resolve = process.resolve
        self._readers: dict[Any, None] = {}
        self._writers: dict[Any, None] = {}

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
        except Exception as mistake:  # a reactor logs it, drops the connection and runs on
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
        process = self.reactor.process
        return FakeSocket(process.wire, process, self.addressFamily)


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


@implementer(IReactorTCP, IReactorUNIX, IReactorTime)
class FakeReactor(Clock):
    """
    One process: ports, connections and timers in memory.

    @ivar wire: what it shares with the other processes.
    @ivar frozen: while set the process does nothing, though the kernel still takes connections and
        bytes for it.
    """

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self.wire = wire
        self.frozen = False
        self._loop = Loop(self)

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> MemoryPort:
        """See L{IReactorTCP.listenTCP}."""
        made = MemoryPort(port, factory, backlog, interface, self._loop)
        made.startListening()
        return made

    def connectTCP(
        self, host: str, port: int, factory: Any, timeout: float = 30, bindAddress: Any = None
    ) -> MemoryConnector:
        """See L{IReactorTCP.connectTCP}."""
        made = MemoryConnector(host, port, factory, timeout, bindAddress, self._loop)
        made.connect()
        return made

    def listenUNIX(
        self, address: str, factory: Any, backlog: int = 50, mode: int = 0o666, wantPID: bool = False
    ) -> MemoryUnixPort:
        """See L{IReactorUNIX.listenUNIX}."""
        made = MemoryUnixPort(address, factory, backlog, mode, self._loop)
        made.startListening()
        return made

    def connectUNIX(
        self, address: str, factory: Any, timeout: float = 30, checkPID: bool = False
    ) -> MemoryUnixConnector:
        """See L{IReactorUNIX.connectUNIX}."""
        made = MemoryUnixConnector(address, factory, timeout, self._loop, checkPID)
        made.connect()
        return made

    def resolve(self, name: str, timeout: object = None) -> Deferred[str]:
        """Know numbers and C{localhost}; any other name fails with DNSLookupError."""
        if name == "localhost":
            return succeed("127.0.0.1")
        if abstract.isIPAddress(name) or abstract.isIPv6Address(name):
            return succeed(name)
        return fail(error.DNSLookupError(f"no address for {name!r} in memory"))

    def sockets(self) -> list[FakeSocket]:
        """List what the process has open: listening sockets and connections."""
        return self.wire.ownedBy(self)

    def turn(self) -> bool:
        """Run the timers that are due and serve the sockets that are ready, once; was there anything?"""
        if self.frozen:
            return False
        due = [call for call in self.calls if call.getTime() <= self.seconds()]
        for call in due:
            if call in self.calls and call.getTime() <= self.seconds():
                self.calls.remove(call)
                call.called = 1
                call.func(*call.args, **call.kw)
        return self._loop.turn() or bool(due)

    def kill(self) -> None:
        """End as after SIGKILL: no code of the process runs any more, the kernel closes its sockets."""
        self.calls.clear()
        self._loop = Loop(self)
        for each in self.sockets():
            each.close()


class FakeNetwork(FakeReactor):
    """The process under test, and the machine it shares with scripted peers."""

    def __init__(self) -> None:
        super().__init__(Wire())
        self._processes: list[FakeReactor] = [self]

    def process(self) -> FakeReactor:
        """Start another process; it runs whenever this network does."""
        made = FakeReactor(self.wire)
        made.rightNow = self.rightNow
        self._processes.append(made)
        return made

    def connect(self, target: Address) -> FakeSocket:
        """
        Open a connection that no reactor serves, for a test to read and write by hand.

        @raise OSError: as C{socket.connect} would.
        """
        family = socket.AF_UNIX if isinstance(target, str) else socket.AF_INET
        if isinstance(target, tuple) and abstract.isIPv6Address(target[0]):
            family = socket.AF_INET6
        made = FakeSocket(self.wire, None, family)
        number = made.connect_ex(target)
        if made.peer is None:
            made.close()
            raise OSError(made.broken or number, f"cannot connect to {target!r}")
        return made

    def pump(self) -> bool:
        """Give every process one turn; did any of them do something?"""
        return any([each.turn() for each in self._processes])

    def settle(self) -> None:
        """Pump until there is nothing to do before time passes."""
        for _ in range(TURNS_MAX):
            if not self.pump():
                return
        raise AssertionError(f"still busy after {TURNS_MAX} turns")

    def elapse(self, seconds: float) -> None:
        """Let time pass for every process, from timer to timer, settling at each."""
        self.wait(seconds, lambda: False)

    def wait(self, seconds: float, until: Callable[[], bool]) -> bool:
        """
        Let time pass until something is so.

        @param seconds: for how long at most.
        @param until: asked whenever the network has settled.
        @return: whether it came to be so.
        """
        end = self.rightNow + seconds
        self.settle()
        while not (reached := until()) and self.rightNow < end:
            self._goTo(min(self._nextTimer(), end))
            self.settle()
        return reached

    def _nextTimer(self) -> float:
        awake = (each for each in self._processes if not each.frozen)
        return min((call.getTime() for each in awake for call in each.calls), default=float("inf"))

    def _goTo(self, moment: float) -> None:
        for each in self._processes:
            each.rightNow = moment
