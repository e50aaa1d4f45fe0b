"""One attempt to connect: who hears what, and when."""

from __future__ import annotations

import pytest
from attrs import define, field
from twisted.internet import error
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from nuttwist.net.attempt import Attempt
from nuttwist.net.troubles import InsecureError, troubleOf


class Network(MemoryReactorClock):
    """A network in memory, whose names are known when the test says so."""

    def __init__(self):
        super().__init__()
        self.asked = []
        self.nameResolver = self

    def resolveHostName(self, receiver, name, port):
        """Keep the receiver for the test."""
        self.asked.append((receiver, name, port))


@define
class Recorder(ClientFactory):
    """Writes down what it hears."""

    heard: list = field(factory=list)

    def startedConnecting(self, connector):
        self.heard.append("started")

    def buildProtocol(self, addr):
        self.heard.append("made")
        return Protocol()

    def clientConnectionFailed(self, connector, reason):
        self.heard.append(type(reason.value))

    def clientConnectionLost(self, connector, reason):
        self.heard.append("lost")


@pytest.fixture
def network():
    """A network on which nothing is left to wait for when the test ends."""
    made = Network()
    yield made
    assert not made.getDelayedCalls()


def begun(network, host="cache.example", **more):
    """An attempt with ten seconds, and who hears of it."""
    recorder = Recorder()
    isNumeric = more.pop("isNumeric", False)
    return Attempt(host, 11211, recorder, network, **more).start(isNumeric, 10), recorder.heard


def destinations(network):
    """Where connections were begun to."""
    return [(each[0], each[1]) for each in network.tcpClients]


@pytest.mark.parametrize(
    ("addresses", "taken"),
    [
        ([IPv6Address("TCP", "::1", 1), IPv4Address("TCP", "10.0.0.1", 1)], "10.0.0.1"),
        ([IPv4Address("TCP", "10.0.0.2", 1), IPv4Address("TCP", "10.0.0.1", 1)], "10.0.0.2"),
        ([IPv6Address("TCP", "::2", 1), IPv6Address("TCP", "::1", 1)], "::2"),
    ],
)
def test_firstAddressOfTheBetterKindIsTaken(network, addresses, taken):
    """IPv4 goes before IPv6, and otherwise the order of the answer counts."""
    attempt, heard = begun(network)
    ((receiver, name, port),) = network.asked
    assert (receiver, name, port) == (attempt, "cache.example", 11211)
    for address in addresses:
        receiver.addressResolved(address)
    receiver.resolutionComplete()
    assert destinations(network) == [(taken, 11211)]
    attempt.buildProtocol(None)
    assert heard == ["started", "made"]


def test_failureIsHeardOfWhenTheConnectorIsKnown(network):
    """A name without an address, and one that cannot be asked for, fail a moment later."""
    for host in ("cache.example", "x" * 70):
        attempt, heard = begun(network, host)
        if network.asked:
            attempt.resolutionComplete()
            network.asked.clear()
        assert heard == ["started"]
        network.advance(0)
        assert heard == ["started", error.DNSLookupError]


def test_lateAnswerIsTooLate(network):
    """The deadline is over the lookup, and what comes after it is not listened to."""
    attempt, heard = begun(network)
    network.advance(10)
    assert heard == ["started", error.TimeoutError]
    attempt.addressResolved(IPv4Address("TCP", "10.0.0.1", 1))
    attempt.resolutionComplete()
    assert destinations(network) == []


def test_stopDuringTheLookupIsHeardOfOnce(network):
    """Whoever gives up hears of it, once."""
    attempt, heard = begun(network)
    attempt.stopConnecting()
    attempt.stopConnecting()
    assert heard == ["started", error.UserError]


def test_refusalIsPassedOn(network):
    """What the network says is the reason."""
    attempt, heard = begun(network, "10.0.0.1", isNumeric=True)
    attempt.clientConnectionFailed(None, Failure(error.ConnectionRefusedError()))
    assert heard == ["started", error.ConnectionRefusedError]


def test_endOfAMadeConnectionIsALoss(network):
    """What was made is lost, not failed."""
    attempt, heard = begun(network, "10.0.0.1", isNumeric=True)
    attempt.buildProtocol(None)
    network.advance(10)
    attempt.clientConnectionLost(None, Failure(error.ConnectionDone()))
    assert heard == ["started", "made", "lost"]


def test_whatCannotBeginIsAFailureWithItsReason(network):
    """A handshake that fails is told when the connection is gone, in its own words."""
    tell = []

    def wrapping(_, failed):
        tell.append(failed)
        return Protocol()

    attempt, heard = begun(network, "10.0.0.1", isNumeric=True, wrapping=wrapping)
    attempt.buildProtocol(None)
    tell[0](Failure(InsecureError("no")))
    assert heard == ["started"]
    attempt.clientConnectionLost(None, Failure(error.ConnectionLost()))
    assert heard == ["started", InsecureError]


def test_insecurityHasAnErrnoTextAndIsToldInTheLog():
    """The client gets the words of an errno, the operator those of the library."""
    trouble = troubleOf(InsecureError("its certificate is not for a.example"))
    assert trouble.text == "Protocol error"
    assert trouble.reason == "TLS: its certificate is not for a.example"
    assert trouble.counter == "server_err"


def test_destinationIsTheHost():
    """A connector says where it leads."""
    attempt = Attempt("h", 5, ClientFactory(), Clock())
    assert attempt.getDestination() == IPv4Address("TCP", "h", 5)
