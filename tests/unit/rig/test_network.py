"""The network in memory behaves as the kernel's does, where the proxy could tell."""

from __future__ import annotations

import errno
import socket

import pytest
from attrs import define, field
from twisted.internet import error
from twisted.internet.interfaces import (
    IHalfCloseableProtocol,
    IReactorFDSet,
    IReactorTCP,
    IReactorTime,
    IReactorUNIX,
)
from twisted.internet.protocol import ClientFactory, Factory, Protocol
from zope.interface import implementer
from zope.interface.verify import verifyObject

from tests.rig.network import FakeNetwork

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


@pytest.fixture
def network():
    """Give a network, and see that the test left no timer and no socket on it."""
    made = FakeNetwork()
    yield made
    made.settle()
    assert made.getDelayedCalls() == []
    assert made.sockets() == []


def served(network, kind=Recorder):
    """Listen and connect by hand; give the raw client and the recorder that serves it."""
    factory = Recorders(kind=kind)
    port = network.listenTCP(ADDRESS[1], factory, interface=ADDRESS[0])
    client = network.connect(ADDRESS)
    network.settle()
    port.stopListening()
    network.settle()
    return client, factory.made[0]


def test_interfaces(network):
    """The reactor keeps the contracts it names, and offers no descriptors."""
    for interface in (IReactorTCP, IReactorUNIX, IReactorTime):
        assert verifyObject(interface, network)
    assert not IReactorFDSet.providedBy(network)


def test_connectionIsMadeOnALaterTurn(network):
    """Neither side has a connection before the network is pumped."""
    server, client = Recorders(), Recorders()
    port = network.process().listenTCP(0, server, interface="127.0.0.1")
    connector = network.connectTCP("localhost", port.getHost().port, client)
    assert (server.made, client.made, connector.state) == ([], [], "connecting")
    network.settle()
    assert server.made[0].events == client.made[0].events == ["made"]
    connector.disconnect()
    network.settle()
    assert client.lost == [error.ConnectionDone]


def test_writesOfOneTurnArriveTogether(network):
    """What a protocol writes in one turn leaves as one piece."""
    client, recorder = served(network)
    recorder.transport.write(b"a")
    recorder.transport.writeSequence([b"b", b"c"])
    network.settle()
    assert client.recv(100) == b"abc"
    client.close()


def test_bytesAndTheEndOfTheStreamArriveInOrder(network):
    """A plain protocol loses its connection on the end of the stream."""
    client, recorder = served(network)
    client.send(b"x")
    client.shutdown(socket.SHUT_WR)
    network.settle()
    assert recorder.events == ["made", b"x", error.ConnectionDone]
    assert client.recv(1) == b""
    client.close()


def test_halfClosedConnectionCanStillAnswer(network):
    """A protocol that asked for it hears of a half close and may write afterwards."""
    client, recorder = served(network, HalfRecorder)
    client.shutdown(socket.SHUT_WR)
    network.settle()
    assert recorder.events == ["made", "read lost"]
    recorder.transport.write(b"late")
    recorder.transport.loseConnection()
    network.settle()
    assert (client.recv(100), client.recv(100)) == (b"late", b"")
    assert recorder.events[-1] is error.ConnectionDone
    client.close()


def test_loseWriteConnectionEndsOneDirection(network):
    """After a half close of our own the peer's bytes still come in."""
    client, recorder = served(network, HalfRecorder)
    recorder.transport.loseWriteConnection()
    network.settle()
    assert client.recv(1) == b""
    client.send(b"more")
    network.settle()
    assert recorder.events == ["made", "write lost", b"more"]
    recorder.transport.loseConnection()
    client.close()


def test_resetLosesTheConnectionAfterTheBytesBeforeIt(network):
    """A reset is an unclean loss; bytes that were there first are read first."""
    client, recorder = served(network)
    client.send(b"x")
    client.abort()
    network.settle()
    assert recorder.events == ["made", b"x", error.ConnectionLost]


