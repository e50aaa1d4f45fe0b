"""One attempt to connect: who hears what, and when."""

from __future__ import annotations

from twisted.internet import error
from twisted.internet.address import IPv4Address
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from nuttwist.net.attempt import Attempt
from nuttwist.net.troubles import InsecureError, troubleOf

from .attempts import begun, destinations, resolved


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
