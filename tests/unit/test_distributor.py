"""Ejection and return, on a clock that only the tests move."""

from __future__ import annotations

import pytest

from nuttwist.net.troubles import DEADLINE
from nuttwist.ring.ledger import Out
from tests.unit.pools import ask, feed, heard, heardAll

REFUSED = b"SERVER_ERROR Connection refused\r\n"
EJECTING = {"auto_eject_hosts": True, "server_failure_limit": 2, "server_retry_timeout": 30_000}


def test_ejectedAtTheLimit(machine):
    """The request that meets the last failure gets its error, the next goes elsewhere."""
    machine.serve("one", "two")
    pool = machine.start(**EJECTING)
    key = machine.key("two")
    machine.servers["two"].kill()
    client = machine.client()
    answers = [ask(client, b"get %s\r\n" % key) for _ in range(3)]
    assert answers == [REFUSED, REFUSED, b"END\r\n"]
    assert pool.distributor.locate(key).config.name == "one"


def test_aSuccessForgetsTheFailures(machine):
    """Only failures in a row eject."""
    machine.serve("one", "two")
    pool = machine.start(**EJECTING)
    key = machine.key("two")
    client = machine.client()
    for _ in range(3):
        machine.servers["two"].kill()
        assert ask(client, b"get %s\r\n" % key).startswith(b"SERVER_ERROR")
        machine.servers["two"].start()
        assert ask(client, b"get %s\r\n" % key) == b"END\r\n"
    assert pool.distributor.counters.server_ejects == 0


def test_withoutEjectionNothingIsCounted(machine):
    """A pool without auto_eject_hosts asks a dead server again and again."""
    machine.serve("one", "two")
    pool = machine.start(server_failure_limit=1)
    key = machine.key("two")
    machine.servers["two"].kill()
    client = machine.client()
    assert [ask(client, b"get %s\r\n" % key) for _ in range(5)] == [REFUSED] * 5
    assert pool.distributor.counters.server_ejects == 0
    assert machine.network.calls == []


def test_backAfterTheRetryTimeoutAndNotBefore(machine):
    """A server that has recovered is let in when its time is over."""
    machine.serve("one", "two")
    pool = machine.start(**EJECTING)
    key = machine.key("two")
    machine.servers["two"].kill()
    client = machine.client()
    ask(client, b"get %s\r\n" % key)
    ask(client, b"get %s\r\n" % key)
    machine.servers["two"].start()
    machine.network.elapse(29.999)
    assert pool.distributor.locate(key).config.name == "one"
    machine.network.elapse(0.001)
    assert pool.distributor.locate(key).config.name == "two"


def test_aServerStillDeadStaysOut(machine):
    """Who is not well when the time is over is out for twice as long, and no client pays."""
    machine.serve("one", "two")
    pool = machine.start(**EJECTING)
    key = machine.key("two")
    machine.servers["two"].kill()
    client = machine.client()
    ask(client, b"get %s\r\n" % key)
    ask(client, b"get %s\r\n" % key)
    pool.distributor.ledger.random = lambda: 0.0
    for term in (30, 60, 120):
        machine.network.elapse(term)
        assert ask(client, b"get %s\r\n" % key) == b"END\r\n"
        assert pool.distributor.ledger.until("two") == machine.network.seconds() + 2 * term
    assert pool.distributor.counters.server_ejects == 1
    machine.servers["two"].start()
    machine.network.elapse(240)
    assert pool.distributor.locate(key).config.name == "two"


def test_timesOutAreShortenedByChanceAndHaveALimit(machine):
    """What is set as the most holds, less the part that chance takes off."""
    machine.serve("one")
    pool = machine.start(**{**EJECTING, "server_retry_timeout_max": 50_000})
    pool.distributor.ledger.random = lambda: 0.5
    machine.servers["one"].kill()
    ask(machine.client(), b"get a\r\n")
    ask(machine.client(), b"get a\r\n")
    machine.network.elapse(30)
    assert pool.distributor.ledger.until("one") == 30 + 50 * 0.95


def test_anEarlierDeadlineIsNotWaitedOutWithALaterOne(machine):
    """The timer of the pool is that of who is due first, whoever went out first."""
    machine.serve("one", "two")
    pool = machine.start(**{**EJECTING, "server_failure_limit": 1})
    pool.distributor.eject("one", 1000.0)
    key = machine.key("two")
    machine.servers["two"].kill()
    ask(machine.client(), b"get %s\r\n" % key)
    assert [call.getTime() for call in machine.network.calls] == [30.0]


