"""
Twisted's stream transports with a shorter way for the ordinary.

What a protocol writes when a turn ends is the one write of its turn, so it is sent at once; what
the socket does not take goes Twisted's way, as does everything at any other time. Reading is
Twisted's, without the detour over TLS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from twisted.internet import main, tcp, unix
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.python.failure import Failure

from nuttwist.net.turn import Turn

if TYPE_CHECKING:
    _Base = tcp.Connection
else:
    _Base = object


class Turning(Protocol):
    """
    A reactor that runs turns.
    """

    turn: Turn


class Lean(_Base):
    """
    Mixed into a transport whose reactor runs turns.
    """

    reactor: Turning  # type: ignore[assignment]  # it is one besides

    def doRead(self) -> ConnectionLost | ConnectionDone | None:  # type: ignore[override]
        try:
            data = self.socket.recv(self.bufferSize)
        except BlockingIOError:
            return None
        except OSError:
            return main.CONNECTION_LOST
        if not data:
            return main.CONNECTION_DONE
        self.protocol.dataReceived(data)
        return None

    def connectionLost(self, reason: Failure) -> None:
        super().connectionLost(reason)
        # The protocol and the transport know each other, and what was not sent may be much.
        self.dataBuffer = b""
        self._tempDataBuffer = []

    def write(self, data: bytes) -> None:
        if self.reactor.turn.ending and not self._tempDataBuffer and not self.dataBuffer:
            if not self.connected or self._writeDisconnected:
                return
            try:
                sent = self.socket.send(data)
            except OSError:
                # Whether it is full or broken, Twisted's own attempt will tell.
                sent = 0
            if sent == len(data):
                return
            data = data[sent:]
        super().write(data)


class LeanBeginning(Lean):
    """
    Mixed into a transport that begins by connecting.
    """

    def failIfNotConnected(self, err: Any) -> None:
        """
        See L{twisted.internet.tcp.BaseClient.failIfNotConnected}.
        """
        super().failIfNotConnected(err)  # type: ignore[misc]  # it is a client besides
        if not self.connected:
            # Both have been its own bound methods: a cycle for each connection that is refused.
            # The rest of the turn may call them once more.
            self.doRead = _nothing  # type: ignore[method-assign]  # as Twisted does
            self.doWrite = _nothing  # type: ignore[method-assign]


def _nothing() -> None:
    """
    There is no connection to read from or to write to.
    """


class LeanServer(Lean, tcp.Server):
    """
    A connection that was accepted.
    """


class LeanClient(LeanBeginning, tcp.Client):
    """
    A connection that was made.
    """


class LeanUnixServer(Lean, unix.Server):
    """
    A connection that was accepted on a unix socket.
    """


class LeanUnixClient(LeanBeginning, unix.Client):
    """
    A connection that was made to a unix socket.
    """


class LeanPort(tcp.Port):
    """
    A listening port.
    """

    transport = LeanServer


class LeanUnixPort(unix.Port):
    """
    A listening unix socket.
    """

    transport = LeanUnixServer


class LeanConnector(tcp.Connector):
    """
    Connects by TCP.
    """

    def _makeTransport(self) -> Any:
        return LeanClient(self.host, self.port, self.bindAddress, self, self.reactor)


class LeanUnixConnector(unix.Connector):
    """
    Connects to a unix socket.
    """

    def _makeTransport(self) -> Any:
        return LeanUnixClient(self.address, self, self.reactor, self.checkPID)
