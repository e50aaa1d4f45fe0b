"""Processes in memory listen, connect and live in time as real ones do."""

from __future__ import annotations

import errno

import pytest
from twisted.internet import error
from twisted.internet.interfaces import (
    IReactorFDSet,
    IReactorTCP,
    IReactorTime,
    IReactorUNIX,
)
from twisted.internet.protocol import Factory
from zope.interface.verify import verifyObject

from tests.rig.recorders import ADDRESS, Recorders


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
