"""
TLS towards a server: its protocol begins when the handshake has succeeded.

The library that encrypts is an extra, so nothing imports this module until a pool wants it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from OpenSSL import SSL
from service_identity.hazmat import DNS_ID, IPAddress_ID
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
from nuttwist.net.identity import NONE, Checked, Verdict
from nuttwist.net.troubles import InsecureError


@implementer(IHandshakeListener)
class Handshake(Protocol):
    """
    Stands in for the protocol of a connection until it is encrypted, and passes on afterwards.
    """

    _protocol: Any = None

    def __init__(
        self, verdict: Verdict, make: Callable[[], Any], failed: Callable[[Failure], None]
    ) -> None:
        """
        @param verdict: on the certificate of the server.
        @param make: makes the protocol.
        @param failed: told why the handshake has failed.
        """
        self._verdict = verdict
        self._make = make
        self._failed = failed

    def handshakeCompleted(self) -> None:
        """
        The connection is encrypted. It begins if the server was seen to be who it should be.
        """
        if not self._verdict.accepted:
            transport: Any = self.transport
            transport.failVerification(Failure(InsecureError(self._verdict.refusal or NONE)))
            return
        self._protocol = self._make()
        self._protocol.makeConnection(self.transport)

    def dataReceived(self, data: bytes) -> None:
        self._protocol.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        told = inWords(reason, self._verdict)
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
    options: Callable[[], IOpenSSLClientConnectionCreator],
    identity: DNS_ID | IPAddress_ID,
    name: str,
    clock: Any,
) -> Wrapping:
    """
    Have connections to a server encrypted.

    @param options: asked for each connection: how.
    @param identity: what the certificate of the server must be for.
    @param name: the same, for the log.
    """

    def wrap(make: Callable[[], Any], failed: Callable[[Failure], None]) -> IProtocol:
        verdict = Verdict(name, identity)
        inner = Handshakes(Handshake(verdict, make, failed))
        checked = Checked(options(), identity, verdict)
        outer = TLSMemoryBIOFactory(checked, True, inner, cast(IReactorTime, clock))
        protocol: Any = outer.buildProtocol(None)
        return cast(IProtocol, protocol)

    return wrap


def inWords(reason: Failure, verdict: Verdict) -> Failure:
    """
    What the library says, if it was that, as an L{InsecureError}.
    """
    if isinstance(reason.value, SSL.Error):
        return Failure(InsecureError(verdict.refusal or _lastReason(reason.value)))
    return reason


def _lastReason(exception: SSL.Error) -> str:
    # Those before the last are what it comes from, in words for the library's makers.
    queue = exception.args[0] if exception.args else ()
    return str(queue[-1][-1]) if isinstance(queue, list) and queue else "no reason given"
