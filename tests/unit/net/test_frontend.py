"""The side of the clients, in memory."""

from __future__ import annotations

import gc
import weakref

from twisted.logger import LogLevel, capturedLogs, formatEvent

from nuttwist.net.addresses import placeOf
from nuttwist.wire.replyqueue import FIRST, MOST
from tests.unit.pools import ask, heard


def test_repliesOfATurnLeaveInOnePiece(machine):
    """A pipeline's replies that came together are one piece for the client."""
    machine.serve("one")
    machine.start()
    client = machine.client()
    client._write(b"get a\r\nverbosity 1\r\nget b\r\n")
    machine.network.settle()
    assert client._socket.recv(1000) == b"END\r\nOK\r\nEND\r\n"


def test_localAnswersWaitForTheirTurn(machine):
    """What the proxy answers itself stays behind what a server still owes."""
    machine.serve("one", type="fake", replies=[{"data": "END\r\n", "delay_ms": 100}])
    machine.start()
    client = machine.client()
    assert ask(client, b"get a\r\nverbosity 1\r\nnonsense\r\n") == b""
    machine.network.elapse(0.1)
    assert heard(client) == b"END\r\nOK\r\nERROR\r\n"


def test_aClientWithTooManyRequestsIsNotRead(machine):
    """While nothing is known of its replies, few are outstanding; the rest is not looked at."""
    machine.serve("one", type="fake", mode="hang")
    pool = machine.start()
    client = machine.client()
    client.send(b"get a\r\n" * MOST * 8)
    machine.network.settle()
    (proxied,) = pool.frontend.clients
    assert len(proxied.replies.waiting) == FIRST


def test_aHalfClosedClientIsReadToItsEnd(machine):
    """Requests behind the bound are answered too before the close."""
    machine.serve("one")
    machine.start()
    client = machine.client()
    count = MOST * 4
    client.send(b"get a\r\n" * count, fin=True)
    assert client.receive(5 * count, closed=True, limit=0, quiet=0) == b"END\r\n" * count
    assert client.ended


def test_aClientThatLeavesIsCounted(machine):
    """A clean end and a reset are counted apart, and neither stays a client."""
    machine.serve("one")
    pool = machine.start()
    clean, reset = machine.client(), machine.client()
    machine.network.settle()
    clean.close()
    reset.abort()
    machine.network.settle()
    counters = pool.distributor.counters
    counted = (counters.client_eof, counters.client_err, counters.client_connections)
    assert counted == (1, 1, 0)


def test_aClientThatHasGoneLeavesNoCycle(machine):
    """What it took is free at once, without a search for it."""
    machine.serve("one")
    pool = machine.start()
    client = machine.client()
    assert ask(client, b"get a\r\n") == b"END\r\n"
    (proxied,) = map(weakref.ref, pool.frontend.clients)
    usual = gc.isenabled()
    gc.disable()
    try:
        client.close()
        machine.network.settle()
        assert proxied() is None
    finally:
        if usual:
            gc.enable()


def test_whatAClientIsSuspectedOfIsLoggedOnce(machine):
    """With the pool and its address, however many replies leave before it is closed."""
    machine.serve("one", type="fake", replies=[{"data": "END\r\n", "delay_ms": 100}] * 2)
    pool = machine.start()
    client = machine.client()
    assert ask(client, b"get a\r\nget b\r\n") == b""
    (proxied,) = pool.frontend.clients
    with capturedLogs() as events:
        proxied.replies.hangUp(suspicion="it speaks HTTP")
        machine.network.elapse(0.1)
        assert heard(client) == b"END\r\n"
        machine.network.elapse(0.1)
        assert heard(client) == b"END\r\n"
    (event,) = [each for each in events if each.get("event") == "client_suspect"]
    peer = placeOf(proxied.transport.getPeer())
    assert formatEvent(event) == f"pool: closing {peer}: it speaks HTTP"
    assert event["log_level"] == LogLevel.warn
    assert client.ended
