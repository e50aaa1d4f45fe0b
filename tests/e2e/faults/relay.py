"""
A relay between the proxy and a server, which spoils what passes through it.

    relay = Relay(reactor, server.port)
    relay.manner = Manner(limit=100, end="abort")

It runs on the reactor of the test, on real sockets.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import attrs
from twisted.internet.protocol import ClientFactory, Protocol, ServerFactory, connectionDone
from twisted.python.failure import Failure

from tests.e2e.servers import HOST, freePort

ENDS = {
    "abort": lambda transport: transport.abortConnection(),
    "close": lambda transport: transport.loseConnection(),
    "half": lambda transport: transport.loseWriteConnection(),
    "silence": lambda _: None,
}
_AWAY = 0.02


@attrs.frozen
class Manner:
    """
    How the replies of the server are passed on.

    @ivar delay: seconds that each piece comes late.
    @ivar piece: bytes passed on at once; 0 for as many as there are.
    @ivar limit: bytes of a connection that are passed on before it ends; None for all.
    @ivar end: how it does: C{abort}, C{close}, C{half} (the server says that it is done, and
        still listens) or C{silence} (nothing comes any more).
    @ivar last: what is said in the place of the rest.
    """

    delay: float = 0.0
    piece: int = 0
    limit: int | None = None
    end: str = "abort"
    last: bytes = b""


class _Upstream(Protocol):
    """The side of the server."""

    def __init__(self, near: _Downstream) -> None:
        self._near = near

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)
        self._near.joined(self.transport)

    def dataReceived(self, data: bytes) -> None:
        self._near.reply(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._near.transport.loseConnection()


class _Downstream(Protocol):
    """The side of the proxy."""

    factory: Relay

    def connectionMade(self) -> None:
        self.factory.connections.append(self)
        self.transport.setTcpNoDelay(True)
        self.passed = 0
        self._ended = False
        self._waiting: deque[bytes] = deque()
        self._early: list[bytes] = []
        self._upstream: Any = None
        up = ClientFactory()
        up.noisy = False
        up.buildProtocol = lambda _: _Upstream(self)
        up.clientConnectionFailed = lambda *_: self.transport.abortConnection()
        self.factory.reactor.connectTCP(HOST, self.factory.target, up)

    def joined(self, upstream: Any) -> None:
        """The server has taken the connection."""
        self._upstream = upstream
        upstream.writeSequence(self._early)
        if not self.connected:
            upstream.abortConnection()

    def dataReceived(self, data: bytes) -> None:
        if self._upstream is None:
            self._early.append(data)
        else:
            self._upstream.write(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._waiting.clear()
        self.factory.connections.remove(self)
        if self._upstream is not None:
            self._upstream.abortConnection()

    def reply(self, data: bytes) -> None:
        """The server has said something."""
        if self._ended:
            return
        size = self.factory.manner.piece or len(data) or 1
        isIdle = not self._waiting
        self._waiting.extend(data[at : at + size] for at in range(0, len(data), size))
        if isIdle:
            self._later()

    def _later(self) -> None:
        # Also without a delay there is a turn of the reactor between two pieces.
        manner = self.factory.manner
        if manner.delay or manner.piece:
            self.factory.reactor.callLater(manner.delay, self._pass)
        else:
            self._pass()

    def _pass(self) -> None:
        if not self._waiting:
            return
        manner, piece = self.factory.manner, self._waiting.popleft()
        if manner.limit is not None:
            piece = piece[: max(0, manner.limit - self.passed)]
        self.passed += len(piece)
        self.transport.write(piece)
        if manner.limit is not None and self.passed >= manner.limit:
            self.transport.write(manner.last)
            self._end(manner.end)
        elif self._waiting:
            self._later()

    def _end(self, how: str) -> None:
        self._ended = True
        self._waiting.clear()
        # What was written should be on its way first: an abort throws away what is not.
        self.factory.reactor.callLater(_AWAY, ENDS[how], self.transport)


class Relay(ServerFactory):
    """
    Listens like a server.

    @ivar port: where it listens, on 127.0.0.1.
    @ivar target: the port of the server behind it.
    @ivar manner: how it passes replies on, from now.
    @ivar connections: those that are open.
    """

    noisy = False
    protocol = _Downstream

    def __init__(self, reactor: Any, target: int, manner: Manner = Manner()) -> None:
        self.reactor = reactor
        self.target = target
        self.manner = manner
        self.connections: list[_Downstream] = []
        self.port = freePort()
        self._listening: Any = None
        self.open()

    def open(self) -> None:
        """Listen, again on the same port."""
        self._listening = self.reactor.listenTCP(self.port, self, interface=HOST)

    def refuse(self) -> None:
        """Listen no more; what is connected stays."""
        if self._listening is not None:
            self._listening.stopListening()
            self._listening = None

    def cut(self) -> None:
        """Reset every connection."""
        for each in list(self.connections):
            each.transport.abortConnection()

    def close(self) -> None:
        """Be gone."""
        self.refuse()
        self.cut()
