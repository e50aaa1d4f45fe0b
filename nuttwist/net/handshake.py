"""
TLS towards a server: its protocol begins when the handshake has succeeded.

The library that encrypts is an extra, so nothing imports this module until a pool wants it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet.interfaces import (
    IAddress,
    IHandshakeListener,
    IOpenSSLClientConnectionCreator,
    IProtocol,
    IReactorTime,
)
from twisted.internet.protocol import ClientFactory, Protocol, connectionDone
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from nuttwist.net.attempt import Wrapping
from nuttwist.net.troubles import InsecureError


@implementer(IHandshakeListener)
class Handshake(Protocol):
    """
    Stands in for the protocol of a connection until it is encrypted, and passes on afterwards.
    """

    _protocol: Any = None

    def __init__(
        self, name: str, make: Callable[[], Any], failed: Callable[[Failure], None]
    ) -> None:
        """
        @param name: of the server, for the log.
        @param make: makes the protocol.
        @param failed: told why the handshake has failed.
        """
        self._name = name
        self._make = make
        self._failed = failed

    def handshakeCompleted(self) -> None:
        """
        The server is who it should be.
        """
        self._protocol = self._make()
        self._protocol.makeConnection(self.transport)

    def dataReceived(self, data: bytes) -> None:
        self._protocol.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        told = inWords(reason, self._name)
        if self._protocol is None:
            self._failed(told)
        else:
            self._protocol.connectionLost(told)


class Handshakes(ClientFactory):
    """
    Makes the one L{Handshake} of a connection.
    """

    def __init__(self, handshake: Handshake) -> None:
        self._handshake = handshake

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        return self._handshake


def securing(
    options: Callable[[], IOpenSSLClientConnectionCreator], name: str, clock: Any
) -> Wrapping:
    """
    Have connections to a server encrypted.

    @param options: asked for each connection: how, and who the server must be.
    @param name: of the server, for the log.
    """

    def wrap(make: Callable[[], Any], failed: Callable[[Failure], None]) -> IProtocol:
        inner = Handshakes(Handshake(name, make, failed))
        outer = TLSMemoryBIOFactory(options(), True, inner, cast(IReactorTime, clock))
        protocol: Any = outer.buildProtocol(None)
        return cast(IProtocol, protocol)

    return wrap


def inWords(reason: Failure, name: str) -> Failure:
    """
    What the library says, if it was that, as an L{InsecureError}.
    """
    exception = reason.value
    if isinstance(exception, VerificationError):
        return Failure(InsecureError(f"its certificate is not for {name}"))
    if isinstance(exception, SSL.Error):
        return Failure(InsecureError(_lastReason(exception)))
    return reason


def _lastReason(exception: SSL.Error) -> str:
    # Those before the last are what it comes from, in words for the library's makers.
    queue = exception.args[0] if exception.args else ()
    return str(queue[-1][-1]) if isinstance(queue, list) and queue else "no reason given"
