"""
Reactors in memory.

Each L{FakeReactor} is one imagined process with a clock of its own. L{FakeNetwork} is the process
under test and also the machine: it makes the others, runs all of them in turns and moves their
clocks together. A turn of a process is a turn of a real reactor: timers that are due, then sockets
with something to read, then writers, so all that is written to one connection in one turn leaves in
one piece.

The reactors have no C{addReader}: whoever looks for descriptor support finds none and uses them
plainly.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from twisted.internet import abstract, error
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTCP, IReactorTime, IReactorUNIX
from twisted.internet.task import Clock
from zope.interface import implementer

from .sockets import FakeSocket
from .transports import Loop, MemoryConnector, MemoryPort, MemoryUnixConnector, MemoryUnixPort
from .wire import Address, Wire

TURNS_MAX = 200_000
"""After so many turns without rest something feeds itself."""


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
        self._loop = Loop(self, self.wire, self.resolve)

    def listenTCP(
        self, port: int, factory: Any, backlog: int = 50, interface: str = ""
    ) -> MemoryPort:
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
        self,
        address: str,
        factory: Any,
        backlog: int = 50,
        mode: int = 0o666,
        wantPID: bool = False,
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
        """Run the timers that are due and serve ready sockets, once; was there anything?"""
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
        """End as after SIGKILL: no code of it runs any more, the kernel closes its sockets."""
        self.calls.clear()
        self._loop = Loop(self, self.wire, self.resolve)
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
        busy = [each.turn() for each in self._processes]
        return any(busy)

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
