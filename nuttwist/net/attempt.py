"""
One attempt to connect to a server, from its name to the end of the TLS handshake.

To the factory that wants the connection it is a connector like Twisted's, with one deadline over
all of it. The factory hears of a connection only when requests can be sent on it::

    name --> addresses --> connecting --> handshake --> made
      |          |             |              |
      +----------+-------------+--------------+--> clientConnectionFailed

Names are looked up by the reactor's resolver, which does not block, and anew for each attempt. An
IPv4 address has precedence; a name without one has its IPv6 address taken.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from twisted.internet import error
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import (
    IAddress,
    IConnector,
    IDelayedCall,
    IHostnameResolver,
    IHostResolution,
    IProtocol,
    IResolutionReceiver,
)
from twisted.internet.protocol import ClientFactory
from twisted.python.failure import Failure
from zope.interface import implementer


class Network(Protocol):
    """
    What an attempt needs of a reactor.
    """

    @property
    def nameResolver(self) -> IHostnameResolver: ...

    def callLater(self, delay: float, function: Any, *args: Any, **kw: Any) -> IDelayedCall: ...

    def connectTCP(
        self, host: str, port: int, factory: ClientFactory, timeout: float = ...
    ) -> IConnector: ...


#: Makes the protocol of a connection, from what makes the protocol over it once that can begin,
#: and what is to be told if it cannot.
Wrapping = Callable[[Callable[[], Any], Callable[[Failure], None]], IProtocol]


class Phase(enum.Enum):
    """
    How far an attempt is.
    """

    LOOKING = "looking"
    CONNECTING = "connecting"
    OPENING = "opening"
    MADE = "made"
    OVER = "over"


def plainly(make: Callable[[], Any], _: Callable[[Failure], None]) -> IProtocol:
    """
    A connection that is ready when it is there.
    """
    protocol: IProtocol = make()
    return protocol


@implementer(IConnector, IResolutionReceiver)
class Attempt(ClientFactory):
    """
    Connects a factory to a server, once.
    """

    noisy = False

    def __init__(
        self,
        host: str,
        port: int,
        factory: ClientFactory,
        network: Network,
        wrapping: Wrapping = plainly,
    ) -> None:
        """
        @param host: a name or an address.
        @param factory: told of the connection, or of the failure.
        @param wrapping: what is to happen before the connection is made for the factory.
        """
        self._host = host
        self._port = port
        self._factory = factory
        self._network = network
        self._wrapping = wrapping
        self._addresses: list[Any] = []
        self._phase = Phase.LOOKING
        self._connector: IConnector | None = None
        self._timer: IDelayedCall | None = None
        self._reason: Failure | None = None

    def start(self, isNumeric: bool, timeout: float) -> Attempt:
        """
        Begin.

        @param isNumeric: the host is an address, so there is nothing to look up.
        @param timeout: seconds for all of it.
        """
        self._timeout = timeout
        self._timer = self._network.callLater(timeout, self._late)
        self._factory.startedConnecting(self)
        if isNumeric:
            self._connectTo(self._host)
        else:
            self._lookUp()
        return self

    # -- names

    def _lookUp(self) -> None:
        try:
            self._host.encode("idna")
        except UnicodeError as wrong:
            # Twisted's resolver leaves its caller without an answer to such a name.
            self._failSoon(error.DNSLookupError(f"{self._host!r} is no host name: {wrong}"))
        else:
            self._network.nameResolver.resolveHostName(self, self._host, self._port)

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        """
        Nothing to do: what is looked up is looked up to the end.
        """

    def addressResolved(self, address: IAddress) -> None:
        """
        The name has this address.
        """
        self._addresses.append(address)

    def resolutionComplete(self) -> None:
        """
        The name has no further addresses.
        """
        if self._phase is not Phase.LOOKING:
            return
        # The kinds are in order of precedence.
        usable = [
            each.host
            for kind in (IPv4Address, IPv6Address)
            for each in self._addresses
            if isinstance(each, kind)
        ]
        if usable:
            self._connectTo(usable[0])
        else:
            self._failSoon(error.DNSLookupError(f"no address for {self._host!r}"))

    def _failSoon(self, reason: Exception) -> None:
        # Whoever began this has not got the connector yet.
        self._stopTimer()
        self._timer = self._network.callLater(0, self._failed, Failure(reason))

    # -- connecting

    def _connectTo(self, address: str) -> None:
        self._phase = Phase.CONNECTING
        self._connector = self._network.connectTCP(address, self._port, self, self._timeout)

    def buildProtocol(self, addr: IAddress | None) -> Any:
        self._phase = Phase.OPENING
        return self._wrapping(partial(self._make, addr), self._cannotBegin)

    def _make(self, addr: IAddress | None) -> Any:
        self._phase = Phase.MADE
        self._stopTimer()
        return self._factory.buildProtocol(addr)

    def _cannotBegin(self, reason: Failure) -> None:
        # The end of the connection follows.
        self._reason = self._reason or reason

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        self._failed(self._reason or reason)

    def clientConnectionLost(self, connector: IConnector, reason: Failure) -> None:
        if self._phase is Phase.MADE:
            self._phase = Phase.OVER
            self._factory.clientConnectionLost(self, reason)
        else:
            self._failed(self._reason or reason)

    def _failed(self, reason: Failure) -> None:
        if self._phase is not Phase.OVER:
            self._phase = Phase.OVER
            self._stopTimer()
            self._factory.clientConnectionFailed(self, reason)

    def _late(self) -> None:
        self._timer = None
        self._reason = Failure(error.TimeoutError())
        self._giveUp()

    def _stopTimer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    # -- as a connector

    def stopConnecting(self) -> None:
        """
        Give up before the connection is made.
        """
        self._reason = self._reason or Failure(error.UserError())
        self._giveUp()

    def _giveUp(self) -> None:
        if self._phase is Phase.LOOKING:
            self._failed(self._reason or Failure(error.UserError()))
        elif self._connector is not None and self._phase is Phase.CONNECTING:
            self._connector.stopConnecting()
        elif self._connector is not None and self._phase is Phase.OPENING:
            self._stopTimer()
            self._connector.transport.abortConnection()  # type: ignore[attr-defined]

    def disconnect(self) -> None:
        """
        Close the connection, or give up.
        """
        if self._phase is Phase.MADE and self._connector is not None:
            self._connector.disconnect()
        else:
            self.stopConnecting()

    def connect(self) -> None:
        """
        Never happens: an attempt is made once.
        """

    def getDestination(self) -> IAddress:
        """
        Where it leads to.
        """
        return IPv4Address("TCP", self._host, self._port)