def test_abortResetsThePeer(network):
    """An aborted connection raises on the other side."""
    client, recorder = served(network)
    recorder.transport.abortConnection()
    network.settle()
    with pytest.raises(OSError, match="reset") as caught:
        client.recv(1)
    assert caught.value.errno == errno.ECONNRESET
    client.close()


def test_closingWithUnreadBytesResets(network):
    """Whoever closes without having read everything resets the other side."""
    client, recorder = served(network)
    recorder.transport.write(b"unread")
    network.settle()
    client.close()
    network.settle()
    assert recorder.events == ["made", error.ConnectionLost]


def test_writingToAClosedPeerLosesTheConnection(network):
    """Answers to a peer that has gone away entirely are met by a reset."""
    client, recorder = served(network, HalfRecorder)
    client.close()
    network.settle()
    for _ in range(2):
        recorder.transport.write(b"answer")
        network.settle()
    assert recorder.events == ["made", "read lost", error.ConnectionLost]


def test_aPeerThatDoesNotReadPausesTheProducer(network):
    """A full peer stops a producer, and reading lets it go on."""
    network.wire.window = 100_000
    client, recorder = served(network)
    calls = []
    recorder.pauseProducing = lambda: calls.append("pause")
    recorder.resumeProducing = lambda: calls.append("resume")
    recorder.transport.registerProducer(recorder, streaming=True)
    recorder.transport.write(b"x" * 300_000)
    network.settle()
    assert calls == ["pause"]
    received = 0
    while received < 300_000:
        received += len(client.recv(1 << 20))
        network.settle()
    assert calls == ["pause", "resume"]
    recorder.transport.unregisterProducer()
    client.close()


def test_aPausedTransportReceivesNothing(network):
    """Bytes for a paused protocol wait until it resumes."""
    client, recorder = served(network)
    recorder.transport.pauseProducing()
    client.send(b"x")
    network.settle()
    assert recorder.events == ["made"]
    recorder.transport.resumeProducing()
    network.settle()
    assert recorder.events == ["made", b"x"]
    client.close()


@pytest.mark.parametrize(
    ("host", "kind", "number"),
    [
        ("127.0.0.1", error.ConnectionRefusedError, errno.ECONNREFUSED),
        ("::1", error.ConnectionRefusedError, errno.ECONNREFUSED),
        ("no.such.host", error.DNSLookupError, None),
    ],
)
def test_failedConnectionsSayWhy(network, host, kind, number):
    """Nobody listening and an unknown name are told apart, later and through the factory."""
    factory = Recorders()
    network.connectTCP(host, 9, factory)
    assert factory.failures == []
    network.settle()
    assert [reason.type for reason in factory.failures] == [kind]
    assert getattr(factory.failures[0].value, "osError", None) == number
    assert factory.numPorts == 0


def test_missingUnixPathSaysSo(network):
    """Connecting to a path nobody made fails with the error of the system call."""
    factory = Recorders()
    network.connectUNIX("/nowhere.sock", factory)
    network.settle()
    assert isinstance(factory.failures[0].value, error.ConnectError)
    assert factory.failures[0].value.osError == errno.ENOENT


def test_silentAddressTimesOut(network):
    """An address that never answers fails when the connection timeout has passed."""
    network.wire.silent.add(ADDRESS)
    factory = Recorders()
    network.connectTCP(*ADDRESS, factory, timeout=2)
    network.elapse(1.9)
    assert factory.failures == []
    network.elapse(0.2)
    assert factory.failures[0].type is error.TimeoutError


def test_connectingCanBeStopped(network):
    """A connector that stops before it is connected fails with UserError."""
    network.wire.silent.add(ADDRESS)
    factory = Recorders()
    connector = network.connectTCP(*ADDRESS, factory)
    network.settle()
    connector.stopConnecting()
    assert factory.failures[0].type is error.UserError


