"""Ejection and return, on a clock that only the tests move."""

from __future__ import annotations

from tests.unit.pools import ask, heard

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
    """Who is not well when the time is over is out for another term, and no client pays."""
    machine.serve("one", "two")
    pool = machine.start(**EJECTING)
    key = machine.key("two")
    machine.servers["two"].kill()
    client = machine.client()
    ask(client, b"get %s\r\n" % key)
    ask(client, b"get %s\r\n" % key)
    for _ in range(3):
        machine.network.elapse(30)
        assert ask(client, b"get %s\r\n" % key) == b"END\r\n"
    assert pool.distributor.counters.server_ejects == 1
    machine.servers["two"].start()
    machine.network.elapse(30)
    assert pool.distributor.locate(key).config.name == "two"


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
