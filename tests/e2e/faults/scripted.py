r"""
Servers that do what a test tells them, on the reactor of the test.

    server = Scripted(reactor, lambda connection: connection.say(b"-ERR no\r\n"))
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

from attrs import frozen
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.python.failure import Failure

from tests.e2e.servers import HOST, freePort


class Connection(Protocol):
    """
    One connection to a scripted server.

    @ivar received: all that has come on it.
    """

    factory: Scripted
    received = b""

    def connectionMade(self) -> None:
        self.factory.connections.append(self)
        self.factory.made += 1

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        self.factory.script(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.factory.connections.remove(self)

    def say(self, data: bytes) -> None:
        """Send something."""
        self.transport.write(data)


class Scripted(ServerFactory):
    """
    A server by script.

    @ivar port: where it listens, on 127.0.0.1.
    @ivar script: called with a connection whenever something has come on it.
    @ivar connections: those that are open.
    @ivar made: how many there have been.
    """

    noisy = False
    protocol = Connection

    def __init__(self, reactor: Any, script: Callable[[Connection], object]) -> None:
        self.script = script
        self.connections: list[Connection] = []
        self.made = 0
        self.port = freePort()
        self._listening = reactor.listenTCP(self.port, self, interface=HOST)

    def close(self) -> None:
        """Be gone."""
        self._listening.stopListening()
        for each in list(self.connections):
            each.transport.abortConnection()


@frozen
class BlackHole:
    """
    An address that lets nobody in and turns nobody away.

    @ivar port: on 127.0.0.1.
    """

    port: int


@contextmanager
def blackHole():
    """Listen with a queue that is full: further connection attempts are not answered at all."""
    port = freePort()
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(0)
        inside = [socket.socket() for _ in range(4)]
        for each in inside:
            each.setblocking(False)
            each.connect_ex((HOST, port))
        yield BlackHole(port)
        for each in inside:
            each.close()
