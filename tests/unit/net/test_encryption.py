"""Clients that speak TLS, or say that they will."""

from __future__ import annotations

import pytest
from twisted.internet.protocol import ClientFactory, Protocol, ServerFactory
from twisted.internet.ssl import Certificate, optionsForClientTLS
from twisted.internet.task import Clock
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.test.iosim import FakeTransport, connect

from nuttwist.config import Listen
from nuttwist.config.credentials import clientsSee
from nuttwist.net.encryption import HANDSHAKE, LATE, Encryption
from nuttwist.net.lingering import LOOKS, SECONDS
from nuttwist.net.notices import Notices
from nuttwist.net.troubles import InsecureError
from tests.rig.authority import Authority

NAME = "pool.example"


class Served(Protocol):
    """Keeps why it has ended."""

    reason = None

    def connectionLost(self, reason):
        self.reason = reason.value


class Door(ServerFactory):
    """
    Where they come in.

    @ivar guests: those that have.
    """

    def __init__(self):
        self.guests = []
        self.make = Served

    def buildProtocol(self, _):
        self.guests.append(self.make())
        return self.guests[-1]


class Scene:
    """
    An encrypted door, and those who come to it.

    @ivar shown: to those who come.
    """

    def __init__(self, folder):
        self.clock = Clock()
        self.door = Door()
        self.authority = Authority(folder)
        self.renew()
        self.encryption = Encryption(self.door, lambda: self.shown, self.clock)

    def renew(self):
        """Show another certificate from now on; give its number."""
        certificate, key = self.authority.sign(NAME)
        listen = Listen(endpoint=f"ssl:1:privateKey={key}:certKey={certificate}")
        self.shown = clientsSee(listen).shown
        return self.shown.certificate.serial_number

    def arrive(self):
        """Somebody connects; give this end of the connection."""
        protocol = self.encryption.buildProtocol(None)
        protocol.makeConnection(FakeTransport(protocol, True))
        return protocol

    def handshake(self):
        """Somebody connects and speaks TLS; give both ends, and what moves bytes between them."""
        trust = Certificate.loadPEM(self.authority.path.read_bytes())
        options = optionsForClientTLS(NAME, trust)
        mine = TLSMemoryBIOFactory(options, True, ClientFactory.forProtocol(Protocol), self.clock)
        client, server = mine.buildProtocol(None), self.encryption.buildProtocol(None)
        ends = FakeTransport(server, True), client, FakeTransport(client, False)
        pump = connect(server, *ends, greet=False)
        while server.getHandle().get_peer_finished() is None:
            assert pump.pump()
        return server, client, pump


@pytest.fixture
def scene(tmp_path):
    """Give one, and see that no timer is left."""
    made = Scene(tmp_path)
    yield made
    assert not made.clock.getDelayedCalls()


def gone(protocol):
    """The system tells that a connection is closed."""
    assert protocol.transport.disconnecting
    protocol.transport.reportDisconnect()


def test_handshakeThatIsNeverFinishedIsEnded(scene):
    """However little comes of it; the reason is told to who would have been served."""
    silent = scene.arrive()
    scene.clock.advance(HANDSHAKE - 0.1)
    silent.dataReceived(b"\x16\x03\x01")
    assert not silent.transport.disconnecting
    scene.clock.advance(0.1)
    gone(silent)
    reason = scene.door.guests[0].reason
    assert isinstance(reason, InsecureError)
    assert str(reason) == LATE


def test_eachHasItsOwnTime(scene):
    """One who came later is ended later."""
    first = scene.arrive()
    scene.clock.advance(4)
    second = scene.arrive()
    scene.clock.advance(HANDSHAKE - 4)
    assert first.transport.disconnecting
    assert not second.transport.disconnecting
    scene.clock.advance(4)
    for each in (first, second):
        gone(each)


def test_whoHasFinishedStays(scene):
    """There is no other time that counts."""
    server, _, _ = scene.handshake()
    scene.clock.pump([HANDSHAKE, HANDSHAKE])
    assert not server.transport.disconnecting
    assert not scene.clock.getDelayedCalls()


def test_whoIsNotLetInIsNotEncrypted(scene):
    """The door may say that nobody comes in."""
    scene.door.make = lambda: None
    assert scene.encryption.buildProtocol(None) is None


def test_whoGoesEarlyIsForgotten(scene):
    """Nothing waits for nobody."""
    protocol = scene.arrive()
    protocol.abortConnection()
    gone(protocol)
    assert not scene.clock.getDelayedCalls()


def test_whoWasToldAndNeverSaysGoodbyeIsClosed(scene):
    """What is left of the connection does not wait for long."""
    notices = Notices(scene.clock)
    scene.door.make = lambda: notices.notice(lambda: b"full\r\n")
    server, _, _ = scene.handshake()
    scene.clock.advance(0)
    assert server.disconnecting
    assert not server.transport.disconnecting
    scene.clock.pump([SECONDS / LOOKS] * LOOKS)
    assert server.transport.disconnecting
    scene.clock.advance(HANDSHAKE)


def test_whoIsClosedAndNeverSaysGoodbyeIsClosed(scene):
    """However late, and however often it is closed."""
    server, _, _ = scene.handshake()
    scene.clock.pump([HANDSHAKE * 3])
    server.loseConnection()
    scene.clock.advance(HANDSHAKE - 1)
    server.loseConnection()
    assert not server.transport.disconnecting
    scene.clock.advance(1)
    assert server.transport.disconnecting
    gone(server)


def test_whoSaysGoodbyeIsForgotten(scene):
    """The usual end leaves no timer behind."""
    server, _, pump = scene.handshake()
    server.loseConnection()
    pump.flush()
    assert scene.door.guests[0].reason is not None


def test_whoIsClosedInTheHandshakeIsForgotten(scene):
    """There is nothing to say goodbye to."""
    protocol = scene.arrive()
    protocol.loseConnection()
    gone(protocol)
    protocol.loseConnection()


def test_eachIsShownWhatHoldsByThen(scene):
    """A certificate that is renewed is shown to who comes next."""
    first, renewed = scene.handshake()[1], scene.renew()
    numbers = [
        each.getHandle().get_peer_certificate(as_cryptography=True).serial_number
        for each in (first, scene.handshake()[1])
    ]
    assert numbers[1] == renewed
    assert numbers[0] != renewed
    scene.clock.advance(HANDSHAKE)
