"""What one client may hold, and for how long, on a clock that only the tests move."""

from __future__ import annotations

import pytest

from nuttwist.net.lingering import SECONDS
from nuttwist.net.serverprotocol import Terms
from nuttwist.wire.replyqueue import PATIENCE
from tests.unit.pools import ask, heard

VALUE = b"v" * 5000
BLOCK = b"VALUE k 0 5000\r\n%s\r\n" % VALUE


def stored(machine):
    """A client of a pool that has a value."""
    client = machine.client()
    assert ask(client, b"set k 0 0 5000\r\n%s\r\n" % VALUE) == b"STORED\r\n"
    return client


def test_aClientThatNeverReadsIsClosedAtItsBound(machine):
    """It has asked for more than can be held for it; others are served, and it is counted."""
    machine.serve("one")
    machine.network.wire.window = 65536
    pool = machine.start(client_bytes_max=20_000)
    client, other = stored(machine), machine.client()
    for _ in range(20):
        ask(client, b"get a\r\n" * 2)
    client._write(b"get k\r\n" * 2000)
    machine.network.settle()
    assert len(pool.frontend.clients) == 1
    assert pool.distributor.counters.client_err == 1
    assert ask(other, b"get k\r\n") == BLOCK + b"END\r\n"


def test_aClientThatReadsLateIsNotClosed(machine):
    """What is held for it stays below its bound, and all of it comes."""
    machine.serve("one")
    machine.network.wire.window = 65536
    machine.start(client_bytes_max=200_000)
    client = stored(machine)
    client._write(b"get k\r\n" * 500)
    machine.network.settle()
    assert b"".join(heard(client) for _ in range(100)) == (BLOCK + b"END\r\n") * 500


def test_oneReplyMayBeAsLargeAsItIs(machine):
    """The bound is for what is held besides."""
    machine.serve("one")
    machine.start(client_bytes_max=1)
    client = stored(machine)
    large = b"x" * 900_000
    assert ask(client, b"set large 0 0 900000\r\n%s\r\n" % large) == b"STORED\r\n"
    answer = b"VALUE large 0 900000\r\n%s\r\nEND\r\n" % large
    assert (
        ask(client, b"get large\r\nget a\r\nget k\r\n") == answer + b"END\r\n" + BLOCK + b"END\r\n"
    )


def test_repliesBehindAnUnansweredRequestCount(machine):
    """A server that hangs does not make the proxy hold what the others send without end."""
    machine.serve("one")
    machine.serve("two", type="fake", mode="hang")
    pool = machine.start(client_bytes_max=65536, client_requests_max=10_000)
    keys = [machine.key(name) for name in ("one", "two")]
    client = machine.client()
    assert ask(client, b"set %s 0 0 5000\r\n%s\r\n" % (keys[0], VALUE)) == b"STORED\r\n"
    (proxied,) = pool.frontend.clients
    proxied.replies.room = 10_000
    client._write(b"get %s\r\n" % keys[1] + b"get %s\r\n" % keys[0] * 1000)
    machine.network.settle()
    assert pool.frontend.clients == set()
    assert 1000 * len(VALUE) > PATIENCE * 65536


def test_heavyRequestsAreNotReadWithoutEnd(machine):
    """A server that takes all and answers late is given a part; then the rest is read."""
    machine.serve("one", type="fake", replies=[{"data": "STORED\r\n", "delay_ms": 10}])
    pool = machine.start(client_bytes_max=20_000)
    client = machine.client()
    machine.network.settle()
    (proxied,) = pool.frontend.clients
    proxied.replies.room = 1000
    client.send(b"set k 0 0 5000\r\n%s\r\n" % VALUE * 100)
    assert 20_000 < proxied.replies.weight() < 20_000 + 65536
    assert heard(client, 10) == b"STORED\r\n" * 100


def test_lightRequestsAreReadOn(machine):
    """However many there were before, only what waits is weighed."""
    machine.serve("one")
    machine.start(client_bytes_max=1000)
    client = machine.client()
    for _ in range(20):
        assert ask(client, b"get a\r\n" * 100) == b"END\r\n" * 100


@pytest.mark.parametrize("late", [0.0, 0.999])
def test_aSilentClientIsClosed(machine, late):
    """When its time has passed since it last sent something, and a quarter later at most."""
    machine.serve("one")
    pool = machine.start(client_idle_timeout=4000)
    client = machine.client()
    machine.network.elapse(late)
    assert ask(client, b"get a\r\n") == b"END\r\n"
    machine.network.elapse(3.999)
    assert not client.ended
    machine.network.elapse(1.001)
    heard(client)
    assert client.ended
    machine.network.settle()
    assert pool.distributor.counters.client_err == 1


