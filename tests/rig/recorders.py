"""Protocols that keep what happens to them, for tests of the network itself."""

from __future__ import annotations

from attrs import define, field
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import ClientFactory, Protocol
from zope.interface import implementer

ADDRESS = ("127.0.0.1", 7000)


class Recorder(Protocol):
    """Keeps what happens to a connection."""

    def __init__(self):
        self.events = []

    def connectionMade(self):
        self.events.append("made")

    def dataReceived(self, data):
        self.events.append(data)

    def connectionLost(self, reason):
        self.events.append(reason.type)


@implementer(IHalfCloseableProtocol)
class HalfRecorder(Recorder):
    """Keeps half closes apart."""

    def readConnectionLost(self):
        self.events.append("read lost")

    def writeConnectionLost(self):
        self.events.append("write lost")


@define(eq=False)
class Recorders(ClientFactory):
    """Makes recorders for connections in either direction."""

    made: list = field(factory=list)
    failures: list = field(factory=list)
    lost: list = field(factory=list)
    kind: type = Recorder

    def buildProtocol(self, addr):
        self.made.append(self.kind())
        return self.made[-1]

    def clientConnectionFailed(self, connector, reason):
        self.failures.append(reason)

    def clientConnectionLost(self, connector, reason):
        self.lost.append(reason.type)


def served(network, kind=Recorder):
    """Listen and connect by hand; give the raw client and the recorder that serves it."""
    factory = Recorders(kind=kind)
    port = network.listenTCP(ADDRESS[1], factory, interface=ADDRESS[0])
    client = network.connect(ADDRESS)
    network.settle()
    port.stopListening()
    network.settle()
    return client, factory.made[0]
