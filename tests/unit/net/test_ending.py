"""Connections that end when they have finished, and what they have not finished yet."""

from __future__ import annotations

from itertools import pairwise

import pytest

from nuttwist.net.watcher import State
from tests.unit.pools import heard
from tests.unit.test_reconfigure import ABORTED, backendOf, change, line

VALUE = b"v" * 100_000
REPLIES = {
    "memcached": b"VALUE k 0 9\r\n123456789\r\nEND\r\n",
    "redis": b"$9\r\n123456789\r\n",
}
REQUESTS = {
    "memcached": lambda key: b"get %s\r\n" % key,
    "redis": lambda key: b"*2\r\n$3\r\nget\r\n$%d\r\n%s\r\n" % (len(key), key),
}
ERRORS = {"memcached": ABORTED, "redis": b"-ERR Software caused connection abort\r\n"}
CUTS = [(protocol, at) for protocol in REPLIES for at in range(1, len(REPLIES[protocol]))]


def retire(machine, pool, drain_timeout=5000):
    """Remove all servers but the first, and give what gets something when they are gone."""
    return change(machine, pool, drain_timeout, servers=[line(machine, "one")])


def pieces(data, cuts):
    """Cut there."""
    edges = [0, *cuts, len(data)]
    return [data[start:end].decode() for start, end in pairwise(edges)]


def begin(machine, protocol, cuts, gap=40):
    """
    Start a pool whose second server answers in pieces, and ask that.

    @param gap: milliseconds between two pieces.
    """
    reply = {"chunks": pieces(REPLIES[protocol], cuts), "gap_ms": gap}
    proto = "redis" if protocol == "redis" else "mc"
    machine.serve("one", "two", type="fake", proto=proto, replies=[reply])
    pool = machine.start(redis=protocol == "redis")
    client = machine.client()
    client.send(REQUESTS[protocol](machine.key("two")))
    return pool, client


@pytest.mark.parametrize(("protocol", "cut"), CUTS)
def test_aReplyInTwoPiecesIsTakenToItsEnd(machine, protocol, cut):
    """A connection closes behind the last piece of what it owes, and not before."""
    pool, client = begin(machine, protocol, [cut])
    old = backendOf(pool, "two")
    done = retire(machine, pool)
    machine.network.elapse(0.039)
    assert (old.state, done) == (State.CONNECTED, [])
    machine.network.elapse(0.001)
    assert done
    assert heard(client) == REPLIES[protocol]
    assert old.pipeline.counters.server_eof == 0


@pytest.mark.parametrize("protocol", REPLIES)
def test_aReplyByteByByteIsTakenToItsEnd(machine, protocol):
    """However many pieces there are."""
    pool, client = begin(machine, protocol, range(1, len(REPLIES[protocol])))
    done = retire(machine, pool)
    machine.network.elapse(0.04 * len(REPLIES[protocol]))
    assert done
    assert heard(client) == REPLIES[protocol]


@pytest.mark.parametrize(("protocol", "cut"), CUTS)
def test_theTimeMayBeOverAmidAReply(machine, protocol, cut):
    """Half a reply is none: its client gets an error, and nothing of it."""
    pool, client = begin(machine, protocol, [cut], gap=60_000)
    done = retire(machine, pool, drain_timeout=400)
    machine.network.elapse(0.399)
    assert not done
    assert heard(client) == b""
    machine.network.elapse(0.001)
    assert done
    assert heard(client) == ERRORS[protocol]


def test_aConnectionThatIsNeverMadeEndsToo(machine):
    """A server that nobody can reach is gone when the time for what it was to do is over."""
    machine.serve("one", "two")
    pool = machine.start()
    machine.network.wire.silent.add(machine.servers["two"].address)
    client = machine.client()
    client.send(b"get %s\r\n" % machine.key("two"))
    done = retire(machine, pool, drain_timeout=400)
    assert heard(client, 0.399) == b""
    assert not done
    assert heard(client, 0.001) == ABORTED
    assert done


def unread(machine, pool):
    """
    Have a connection retired that owes nobody a reply, over which there is still much to send
    to a server that does not read.
    """
    old = backendOf(pool, "two")
    key = machine.key("two")
    machine.servers["two"].stop()
    client = machine.client()
    client._write(b"set %s 0 0 %d noreply\r\n%s\r\n" % (key, len(VALUE), VALUE))
    while not old.pipeline.counters.requests or old.pipeline.inQueue:
        heard(client)
    done = retire(machine, pool, drain_timeout=400)
    assert old.state is State.IDLE
    return done


def test_whatWasWrittenIsSentToItsEnd(machine):
    """A connection with nothing to wait for is open until its server has everything."""
    machine.network.wire.window = 65536
    machine.serve("one", "two")
    pool = machine.start(preconnect=True)
    done = unread(machine, pool)
    assert not done
    machine.servers["two"].cont()
    machine.network.settle()
    assert done
    assert len(machine.servers["two"].process.sockets()) == 1


def test_aServerThatTakesNothingIsNotWaitedForLonger(machine):
    """When the time is over the connection is reset, with what it has not sent."""
    machine.network.wire.window = 65536
    machine.serve("one", "two")
    pool = machine.start(preconnect=True)
    done = unread(machine, pool)
    machine.network.elapse(0.399)
    assert not done
    machine.network.elapse(0.001)
    machine.network.settle()
    assert done
    assert machine.network.calls == []
