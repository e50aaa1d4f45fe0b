"""The life of a connection to a server, on a clock that only the tests move."""

from __future__ import annotations

import pytest

from nuttwist.net.backend import CONNECT_TIMEOUT
from nuttwist.net.watcher import State
from tests.unit.pools import ask, feed, heard

LARGE = b"x" * 500_000
TIMED_OUT = b"SERVER_ERROR Connection timed out\r\n"


def backendOf(pool, number=0):
    """The first connection to a server of a pool."""
    return pool.distributor.servers[number].connections(0)[0]


def test_nothingIsConnectedBeforeThereIsSomethingToSend(machine):
    """The first request makes the connection; later ones share it."""
    machine.serve("one")
    backend = backendOf(machine.start())
    assert backend.state is State.IDLE
    client = machine.client()
    assert ask(client, b"get a\r\n") == b"END\r\n"
    assert backend.state is State.CONNECTED
    before = len(machine.network.wire.sockets)
    assert ask(client, b"get a\r\n") == b"END\r\n"
    assert len(machine.network.wire.sockets) == before


def test_preconnect(machine):
    """With preconnect the connection is there before any client."""
    machine.serve("one")
    assert backendOf(machine.start(preconnect=True)).state is State.CONNECTED


def test_theDeadlineIsTheOldestRequests(machine):
    """A request fails when its timeout has passed since it was queued, and no earlier."""
    machine.serve("one", type="fake", mode="hang")
    pool = machine.start(timeout=400)
    client = machine.client()
    client.send(b"get a\r\n")
    machine.network.elapse(0.399)
    assert heard(client) == b""
    machine.network.elapse(0.001)
    assert heard(client) == TIMED_OUT
    assert backendOf(pool).state is State.IDLE


def test_youngerRequestsGoDownWithTheOldest(machine):
    """When the oldest request's time is over, the connection goes, and all that is on it."""
    machine.serve("one", type="fake", mode="hang")
    machine.start(timeout=400)
    first, second = machine.client(), machine.client()
    first.send(b"get a\r\n")
    machine.network.elapse(0.3)
    second.send(b"get b\r\nget c\r\n")
    machine.network.elapse(0.1)
    assert heard(first) == TIMED_OUT
    assert heard(second) == TIMED_OUT * 2


def test_aReplyMovesTheDeadline(machine):
    """Requests that follow each other have a timeout each."""
    machine.serve("one", type="fake", replies=[{"data": "END\r\n", "delay_ms": 300}])
    machine.start(timeout=400)
    client = machine.client()
    for _ in range(3):
        assert ask(client, b"get a\r\n", 0.3) == b"END\r\n"


def test_oneTimerHoweverManyRequests(machine):
    """A deadline is not a timer for each request."""
    machine.serve("one", type="fake", mode="hang")
    machine.start(timeout=400)
    client = machine.client()
    client.send(b"get a\r\n" * 100)
    client.send(b"get a\r\n" * 100)
    assert len(machine.network.calls) == 1


def test_noreplyHasNoDeadline(machine):
    """What expects no reply cannot wait too long for it."""
    machine.serve("one", type="fake", mode="hang")
    pool = machine.start(timeout=400)
    client = machine.client()
    client.send(b"set a 0 0 1 noreply\r\nx\r\n")
    machine.network.elapse(10)
    assert backendOf(pool).state is State.CONNECTED
    assert machine.network.calls == []


def test_noreplyThatCannotBeWrittenHasOne(machine):
    """A server that takes nothing is as late as one that says nothing: its clients go on."""
    machine.network.wire.window = 65536
    machine.serve("one")
    pool = machine.start(timeout=400)
    client = machine.client()
    assert ask(client, b"get a\r\n") == b"END\r\n"
    machine.servers["one"].stop()
    large = b"set k 0 0 %d noreply\r\n%s\r\n" % (len(LARGE), LARGE)
    feed(client, large * 8 + b"get b\r\n", backendOf(pool))
    # Each connection takes a part of it, into buffers.
    said = b""
    for _ in range(300):
        said = said or heard(client, 0.1)
    assert said == TIMED_OUT