def test_oneProbeAtATime(machine):
    """A probe that takes longer than server_retry_timeout is the only one, and counts."""
    answer = {"data": "VERSION 1\r\n", "delay_ms": 500}
    machine.serve("one", type="fake", replies=[answer])
    pool = machine.start(**{**EJECTING, "server_retry_timeout": 10, "timeout": 5000})
    pool.distributor.learn("one", Out(0.01, "Connection refused"))
    machine.network.elapse(0.4)
    assert pool.distributor.counters.opened == 1
    assert not pool.distributor.ledger.isLive("one")
    machine.network.elapse(0.2)
    assert pool.distributor.ledger.isLive("one")


class TestOneEvent:
    """Several connections of a server that are lost together."""

    def start(self, machine, **settings):
        """A pool with four connections to one server, each with a request in flight."""
        machine.serve("one", type="fake", mode="hang")
        pool = machine.start(**{**EJECTING, "server_connections": 4, **settings})
        client = machine.client()
        keys = [b"key%d" % number for number in range(40)]
        client.send(b"".join(b"get %s\r\n" % key for key in keys))
        heard(client)
        (server,) = pool.distributor.servers
        assert all(each.pipeline.outQueue for each in server.backends)
        return pool, client, [next(self.on(server, keys, each)) for each in server.backends]

    def on(self, server, keys, backend):
        """Those of some keys that go by this connection."""
        return (key for key in keys if server.pipelineFor(key, 0) is backend.pipeline)

    def test_isOneFailure(self, machine):
        """A server that is killed has failed once, however many connections it had."""
        pool, client, _ = self.start(machine)
        machine.servers["one"].kill()
        assert heard(client).count(b"SERVER_ERROR") == 40
        assert pool.distributor.ledger.failures("one") == 1
        assert pool.distributor.counters.server_ejects == 0
        assert pool.distributor.servers[0].counters.server_eof == 4

    def test_theNextAttemptIsAnother(self, machine):
        """A connection that is begun after the event and fails is the second failure."""
        pool, client, keys = self.start(machine)
        machine.servers["one"].kill()
        heard(client)
        assert ask(client, b"get %s\r\n" % keys[0]) == REFUSED
        assert pool.distributor.counters.server_ejects == 1

    def test_attemptsAtOnceAreOneFailure(self, machine):
        """Connections that are tried together and refused together are one failure."""
        pool, client, keys = self.start(machine, server_failure_limit=3)
        machine.servers["one"].kill()
        heard(client)
        gets = b"".join(b"get %s\r\n" % key for key in keys)
        assert ask(client, gets) == REFUSED * 4
        assert pool.distributor.ledger.failures("one") == 2
        assert ask(client, gets) == REFUSED * 4
        assert pool.distributor.counters.server_ejects == 1

    def test_deadlinesOfOneSilenceAreOneFailure(self, machine):
        """A server that is silent on all connections has failed once when all have timed out."""
        pool, client, keys = self.start(machine, timeout=400)
        machine.network.elapse(0.2)
        client.send(b"get %s\r\n" % keys[0])
        machine.network.elapse(0.4)
        assert pool.distributor.servers[0].counters.server_timedout == 4
        assert pool.distributor.ledger.failures("one") == 1

    def test_aLookAtWhatWasIdleIsPartOfTheEvent(self, machine):
        """An idle connection is tried again at once; that it is refused says nothing new."""
        machine.serve("one")
        pool = machine.start(**{**EJECTING, "server_connections": 2})
        client = machine.client()
        keys = [b"key%d" % number for number in range(20)]
        gets = b"".join(b"get %s\r\n" % key for key in keys)
        assert ask(client, gets) == b"END\r\n" * 20
        machine.servers["one"].stop()
        client.send(b"get %s\r\n" % keys[0])
        machine.network.settle()
        machine.servers["one"].cont()
        machine.servers["one"].kill()
        assert heard(client).startswith(b"SERVER_ERROR")
        assert pool.distributor.ledger.failures("one") == 1
        assert pool.distributor.servers[0].counters.server_err == 2

    def test_aSuccessEndsTheEvent(self, machine):
        """What is lost after the server has answered is a failure of its own."""
        machine.serve("one")
        pool = machine.start(**{**EJECTING, "server_connections": 2, "server_failure_limit": 5})
        client = machine.client()
        keys = [b"key%d" % number for number in range(20)]
        gets = b"".join(b"get %s\r\n" % key for key in keys)
        ask(client, gets)
        first, second = pool.distributor.servers[0].backends
        for each in (first, second):
            machine.servers["one"].stop()
            client.send(gets)
            machine.network.settle()
            each.drop(DEADLINE)
            assert pool.distributor.ledger.failures("one") == 1
            machine.servers["one"].cont()
            heard(client)
            assert pool.distributor.ledger.failures("one") == 0