def test_aClientThatSendsIsNotClosed(machine):
    """Half a request is a sign of life."""
    machine.serve("one")
    machine.start(client_idle_timeout=4000)
    client = machine.client()
    for piece in (b"g", b"e", b"t", b" ", b"a", b"\r\n"):
        client.send(piece)
        machine.network.elapse(3.9)
    assert heard(client) == b"END\r\n"
    assert not client.ended


def test_aClientThatIsOwedAReplyIsNotSilent(machine):
    """It waits for a server, not the proxy for it."""
    machine.serve("one", type="fake", replies=[{"data": "END\r\n", "delay_ms": 20_000}])
    machine.start(client_idle_timeout=4000)
    client = machine.client()
    client.send(b"get a\r\n")
    machine.network.elapse(20)
    assert heard(client) == b"END\r\n"
    machine.network.elapse(5)
    heard(client)
    assert client.ended


def test_aClientThatTakesNothingIsSilent(machine):
    """Replies that wait for nobody but itself do not keep it."""
    machine.serve("one")
    machine.network.wire.window = 65536
    pool = machine.start(client_idle_timeout=4000)
    client = stored(machine)
    client._write(b"get k\r\n" * 64)
    machine.network.settle()
    machine.network.elapse(5)
    assert pool.frontend.clients == set()
    assert pool.distributor.counters.client_err == 1


def test_thereIsOneTimerForAllClientsAndNoneForNone(machine):
    """Nor for a pool without the limit."""
    machine.serve("one")
    pool = machine.start(client_idle_timeout=4000)
    assert machine.network.calls == []
    clients = [machine.client() for _ in range(5)]
    machine.network.settle()
    assert len(machine.network.calls) == 1
    for each in clients:
        each.close()
    machine.network.settle()
    assert pool.frontend.clients == set()
    assert machine.network.calls == []


def test_theTimeMayChangeWhileClientsAreThere(machine):
    """They are held to what holds now."""
    machine.serve("one")
    pool = machine.start()
    client = machine.client()
    machine.network.elapse(100)
    assert not client.ended
    pool.frontend.change(Terms(idleTimeout=4.0))
    machine.network.elapse(1)
    pool.frontend.change(Terms())
    machine.network.elapse(100)
    heard(client)
    assert not client.ended
    pool.frontend.change(Terms(idleTimeout=4.0))
    machine.network.elapse(5)
    heard(client)
    assert client.ended


def test_aSilentClientThatDoesNotGoIsCutOff(machine):
    """A polite close comes first, and another look meanwhile does not shorten it."""
    machine.serve("one")
    pool = machine.start(client_idle_timeout=1000)
    address = pool.address()
    client = machine.network.connect((address.host, address.port))
    machine.network.elapse(1.25)
    assert client.recv(1) == b""
    machine.network.elapse(SECONDS - 0.001)
    assert len(pool.frontend.clients) == 1
    machine.network.elapse(0.001)
    assert pool.frontend.clients == set()
    assert pool.distributor.counters.client_err == 1


def test_aClientOverTheLimitIsToldAndCounted(machine):
    """In the counters that clients may ask for."""
    machine.serve("one")
    machine.start(client_connections=1)
    first, second = machine.client(), machine.client()
    assert heard(second) == b"ERROR Too many open connections\r\n"
    assert second.ended
    assert b"STAT client_refused 1\r\n" in ask(first, b"stats\r\n")


def test_theLineMayBeShorter(machine):
    """A longer one is an error, and the connection is closed."""
    machine.serve("one")
    machine.start(line_length_max=3000)
    client = machine.client()
    assert ask(client, b"get " + b"k " * 1498 + b"\r\n") == b"END\r\n"
    assert ask(client, b"get " + b"k " * 1499 + b"\r\n") == b"CLIENT_ERROR line too long\r\n"
    assert client.ended


def test_aServerMayHaveLessWaiting(machine):
    """Its clients are held back when so much has not been written."""
    machine.serve("one", type="down")
    machine.network.wire.silent.add(machine.servers["one"].address)
    pool = machine.start(server_bytes_max=10_000, timeout=400)
    client = machine.client()
    client.send(b"set k 0 0 5000\r\n%s\r\n" % VALUE * 60)
    machine.network.settle()
    pipeline = pool.distributor.servers[0].connections(0)[0].pipeline
    assert pipeline.crowded
    assert 10_000 < pipeline.sizes()[1] < 10_000 + 2 * 65536
    for _ in range(9):
        machine.network.elapse(0.4)
    assert heard(client) == b"SERVER_ERROR Connection timed out\r\n" * 60
