"""How a connection ends whose other side goes on sending: nothing that was sent is lost."""

from __future__ import annotations

import errno

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from nuttwist.net.lingering import BYTES, LOOKS, SECONDS, Lingering
from nuttwist.net.notices import MOST
from nuttwist.net.serverprotocol import Terms
from tests.unit.pools import ask, heard

WAYS = {
    "quit": b"quit\r\n",
    "not understood": b"\x80 binary",
}


class Rude:
    """A client that takes no notice of the end and sends on."""

    def __init__(self, machine):
        address = machine.proxy.pools["pool"].address()
        self.network = machine.network
        self.socket = self.network.connect((address.host, address.port))

    def send(self, data):
        """Send this, if the other side is still there."""
        while data:
            data = data[self.socket.send(data) :]
            self.network.settle()

    def take(self):
        """What there is to read; the end is a full stop, a reset its name."""
        taken = b""
        while self.socket.readable():
            try:
                data = self.socket.recv(1 << 20)
            except OSError as reset:
                return taken + errno.errorcode[reset.errno].encode()
            if not data:
                return taken + b"."
            taken += data
        return taken


@pytest.fixture
def pool(machine):
    """Give a pool with a server."""
    machine.serve("one")
    return machine.start()


@pytest.mark.parametrize("end", WAYS.values(), ids=WAYS)
def test_whoIsClosedMaySendOn(machine, pool, end) -> None:
    """The replies come and then the end; what is sent behind it breaks nothing."""
    client = Rude(machine)
    client.send(b"get a\r\n" + end)
    for _ in range(10):
        client.send(b"get a\r\n" * 100)
    said = client.take()
    assert said.startswith(b"END\r\n")
    assert said.endswith(b".")
    assert pool.distributor.servers[0].counters.requests == 1
    assert len(pool.frontend.clients) == 1
    machine.network.elapse(SECONDS)
    assert pool.frontend.clients == set()
    assert machine.network.calls == []


def test_itIsOverWhenTheClientCloses(machine, pool) -> None:
    """There is no timer afterwards, and it was no mistake."""
    client = Rude(machine)
    client.send(b"quit\r\n")
    assert len(machine.network.calls) == 1
    client.socket.shutdown(1)
    machine.network.settle()
    assert (pool.frontend.clients, machine.network.calls) == (set(), [])
    assert pool.distributor.counters.client_eof == 1


def test_itIsOverWhenTheClientResets(machine, pool) -> None:
    """Nor is there one then."""
    client = Rude(machine)
    client.send(b"quit\r\n")
    client.socket.abort()
    machine.network.settle()
    assert (pool.frontend.clients, machine.network.calls) == (set(), [])


def test_aClientWithNothingMoreToSayIsNotWaitedFor(machine, pool) -> None:
    """It closed its side first."""
    client = Rude(machine)
    client.socket.send(b"get a\r\n")
    client.socket.shutdown(1)
    machine.network.settle()
    assert (pool.frontend.clients, machine.network.calls) == (set(), [])
    assert client.take() == b"END\r\n."


def test_itIsNotReadWithoutEnd(machine, pool) -> None:
    """Neither in time nor in bytes."""
    client = Rude(machine)
    client.send(b"quit\r\n")
    client.send(b"x" * BYTES)
    assert len(pool.frontend.clients) == 1
    client.send(b"x")
    assert pool.frontend.clients == set()
    assert client.take() == b"."


def test_theTimeBeginsWhenAllIsSent(machine, pool) -> None:
    """A client that reads slowly gets everything, and has its time then."""
    machine.network.wire.window = 65536
    client = Rude(machine)
    value = b"v" * 500_000
    client.send(b"set k 0 0 %d\r\n%s\r\n" % (len(value), value))
    client.send(b"get k\r\nquit\r\n")
    got = client.take()
    for _ in range(20):
        machine.network.elapse(SECONDS * 0.9)
        got += client.take()
    assert got.rstrip(b".") == b"STORED\r\nVALUE k 0 500000\r\n%s\r\nEND\r\n" % value
    assert got.endswith(b".")
    assert pool.frontend.clients == set()


