"""Bounds that change while clients and servers are connected."""

from __future__ import annotations

import attrs
import pytest

from nuttwist.net.serverprotocol import Terms
from nuttwist.wire.replyqueue import BUDGET, PATIENCE
from tests.unit.pools import EJECTING, REFUSED, ask, feed, heard, heardAll

VALUE = b"v" * 5000


def backendOf(pool, name):
    """The first connection of a server."""
    servers = pool.distributor.servers
    return next(each for each in servers if each.config.name == name).connections(0)[0]


def change(machine, pool, **settings):
    """Have other settings, and give the list that gets something when all is done."""
    done = []
    pool.reconfigure(attrs.evolve(pool.config, **settings)).addCallback(done.append)
    machine.network.settle()
    return done


def test_anotherTimeCountsFromNow(machine):
    """However long the one before it was, and however long the client has been silent."""
    machine.serve("one")
    pool = machine.start(client_idle_timeout=4_000_000)
    client = machine.client()
    machine.network.elapse(2000)
    pool.frontend.change(Terms(idleTimeout=4.0))
    machine.network.elapse(3.9)
    pool.frontend.change(Terms(idleTimeout=8.0))
    machine.network.elapse(7.9)
    assert not client.ended
    pool.frontend.change(Terms(idleTimeout=8.0, most=5))
    machine.network.elapse(2.1)
    heard(client)
    assert client.ended


def test_fewerRequestsHoldForWhoIsConnected(machine):
    """What is outstanding stays so, and the client is not read until there is room again."""
    machine.serve("one", type="fake", replies=[{"data": "END\r\n", "delay_ms": 10}])
    pool = machine.start()
    client = machine.client()
    client.send(b"get a\r\n" * 20)
    machine.network.settle()
    (proxied,) = pool.frontend.clients
    pool.frontend.change(Terms(most=4))
    client.send(b"get a\r\n" * 20)
    assert len(proxied.replies.waiting) == 20
    assert heard(client, 1) == b"END\r\n" * 40


def test_moreRequestsHoldForWhoIsHeldBack(machine):
    """It goes on at once, not when half of what it has outstanding is answered."""
    machine.serve("one", type="fake", mode="hang")
    pool = machine.start(client_requests_max=10)
    client = machine.client()
    client.send(b"get a\r\n" * 30)
    (proxied,) = pool.frontend.clients
    assert len(proxied.replies.waiting) == 10
    pool.frontend.change(Terms(most=100))
    machine.network.settle()
    assert len(proxied.replies.waiting) == 30


def test_fewerBytesHoldForWhoIsConnected(machine):
    """Its outstanding requests are weighed by the new bound."""
    machine.serve("one", type="fake", replies=[{"data": "STORED\r\n", "delay_ms": 10}])
    pool = machine.start()
    client = machine.client()
    machine.network.settle()
    (proxied,) = pool.frontend.clients
    pool.frontend.change(Terms(budget=20_000))
    proxied.replies.room = 1000
    client.send(b"set k 0 0 5000\r\n%s\r\n" % VALUE * 100)
    assert 20_000 < proxied.replies.weight() < 20_000 + 65536
    pool.frontend.change(Terms(budget=BUDGET))
    machine.network.settle()
    assert proxied.replies.weight() > 200_000
    assert heard(client, 10) == b"STORED\r\n" * 100


@pytest.mark.parametrize("redis", [False, True])
def test_aShorterLineHoldsForWhoIsConnected(machine, redis):
    """And a longer one, if that is the new bound."""
    machine.serve("one", type="fake", mode="hang")
    pool = machine.start(redis=redis)
    client = machine.client()
    line = b"x" * 600 + b"\r\n"
    assert b"too" not in ask(client, line)
    for most in (512, None, 599):
        pool.reconfigure(attrs.evolve(pool.config, line_length_max=most))
        other = machine.client()
        for each in (client, other):
            assert (b"too" in ask(each, line)) == (most is not None)
        client = machine.client()
        machine.network.settle()


@pytest.mark.parametrize(("before", "after"), [(None, 100), (60_000, 100), (100, 60_000)])
def test_aTimeoutHoldsForWhatWaitsAlready(machine, before, after):
    """On the connection that there is, from when the request was queued."""
    machine.serve("one", type="fake", mode="hang")
    pool = machine.start(timeout=before)
    client, old = machine.client(), backendOf(pool, "one")
    client.send(b"get a\r\n")
    machine.network.elapse(0.05)
    assert change(machine, pool, timeout=after)
    assert backendOf(pool, "one") is old
    assert heard(client, after / 1000 - 0.051) == b""
    assert heard(client, 0.002) == b"SERVER_ERROR Connection timed out\r\n"
    assert machine.network.calls == []


def test_aShorterTimeoutIsGivenOnceToWhatIsLateByIt(machine):
    """However many wait: a server that is late with every reply is found out all the same."""
    machine.serve("one", type="fake", replies=[{"data": "END\r\n", "delay_ms": 150}])
    pool = machine.start(timeout=5000)
    client = machine.client()
    client.send(b"get a\r\n" * 20)
    machine.network.elapse(1)
    change(machine, pool, timeout=200)
    machine.network.elapse(0.2)
    assert heard(client) == b"END\r\n" * 7 + b"SERVER_ERROR Connection timed out\r\n" * 13


def test_whatIsLateByANewTimeoutHasItOnceMore(machine):
    """Without a timeout it waits on."""
    machine.serve("one", type="fake", mode="hang")
    pool = machine.start(timeout=5000)
    client = machine.client()
    client.send(b"get a\r\n")
    machine.network.elapse(1)
    change(machine, pool, timeout=None)
    machine.network.elapse(100)
    change(machine, pool, timeout=1000)
    assert heard(client, 0.999) == b""
    assert heard(client, 0.001) == b"SERVER_ERROR Connection timed out\r\n"
    assert machine.network.calls == []


def test_theBoundsOfALivingConnectionChange(machine):
    """How much may wait for it, and how large a reply may be."""
    machine.serve("one")
    pool = machine.start()
    client, old = machine.client(), backendOf(pool, "one")
    ask(client, b"set a 0 0 5000\r\n%s\r\n" % (b"v" * 5000))
    change(machine, pool, server_bytes_max=10_000, item_size_max=60_000)
    assert backendOf(pool, "one") is old
    assert old.pipeline.replyMax == 60_000 + PATIENCE * BUDGET
    machine.network.wire.window = 65536
    machine.servers["one"].stop()
    feed(client, b"set b 0 0 50000\r\n%s\r\n" % (b"v" * 50_000) * 100, old)
    assert old.pipeline.sizes()[1] < 10_000 + 3 * 65536
    machine.servers["one"].cont()
    heardAll(client, b"STORED\r\n" * 100)


def test_aShorterTimeOutHoldsForWhoIsOut(machine):
    """A server that is out is asked when the new time is over, and not when the old one is."""
    machine.serve("one", "two")
    pool = machine.start(**EJECTING)
    key, client = machine.key("one"), machine.client()
    machine.servers["one"].kill()
    for _ in range(2):
        assert ask(client, b"get %s\r\n" % key) == REFUSED
    assert not pool.distributor.ledger.isLive("one")
    machine.servers["one"].start()
    pool.reconfigure(attrs.evolve(pool.config, server_retry_timeout=1000))
    machine.network.elapse(0.999)
    assert not pool.distributor.ledger.isLive("one")
    machine.network.elapse(0.001)
    assert pool.distributor.ledger.isLive("one")
