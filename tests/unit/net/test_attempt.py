"""One attempt to connect: which addresses are tried, who hears what, and when."""

from __future__ import annotations

import pytest
from attrs import define, field
from twisted.internet import error
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from nuttwist.net.attempt import Attempt
from nuttwist.net.troubles import InsecureError, UnreachableError, troubleOf


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
    failures: list = field(factory=list)

    def startedConnecting(self, connector):
        self.heard.append("started")

    def buildProtocol(self, addr):
        self.heard.append("made")
        return Protocol()

    def clientConnectionFailed(self, connector, reason):
        self.heard.append(type(reason.value))
        self.failures.append(reason)

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
    recorder = Recorder(failures=more.pop("failures", []))
    isNumeric = more.pop("isNumeric", False)
    return Attempt(host, 11211, recorder, network, **more).start(isNumeric, 10), recorder.heard


def destinations(network):
    """Where connections were begun to."""
    return [(each[0], each[1]) for each in network.tcpClients]


def resolved(network, *addresses):
    """The name has these addresses, of one kind or the other."""
    ((receiver, _, _),) = network.asked
    receiver.resolutionBegan(None)
    for each in addresses:
        kind = IPv6Address if ":" in each else IPv4Address
        receiver.addressResolved(kind("TCP", each, 11211))
    receiver.resolutionComplete()


def refuse(attempt, reason=error.ConnectionRefusedError):
    """The address that is being tried gives this answer."""
    attempt.clientConnectionFailed(None, Failure(reason()))


def tried(network):
    """The addresses that were tried, and the seconds that each was given."""
    return [(host, timeout) for host, _, _, timeout, _ in network.tcpClients]


@pytest.mark.parametrize(
    ("addresses", "order"),
    [
        (["::1", "10.0.0.1"], ["10.0.0.1", "::1"]),
        (["10.0.0.2", "10.0.0.1"], ["10.0.0.2", "10.0.0.1"]),
        (["::2", "10.0.0.2", "::1", "10.0.0.1"], ["10.0.0.2", "10.0.0.1", "::2", "::1"]),
        (["10.0.0.1", "::1", "10.0.0.1"], ["10.0.0.1", "::1"]),
    ],
)
def test_addressesAreTriedInTurn(network, addresses, order):
    """IPv4 goes before IPv6, otherwise the order of the answer counts, and each is tried once."""
    attempt, heard = begun(network)
    ((_, name, port),) = network.asked
    assert (name, port) == ("cache.example", 11211)
    resolved(network, *addresses)
    for number, _ in enumerate(order, 1):
        assert destinations(network) == [(each, 11211) for each in order[:number]]
        assert heard == ["started"]
        refuse(attempt)
    assert heard == ["started", UnreachableError]


def test_theAddressThatAnswersIsKept(network):
    """Whoever wants the connection hears nothing of those before it, and those behind are left."""
    attempt, heard = begun(network)
    resolved(network, "10.0.0.1", "10.0.0.2", "10.0.0.3")
    refuse(attempt)
    attempt.buildProtocol(None)
    assert heard == ["started", "made"]
    attempt.clientConnectionLost(None, Failure(error.ConnectionLost()))
    assert heard == ["started", "made", "lost"]
    assert len(destinations(network)) == 2


def test_aSilentAddressHasItsShareOfTheTime(network):
    """What is left when its turn comes, divided by those that are left."""
    attempt, heard = begun(network)
    network.advance(1)
    resolved(network, "10.0.0.1", "10.0.0.2", "10.0.0.3")
    assert tried(network) == [("10.0.0.1", 3)]
    network.advance(3)
    assert network.connectors[0].stoppedConnecting
    refuse(attempt, error.UserError)
    assert tried(network)[1:] == [("10.0.0.2", 3)]
    network.advance(1)
    refuse(attempt)
    assert tried(network)[2:] == [("10.0.0.3", 5)]
    network.advance(5)
    refuse(attempt, error.UserError)
    assert heard == ["started", UnreachableError]


