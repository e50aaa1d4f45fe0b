"""How clients are left, in memory."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from nuttwist.net.frontend import GRACE
from nuttwist.net.notices import Notices
from tests.unit.pools import ask, heard

SLOW = {"type": "fake", "replies": [{"data": "END\r\n", "delay_ms": 100}] * 3}


def stopping(machine):
    """Begin to stop the proxy; what comes back is filled when it has stopped."""
    stopped = []
    machine.proxy.stopService().addCallback(stopped.append)
    machine.network.settle()
    return stopped


def test_whatIsInFlightIsAnsweredFirst(machine):
    """A client with outstanding requests is closed behind their replies, in its order."""
    machine.serve("one", **SLOW)
    machine.start(drain_timeout=5000)
    client = machine.client()
    ask(client, b"get a\r\nverbosity 1\r\nget b\r\n")
    stopped = stopping(machine)
    assert (heard(client), stopped) == (b"", [])
    machine.network.elapse(0.2)
    assert heard(client) == b"END\r\nOK\r\nEND\r\n"
    assert client.ended
    assert stopped


def test_idleClientsAreClosedAtOnce(machine):
    """Who waits for nothing is not waited for, and others go on."""
    machine.serve("one", **SLOW)
    pool = machine.start(drain_timeout=5000)
    idle, busy = machine.client(), machine.client()
    ask(busy, b"get a\r\n")
    stopped = stopping(machine)
    heard(idle)
    assert idle.ended
    assert not stopped
    assert len(pool.frontend.clients) == 1


def test_nothingMoreIsTaken(machine):
    """What a client asks after the stop is not answered, nor sent to a server."""
    machine.serve("one", **SLOW)
    pool = machine.start(drain_timeout=5000)
    client = machine.client()
    ask(client, b"get a\r\n")
    stopped = stopping(machine)
    ask(client, b"get b\r\n")
    machine.network.elapse(0.1)
    assert heard(client) == b"END\r\n"
    assert client.ended
    assert stopped
    assert pool.distributor.servers[0].counters.requests == 1


def test_itDoesNotTakeForEver(machine):
    """After drain_timeout a client gets what there is, without the rest."""
    machine.serve("one", type="fake", mode="hang")
    machine.start(drain_timeout=300)
    client = machine.client()
    assert ask(client, b"verbosity 1\r\nget a\r\n") == b"OK\r\n"
    stopped = stopping(machine)
    machine.network.elapse(0.299)
    assert not stopped
    machine.network.elapse(0.001)
    assert heard(client) == b""
    assert client.ended
    machine.network.settle()
    assert stopped


def test_whoDoesNotReadIsCutInTheEnd(machine):
    """A client that takes nothing has a moment more, and is then reset."""
    machine.serve("one")
    machine.start(drain_timeout=0)
    client = machine.client()
    value = b"x" * (1 << 19)
    assert ask(client, b"set k 0 0 %d\r\n%s\r\n" % (len(value), value)) == b"STORED\r\n"
    client._write(b"get k\r\n" * 32)
    machine.network.settle()
    stopped = stopping(machine)
    assert not stopped
    machine.network.elapse(GRACE)
    assert stopped


def test_aSecondThoughtClosesNow(machine):
    """What is drained can be closed at once, whatever is owed."""
    machine.serve("one", type="fake", mode="hang")
    machine.start(drain_timeout=5000)
    client = machine.client()
    ask(client, b"get a\r\n")
    stopped = stopping(machine)
    assert not stopped
    machine.proxy.abort()
    machine.network.settle()
    assert stopped


def test_oneTooManyIsNotLeftBehind(machine):
    """A client that was refused is gone too when the proxy has stopped."""
    machine.serve("one")
    pool = machine.start(client_connections=1)
    first, second = machine.client(), machine.client()
    machine.network.settle()
    assert pool.distributor.counters.client_refused == 1
    stopped = stopping(machine)
    heard(first)
    assert first.ended
    machine.network.settle()
    assert stopped
    assert b"ERROR" in heard(second)


class Connection(StringTransport):
    """A connection that tells its protocol late that it was cut."""

    aborted = False

    def abortConnection(self):
        self.aborted = True


def test_noticesAreCutWhenNobodyWaits():
    """A connection whose text is not known yet is closed, and the end is told when it is gone."""
    notices, transport, told = Notices(Clock()), Connection(), []
    text: Deferred[bytes] = Deferred()
    notice = notices.notice(lambda: text)
    notice.makeConnection(transport)
    notices.abort().addCallback(told.append)
    assert (transport.aborted, told) == (True, [])
    notice.connectionLost()
    assert told == [None]
    text.callback(b"too late")