def test_unixConnections(network):
    """Unix paths are listened on and connected to as ports are."""
    server, client = Recorders(), Recorders()
    port = network.listenUNIX("/run/x.sock", server)
    connector = network.connectUNIX("/run/x.sock", client)
    network.settle()
    client.made[0].transport.write(b"hello")
    network.settle()
    assert server.made[0].events == ["made", b"hello"]
    assert client.made[0].transport.getPeer() == port.getHost()
    connector.disconnect()
    port.stopListening()
    network.settle()


def test_takenAddressIsAnError(network):
    """Two cannot listen on one address, nor beside a wildcard."""
    port = network.listenTCP(7000, Factory())
    with pytest.raises(error.CannotListenError, match="7000"):
        network.listenTCP(7000, Factory(), interface="127.0.0.1")
    port.stopListening()
    network.settle()
    network.listenTCP(7000, Factory()).stopListening()


def test_stoppedPortRefuses(network):
    """After stopListening nobody gets in, and connections not yet accepted are reset."""
    port = network.listenTCP(ADDRESS[1], Recorders())
    waiting = network.connect(ADDRESS)
    port.stopListening()
    network.settle()
    with pytest.raises(OSError, match="reset"):
        waiting.recv(1)
    with pytest.raises(OSError, match="cannot connect"):
        network.connect(ADDRESS)


def test_ipv6Addresses(network):
    """An IPv6 listener tells its protocols about both ends."""
    factory = Recorders()
    port = network.listenTCP(7000, factory, interface="::1")
    client = network.connect(("::1", 7000))
    network.settle()
    assert factory.made[0].transport.getHost().host == "::1"
    client.close()
    port.stopListening()
    network.settle()


def test_frozenProcessTakesConnectionsButDoesNotServe(network):
    """A stopped process is connected to and written to, and catches up when it goes on."""
    process, factory = network.process(), Recorders()
    process.listenTCP(ADDRESS[1], factory)
    process.frozen = True
    client = network.connect(ADDRESS)
    client.send(b"x")
    network.elapse(1)
    assert factory.made == []
    process.frozen = False
    network.settle()
    assert factory.made[0].events == ["made", b"x"]
    client.close()


def test_killedProcessClosesItsSocketsWithoutAWord(network):
    """A killed process runs nothing more; its peers see the end of the stream, then refusals."""
    process, factory = network.process(), Recorders()
    process.listenTCP(ADDRESS[1], factory)
    client = network.connect(ADDRESS)
    network.settle()
    process.callLater(1, client.send, b"never")
    process.kill()
    network.elapse(2)
    assert client.recv(1) == b""
    assert factory.made[0].events == ["made"]
    with pytest.raises(OSError, match="cannot connect"):
        network.connect(ADDRESS)
    client.close()


def test_timeRunsFromTimerToTimer(network):
    """Every timer of every process runs at its own moment, in order."""
    seen = []
    process = network.process()
    process.callLater(0.25, lambda: seen.append(("other", network.seconds())))
    network.callLater(0.5, lambda: seen.append(("own", process.seconds())))
    network.elapse(1)
    assert seen == [("other", 0.25), ("own", 0.5)]
    assert network.seconds() == process.seconds() == 1


def test_waitEndsWhenItComesTrue(network):
    """Waiting ends at the moment something is so, or at its limit."""
    seen = []
    network.callLater(0.5, seen.append, 1)
    assert network.wait(2, lambda: bool(seen))
    assert network.seconds() == 0.5
    assert not network.wait(1, lambda: False)
    assert network.seconds() == 1.5


def test_restlessCodeIsCaught(network, monkeypatch):
    """Code that never comes to rest at one moment is an error, not a hang."""
    monkeypatch.setattr("tests.rig.network.TURNS_MAX", 50)

    def again():
        network.callLater(0, again)

    again()
    with pytest.raises(AssertionError, match="still busy after 50 turns"):
        network.settle()
    network.calls.clear()
