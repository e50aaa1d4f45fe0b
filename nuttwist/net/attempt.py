"""
One attempt to connect to a server, from its name to the end of the TLS handshake.

To the factory that wants the connection it is a connector like Twisted's, with one deadline over
all of it. The factory hears of a connection only when requests can be sent on it::

    name --> addresses --> connecting --> handshake --> made
      |        ^   |            |              |
      |        |   +------------+--------------+ (the next address)
      +--------+---------------------------------> clientConnectionFailed (there is no other)

Names are looked up anew for each attempt. Their addresses are tried in turn, never two at a time:
one that refuses gives way to the next at once, and one that is silent when it has had its equal
share of the time that was left. (RFC 8305 begins the next in the meantime, which would make two
connections to a server of which one is thrown away.)
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from twisted.internet import error
from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import (
    IAddress,
    IConnector,
    IDelayedCall,
    IProtocol,
)
from twisted.internet.protocol import ClientFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from nuttwist.net.lookup import Resolving, lookUp
from nuttwist.net.troubles import UnreachableError


class Network(Resolving, Protocol):
    """
    What an attempt needs of a reactor.
    """

    def seconds(self) -> float: ...

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


@implementer(IConnector)
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
        self._phase = Phase.LOOKING
        # Those that are still to be tried, the one that is, and what became of it and others.
        self._addresses: list[str] = []
        self._address = ""
        self._failures: list[tuple[str, BaseException | None]] = []
        self._connector: IConnector | None = None
        self._timer: IDelayedCall | None = None
        self._reason: Failure | None = None

    def start(self, isNumeric: bool, timeout: float) -> Attempt:
        """
        Begin.

        @param isNumeric: the host is an address, so there is nothing to look up.
        @param timeout: seconds for all of it.
        """
        self._deadline = self._network.seconds() + timeout
        self._timer = self._network.callLater(timeout, self._late)
        self._factory.startedConnecting(self)
        if isNumeric:
            self._found([self._host])
        else:
            self._lookUp()
        return self

    # -- addresses

    def _lookUp(self) -> None:
        try:
            lookUp(self._network, self._host, self._port, self._found)
        except error.DNSLookupError as wrong:
            self._failSoon(wrong)

    def _found(self, addresses: list[str]) -> None:
        if self._phase is not Phase.LOOKING:
            return
        self._addresses = addresses
        if addresses:
            self._connectToNext()
        else:
            self._failSoon(error.DNSLookupError(f"no address for {self._host!r}"))

    def _failSoon(self, reason: Exception) -> None:
        # Whoever began this has not got the connector yet.
        self._startTimer(0, self._failed, Failure(reason))

    def _left(self) -> float:
        return self._deadline - self._network.seconds()

    # -- connecting

    def _connectToNext(self) -> None:
        # A lookup may end in the turn in which the time is up.
        share = max(self._left(), 0) / len(self._addresses)
        self._address = self._addresses.pop(0)
        self._phase = Phase.CONNECTING
        self._reason = None
        self._startTimer(share, self._late)
        self._connector = self._network.connectTCP(self._address, self._port, self, share)

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
        self._unreachable(self._reason or reason)

    def clientConnectionLost(self, connector: IConnector, reason: Failure) -> None:
        if self._phase is Phase.MADE:
            self._end()
            self._factory.clientConnectionLost(self, reason)
        else:
            self._unreachable(self._reason or reason)

    def _unreachable(self, reason: Failure) -> None:
        self._failures.append((self._address, reason.value))
        if self._addresses and self._left() > 0:
            self._connectToNext()
        elif self._address == self._host or reason.type is error.UserError:
            self._failed(reason)
        else:
            self._failed(Failure(UnreachableError(self._failures)))

    def _failed(self, reason: Failure) -> None:
        if self._phase is not Phase.OVER:
            self._end()
            self._factory.clientConnectionFailed(self, reason)

    def _end(self) -> None:
        self._phase = Phase.OVER
        self._stopTimer()
        # It has this attempt: without the way back there is no cycle to be found later.
        self._connector = None

    def _late(self) -> None:
        self._timer = None
        self._reason = Failure(error.TimeoutError())
        self._giveUp()

    def _startTimer(self, delay: float, function: Any, *args: Any) -> None:
        self._stopTimer()
        self._timer = self._network.callLater(delay, function, *args)

    def _stopTimer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    # -- as a connector

    def stopConnecting(self) -> None:
        """
        Give up before the connection is made.
        """
        self._addresses = []
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