def test_aServerIsNotLateWhenTheProxyWasAway(machine):
    """What has come while the proxy did something else is read before anybody is given up."""
    machine.serve("one", type="fake", replies=[{"data": "END\r\n", "delay_ms": 100}])
    pool = machine.start(timeout=400)
    client = machine.client()
    client.send(b"get a\r\nget b\r\n")
    machine.network.frozen = True
    machine.network.elapse(4)
    machine.network.frozen = False
    assert heard(client) == b"END\r\n" * 2
    assert backendOf(pool).state is State.CONNECTED


def test_aServerThatWasLateMeanwhileIsGivenOneMoreTimeout(machine):
    """A silent one is found out, though the proxy comes late each time."""
    machine.serve("one", type="fake", mode="hang")
    machine.start(timeout=400)
    client = machine.client()
    client.send(b"get a\r\n")
    machine.network.frozen = True
    machine.network.elapse(4)
    machine.network.frozen = False
    machine.network.elapse(0.399)
    assert heard(client) == b""
    machine.network.frozen = True
    machine.network.elapse(4)
    machine.network.frozen = False
    assert heard(client) == TIMED_OUT


def test_whatWaitedWhenTheProxyWasAwayIsGivenTheSameTime(machine):
    """A server that is late with every reply is found out after that, however many wait."""
    machine.serve("one", type="fake", replies=[{"data": "END\r\n", "delay_ms": 650}])
    machine.start(timeout=400)
    first, second = machine.client(), machine.client()
    first.send(b"get a\r\n")
    machine.network.elapse(0.3)
    second.send(b"get b\r\n")
    machine.network.frozen = True
    machine.network.elapse(0.2)
    machine.network.frozen = False
    machine.network.elapse(0.399)
    assert (heard(first), heard(second)) == (b"END\r\n", b"")
    machine.network.elapse(0.001)
    assert heard(second) == TIMED_OUT


@pytest.mark.parametrize(("timeout", "seconds"), [(400, 0.4), (None, CONNECT_TIMEOUT)])
def test_aConnectionThatIsNeverMade(machine, timeout, seconds):
    """The pool's timeout holds for connecting too; without one there is a limit all the same."""
    machine.serve("one", type="down")
    machine.network.wire.silent.add(machine.servers["one"].address)
    machine.start(timeout=timeout)
    client = machine.client()
    client.send(b"get a\r\nset a 0 0 1 noreply\r\nx\r\nget b\r\n")
    machine.network.elapse(seconds - 0.001)
    assert heard(client) == b""
    machine.network.elapse(0.001)
    assert heard(client) == TIMED_OUT * 2


def test_aTurnsRequestsLeaveInOnePiece(machine):
    """Requests of several clients in one turn are one write to the server."""
    machine.serve("one", type="fake", replies=["END\r\n"])
    machine.start()
    clients = [machine.client() for _ in range(3)]
    for client in clients:
        client._write(b"get a\r\nget b\r\n")
    assert [heard(client) for client in clients] == [b"END\r\n" * 2] * 3
    assert machine.servers["one"].script.received == [b"get a\r\nget b\r\n" * 3]


def test_aLostConnectionIsReplacedAtTheNextRequest(machine):
    """A server that resets costs what was in flight; the next request is on a new connection."""
    machine.serve("one", type="fake", mode="reset_on_data")
    machine.start()
    client = machine.client()
    assert ask(client, b"get a\r\n") == b"SERVER_ERROR Connection reset by peer\r\n"
    machine.servers["one"].script.change("reply", ["END\r\n"])
    assert ask(client, b"get a\r\n") == b"END\r\n"


def test_requestsDuringAStopAreAnswered(machine):
    """A stop fails what is in flight and closes; nobody is left waiting."""
    machine.serve("one", type="fake", mode="hang")
    machine.start(timeout=400)
    client = machine.client()
    client.send(b"get a\r\n")
    machine.stop()
    heard(client)
    assert client.ended