class TestByHand:
    """Servers that a person takes out and lets in."""

    def test_itIsOutUntilItIsLetIn(self, machine):
        """A server that is ejected by hand gets no keys, and is not asked."""
        machine.serve("one", "two")
        pool = machine.start()
        key = machine.key("two")
        pool.distributor.eject("two")
        before = pool.distributor.counters.opened
        machine.network.elapse(3600)
        assert pool.distributor.locate(key).config.name == "one"
        assert pool.distributor.counters.opened == before
        assert pool.distributor.counters.server_ejects == 0
        pool.distributor.readmit("two")
        assert pool.distributor.locate(key).config.name == "two"

    def test_itAnswersWhatItHas(self, machine):
        """Requests in flight are answered by a server that is ejected by hand."""
        machine.serve("one", type="fake", replies=[{"data": "END\r\n", "delay_ms": 300}])
        pool = machine.start()
        client = machine.client()
        client.send(b"get a\r\n")
        heard(client)
        pool.distributor.eject("one")
        assert ask(machine.client(), b"get a\r\n") == REFUSED
        assert heard(client, 0.3) == b"END\r\n"

    def test_itIsAskedWhenItsTimeIsOver(self, machine):
        """Ejected for a time, a server comes back if it is well, and is out as others if not."""
        machine.serve("one", "two")
        pool = machine.start()
        pool.distributor.ledger.random = lambda: 0.0
        machine.servers["two"].kill()
        pool.distributor.eject("one", 60.0)
        pool.distributor.eject("two", 60.0)
        machine.network.elapse(60)
        assert list(pool.distributor.standing.whys) == ["two"]
        assert pool.distributor.ledger.until("two") == 120.0

    def test_aQuestionInFlightDoesNotLetItIn(self, machine):
        """A person who ejects a server while it is asked is not overruled by the answer."""
        machine.serve("one", type="fake", replies=[{"data": "VERSION 1\r\n", "delay_ms": 100}])
        pool = machine.start(**EJECTING)
        pool.distributor.eject("one", 1.0)
        machine.network.elapse(1.05)
        pool.distributor.eject("one")
        machine.network.elapse(1)
        assert not pool.distributor.ledger.isLive("one")

    def test_whoIsHeldBackGoesOn(self, machine):
        """A client that waits for room at the server finds the way to another one."""
        machine.network.wire.window = 65536
        machine.serve("one", "two")
        pool = machine.start()
        key = machine.key("two")
        machine.servers["two"].stop()
        client = machine.client()
        request = b"set %s 0 0 100000\r\n%s\r\n" % (key, b"v" * 100_000)
        (backend,) = pool.distributor.locate(key).connections(0)
        feed(client, request * 100, backend)
        pool.distributor.eject("two")
        assert not backend.pipeline.heldBack
        machine.servers["two"].cont()
        heardAll(client, b"STORED\r\n" * 100)
        assert ask(client, b"get %s\r\n" % key).startswith(b"VALUE")

    @pytest.mark.parametrize(
        ("what", "message"),
        [
            (("three",), "pool pool has no server 'three', but one, two"),
            (("one", 0.0), "outFor must be more than 0 seconds or None, not 0.0"),
        ],
    )
    def test_aMistakeIsRefused(self, machine, what, message):
        """Unknown names and times that are none change nothing, and the error says what is."""
        machine.serve("one", "two")
        pool = machine.start()
        with pytest.raises(ValueError, match=f"^{message}$"):
            pool.distributor.eject(*what)
        with pytest.raises(ValueError, match="has no server 'three'"):
            pool.distributor.readmit("three")
        assert pool.distributor.standing.whys == {}


def test_oneTimerForAPool(machine):
    """However many servers are out, one timer waits, for the first of them."""
    machine.serve("one", "two", "three")
    machine.start(**{**EJECTING, "server_failure_limit": 1})
    client = machine.client()
    names = ("one", "two", "three")
    keys = [machine.key(name) for name in names]
    for name in names:
        machine.servers[name].kill()
    for key in keys:
        ask(client, b"get %s\r\n" % key)
        machine.network.elapse(1)
    assert [call.getTime() for call in machine.network.calls] == [30.0]


def test_allOutAndBack(machine):
    """With nobody live every request is answered at once; then all are back."""
    machine.serve("one")
    machine.start(**{**EJECTING, "server_failure_limit": 1})
    machine.servers["one"].kill()
    client = machine.client()
    assert ask(client, b"get a\r\nget a b c\r\n") == REFUSED * 2
    assert ask(client, b"get a\r\nset a 0 0 1 noreply\r\nx\r\nget b\r\n") == REFUSED * 2
    machine.servers["one"].start()
    machine.network.elapse(30)
    assert ask(client, b"get a\r\n") == b"END\r\n"
    assert heard(client) == b""
