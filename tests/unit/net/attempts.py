"""An attempt to connect on a network in memory, and who hears of it."""

from __future__ import annotations

from attrs import define, field
from twisted.internet import error
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from nuttwist.net.attempt import Attempt


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