def test_aClientThatWasHeldBackIsReadAgain(machine) -> None:
    """It is closed while its requests wait for a server, and what it sends is dropped."""
    machine.serve("one", type="fake", mode="hang")
    pool = machine.start(drain_timeout=100)
    client = Rude(machine)
    client.send(b"verbosity 1\r\n" + b"get a\r\n" * 1000)
    (proxied,) = pool.frontend.clients
    assert proxied.paused
    stopped = []
    machine.proxy.stopService().addCallback(stopped.append)
    machine.network.elapse(0.1)
    client.send(b"get a\r\n" * 1000)
    assert client.take() == b"OK\r\n."
    assert not stopped
    client.socket.close()
    machine.network.settle()
    assert stopped


def test_aStopWaitsForNoneForLong(machine) -> None:
    """Who was told the end and does not go is closed when the time to drain is over."""
    machine.serve("one")
    machine.start(drain_timeout=0)
    client = Rude(machine)
    client.send(b"get a\r\n")
    stopped = []
    machine.proxy.stopService().addCallback(stopped.append)
    machine.network.elapse(0.499)
    client.send(b"get a\r\n")
    assert not stopped
    machine.network.elapse(0.001)
    assert stopped
    assert client.take() == b"END\r\n."


def test_theRefusedKeepTheirLine(machine) -> None:
    """One that sends before it reads is told all the same."""
    machine.serve("one")
    machine.start(client_connections=1)
    machine.client()
    client = Rude(machine)
    machine.network.settle()
    client.send(b"get a\r\n" * 10)
    assert client.take() == b"ERROR Too many open connections\r\n."
    machine.network.elapse(SECONDS)
    assert client.socket.peer.closed


def test_theRefusedAreFewAtATime(machine) -> None:
    """However many come, only so many sockets are kept; the oldest go first."""
    machine.serve("one")
    pool = machine.start(client_connections=1)
    machine.client()
    crowd = [Rude(machine) for _ in range(MOST + 10)]
    machine.network.settle()
    assert pool.distributor.counters.client_refused == len(crowd)
    open_ = [not each.socket.peer.closed for each in crowd]
    assert open_ == [False] * 10 + [True] * MOST
    assert {each.take() for each in crowd} == {b"ERROR Too many open connections\r\n."}
    machine.network.elapse(SECONDS)
    assert all(each.socket.peer.closed for each in crowd)


def test_aRefusedOneMayBeReadingOnly(machine) -> None:
    """It has closed its side before it was told."""
    machine.serve("one")
    machine.start(client_connections=1)
    machine.client()
    client = Rude(machine)
    client.socket.shutdown(1)
    machine.network.settle()
    assert client.take() == b"ERROR Too many open connections\r\n."
    assert machine.network.calls == []


def test_silenceDoesNotCutItShort(machine) -> None:
    """A client at its end is not silent for too long, unless it takes nothing."""
    machine.serve("one")
    pool = machine.start()
    pool.frontend.change(Terms(idleTimeout=0.1))
    client = Rude(machine)
    client.send(b"get a\r\nquit\r\n")
    machine.network.elapse(SECONDS / 2)
    assert len(pool.frontend.clients) == 1
    assert client.take() == b"END\r\n."
    client.socket.close()
    machine.network.settle()
    assert pool.distributor.counters.client_eof == 1


def test_whoTakesNothingIsSilentAtItsEndToo(machine) -> None:
    """Its replies do not keep it for ever."""
    machine.serve("one")
    pool = machine.start(client_idle_timeout=4000)
    client = machine.client()
    value = b"v" * 500_000
    assert ask(client, b"set k 0 0 500000\r\n%s\r\n" % value) == b"STORED\r\n"
    machine.network.wire.window = 65536
    client._write(b"get k\r\nquit\r\n")
    machine.network.elapse(5.5)
    assert pool.frontend.clients == set()
    assert pool.distributor.counters.client_err == 1
    assert not heard(client).endswith(b"END\r\n")


class Encrypted(StringTransport):
    """As much of TLS as matters: it tells the end itself, above a transport of its own."""

    halfClosed = False

    def __init__(self):
        StringTransport.__init__(self)
        self.transport = StringTransport()

    def loseWriteConnection(self):
        """Must not be: TLS cannot be half closed."""
        self.halfClosed = True


def test_tlsTellsTheEndItself() -> None:
    """Its own notice of the end goes first, and the socket is closed when the time is over."""
    encrypted, clock = Encrypted(), Clock()
    Lingering(encrypted, clock)
    assert (encrypted.disconnecting, encrypted.halfClosed) == (True, False)
    assert not encrypted.transport.disconnecting
    clock.pump([SECONDS / LOOKS] * LOOKS)
    assert encrypted.transport.disconnecting
    assert clock.calls == []
