"""Ejection and return, on a clock that only the tests move."""

from __future__ import annotations

import errno
import os

import pytest

from nuttwist.ring.ledger import Out
from tests.unit.pools import EJECTING, REFUSED, ask, heard


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


@pytest.mark.parametrize("lack", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_noServerIsEjectedOverWhatTheProxyLacks(machine, lack):
    """Who asks gets the system's text, and the server is there when there is room again."""
    machine.serve("one")
    pool = machine.start(**EJECTING)
    client = machine.client()
    machine.network.wire.lack = lack
    error = b"SERVER_ERROR %s\r\n" % os.strerror(lack).encode()
    assert [ask(client, b"get a\r\n") for _ in range(5)] == [error] * 5
    machine.network.wire.lack = 0
    assert ask(client, b"get a\r\n") == b"END\r\n"
    assert pool.distributor.counters.server_ejects == 0
    assert pool.distributor.servers[0].counters.server_err == 5


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
