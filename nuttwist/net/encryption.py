"""
TLS towards clients: with the certificate that holds when they come, and not for ever.

The library that encrypts is an extra, so nothing imports this module until an endpoint wants it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from OpenSSL import SSL
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IOpenSSLServerConnectionCreator,
    IProtocolFactory,
)
from twisted.protocols.tls import (
    BufferingTLSTransport,
    TLSMemoryBIOFactory,
    TLSMemoryBIOProtocol,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from nuttwist.net.troubles import InsecureError

#: Seconds that a client has for its handshake, and for its goodbye.
HANDSHAKE = 10.0

LATE = f"the handshake was not finished within {HANDSHAKE:g} s"


@implementer(IOpenSSLServerConnectionCreator)
class Present:
    """
    Encrypts each connection as it is to be at that moment.
    """

    def __init__(self, shown: Callable[[], Any]) -> None:
        self._shown = shown

    def serverConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """
        Begin one more.
        """
        return SSL.Connection(self._shown().getContext(), None)


class Encrypted(BufferingTLSTransport):
    """
    One connection. When it is closed it says goodbye, and waits for the other end to do so too.
    """

    factory: Encryption

    def loseConnection(self) -> None:
        if not self.disconnecting:
            super().loseConnection()
            self.factory.watch(self)


class Encryption(TLSMemoryBIOFactory):
    """
    Has the clients of another factory speak TLS, and closes those that do not get as far as that,
    or that never say goodbye.

    One timer looks at each of them, L{HANDSHAKE} after it has come and L{HANDSHAKE} after it was
    closed. It is the same time for all, so they are in the order in which they are to be looked at.
    """

    protocol = Encrypted

    def __init__(self, factory: IProtocolFactory, shown: Callable[[], Any], clock: Any) -> None:
        """
        @param shown: how connections are encrypted: a C{CertificateOptions}.
        @param clock: C{seconds} and C{callLater}.
        """
        TLSMemoryBIOFactory.__init__(self, Present(shown), False, factory, clock)
        self._time = clock
        self._deadlines: OrderedDict[TLSMemoryBIOProtocol, float] = OrderedDict()
        self._delayed: IDelayedCall | None = None

    def buildProtocol(  # type: ignore[override]  # Twisted allows None, its wrapper forgets
        self, addr: IAddress | None
    ) -> TLSMemoryBIOProtocol | None:
        protocol = self.wrappedFactory.buildProtocol(addr)
        return None if protocol is None else self.protocol(self, protocol)

    def registerProtocol(self, p: TLSMemoryBIOProtocol) -> None:
        super().registerProtocol(p)
        self.watch(p)

    def watch(self, p: TLSMemoryBIOProtocol) -> None:
        """
        Look at a connection when L{HANDSHAKE} has passed, unless it is gone by then.
        """
        if p not in self.protocols:
            return
        self._deadlines[p] = self._time.seconds() + HANDSHAKE
        self._deadlines.move_to_end(p)
        if self._delayed is None:
            self._delayed = self._time.callLater(HANDSHAKE, self._look)

    def unregisterProtocol(self, p: TLSMemoryBIOProtocol) -> None:
        super().unregisterProtocol(p)
        self._deadlines.pop(p, None)
        if not self._deadlines and self._delayed is not None:
            self._delayed.cancel()
            self._delayed = None

    def _look(self) -> None:
        self._delayed = None
        now = self._time.seconds()
        due = []
        while self._deadlines:
            first = next(iter(self._deadlines.values()))
            if first > now:
                self._delayed = self._time.callLater(first - now, self._look)
                break
            due.append(self._deadlines.popitem(last=False)[0])
        for each in due:
            _end(each)


def _end(protocol: TLSMemoryBIOProtocol) -> None:
    """
    Close a connection on which nothing was agreed, or that only waits for the client's goodbye.
    """
    if protocol.getHandle().get_peer_finished() is None:
        protocol.failVerification(Failure(InsecureError(LATE)))
    elif protocol.disconnecting:
        # What was written still leaves.
        assert protocol.transport is not None
        protocol.transport.loseConnection()
