"""A name with several addresses: which are tried, in which order, and for how long."""

from __future__ import annotations

import pytest
from twisted.internet import error
from twisted.internet.protocol import Protocol
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from nuttwist.net.troubles import InsecureError, UnreachableError, troubleOf

from .attempts import begun, destinations, refuse, resolved, tried


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