def test_aSilentHandshakeIsNoMoreThanASilentAddress(network):
    """The next address is tried when the connection that was given up is gone."""
    attempt, heard = begun(network, wrapping=lambda _make, _failed: Protocol())
    resolved(network, "10.0.0.1", "::1")
    attempt.buildProtocol(None)
    aborted = []
    transport = StringTransport()
    transport.abortConnection = lambda: aborted.append(True)
    network.connectors[0].transport = transport
    network.advance(5)
    assert (aborted, len(destinations(network))) == ([True], 1)
    attempt.clientConnectionLost(None, Failure(error.ConnectionAborted()))
    assert tried(network)[1:] == [("::1", 5)]
    refuse(attempt)
    assert heard == ["started", UnreachableError]


def test_aHandshakeThatFailsGivesWayToTheNextAddress(network):
    """What the first said is not taken for what the last did."""
    tell, failures = [], []

    def wrapping(_, failed):
        tell.append(failed)
        return Protocol()

    attempt, heard = begun(network, wrapping=wrapping, failures=failures)
    resolved(network, "10.0.0.1", "::1")
    attempt.buildProtocol(None)
    tell[0](Failure(InsecureError("no")))
    attempt.clientConnectionLost(None, Failure(error.ConnectionLost()))
    assert tried(network)[1:] == [("::1", 10)]
    refuse(attempt)
    assert heard == ["started", UnreachableError]
    assert troubleOf(failures[0].value).reason == "10.0.0.1: TLS: no; ::1: Connection refused"


def test_whenTheTimeIsUpNoOtherAddressIsTried(network):
    """A connection may take its time to go away."""
    attempt, heard = begun(network)
    resolved(network, "10.0.0.1", "10.0.0.2")
    network.advance(5)
    network.advance(5)
    refuse(attempt, error.UserError)
    assert len(destinations(network)) == 1
    assert heard == ["started", UnreachableError]


def test_aLookupThatEndsWithTheTimeIsLate(network):
    """Its addresses get what is left, which is nothing."""
    attempt, heard = begun(network)
    # The answer is heard before the timer, in the same turn.
    network.rightNow += 11
    resolved(network, "10.0.0.1", "10.0.0.2")
    network.advance(0)
    refuse(attempt, error.UserError)
    assert tried(network) == [("10.0.0.1", 0)]
    assert heard == ["started", UnreachableError]


def test_whoGivesUpIsNotTakenToTheNextAddress(network):
    """Stopping ends the whole attempt."""
    attempt, heard = begun(network)
    resolved(network, "10.0.0.1", "10.0.0.2")
    attempt.stopConnecting()
    assert network.connectors[0].stoppedConnecting
    refuse(attempt, error.UserError)
    assert len(destinations(network)) == 1
    assert heard == ["started", error.UserError]


def test_theFailureOfAllNamesEach(network):
    """The client is told of the first, which was to be had, the log of every one."""
    failures = []
    attempt, _ = begun(network, failures=failures)
    resolved(network, "10.0.0.1", "::1")
    network.advance(5)
    refuse(attempt, error.UserError)
    refuse(attempt)
    trouble = troubleOf(failures[0].value)
    assert trouble.text == "Connection timed out"
    assert trouble.counter == "server_timedout"
    assert trouble.reason == "10.0.0.1: Connection timed out; ::1: Connection refused"


def test_aNameThatIsNotFoundIsNamed():
    """The client gets the words of an errno, the log what was asked for."""
    trouble = troubleOf(error.DNSLookupError("no address for 'cache.example'"))
    assert trouble.text == "Host is down"
    assert trouble.reason == "DNS lookup failed: no address for 'cache.example'"


def test_failureIsHeardOfWhenTheConnectorIsKnown(network):
    """A name without an address, and one that cannot be asked for, fail a moment later."""
    for host in ("cache.example", "x" * 70):
        _, heard = begun(network, host)
        if network.asked:
            resolved(network)
            network.asked.clear()
        assert heard == ["started"]
        network.advance(0)
        assert heard == ["started", error.DNSLookupError]


def test_lateAnswerIsTooLate(network):
    """The deadline is over the lookup, and what comes after it is not listened to."""
    _, heard = begun(network)
    network.advance(10)
    assert heard == ["started", error.TimeoutError]
    resolved(network, "10.0.0.1")
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
