"""A pool that repeats requests, on a clock that only the tests move."""

from __future__ import annotations

from tests.unit.pools import ask, heard

RESET = b"SERVER_ERROR Connection reset by peer\r\n"
REFUSED = b"SERVER_ERROR Connection refused\r\n"
TIMED_OUT = b"SERVER_ERROR Connection timed out\r\n"
EJECTING = {"auto_eject_hosts": True, "server_failure_limit": 1, "server_retry_timeout": 30_000}


def store(machine, key, value):
    """Put a value where its key belongs."""
    client = machine.client()
    assert ask(client, b"set %s 0 0 %d\r\n%s\r\n" % (key, len(value), value)) == b"STORED\r\n"


def test_aReadOverALostConnectionIsAnswered(machine):
    """The server has closed meanwhile; the client does not hear of it."""
    machine.serve("one")
    pool = machine.start(retries=1)
    client = machine.client()
    store(machine, b"k", b"v")
    machine.servers["one"].kill()
    machine.servers["one"].start()
    assert ask(client, b"get k\r\n") == b"END\r\n"
    assert pool.distributor.counters.forward_error == 0


def test_readsOverAResetAreRepeatedAndWritesAreNot(machine):
    """Each client gets its own in order, whatever became of the others."""
    machine.serve("one", type="fake", mode="reset_on_data", replies=["END\r\n"])
    pool = machine.start(retries=1)
    client = machine.client()
    client._write(b"get a\r\nset k 0 0 1\r\nx\r\nget b\r\n")
    machine.network.settle()
    assert pool.distributor.counters.repeated == 2
    assert heard(client) == RESET * 3
    machine.servers["one"].script.change("reply", ["END\r\n"])
    assert ask(client, b"get a\r\n") == b"END\r\n"


def test_attemptsAreBounded(machine):
    """A dead server costs so many connects more, and then the error."""
    machine.serve("one")
    pool = machine.start(retries=3)
    machine.servers["one"].kill()
    client = machine.client()
    assert ask(client, b"get a\r\n") == REFUSED
    assert pool.distributor.counters.repeated == 3
    assert pool.distributor.servers[0].counters.server_err == 4


def test_aWriteToADeadServerGoesToWhoTakesItsKeys(machine):
    """None of its bytes were sent, and the failure has ejected the server."""
    machine.serve("one", "two")
    pool = machine.start(retries=1, **EJECTING)
    key = machine.key("two")
    machine.servers["two"].kill()
    client = machine.client()
    assert ask(client, b"set %s 0 0 1\r\nx\r\n" % key) == b"STORED\r\n"
    assert pool.distributor.counters.server_ejects == 1
    assert ask(client, b"get %s\r\n" % key) == b"VALUE %s 0 1\r\nx\r\nEND\r\n" % key


def test_whenNobodyIsLeftThereIsTheError(machine):
    """A request that is repeated finds every server out."""
    machine.serve("one")
    machine.start(retries=5, **EJECTING)
    machine.servers["one"].kill()
    assert ask(machine.client(), b"get a\r\n") == REFUSED


def test_aGetOfManyKeysSurvivesAnEjectedServer(machine):
    """Its keys are on the two others by then; one had to be asked twice."""
    machine.serve("one", "two", "three")
    pool = machine.start(retries=1, hash="md5", **EJECTING)
    keys = [b"key%d" % number for number in range(60)]
    for each in keys:
        store(machine, each, b"of " + each)
    machine.servers["two"].kill()
    kept = [each for each in keys if pool.distributor.locate(each).config.name != "two"]
    values = (b"VALUE %s 0 %d\r\nof %s\r\n" % (each, len(each) + 3, each) for each in kept)
    got = ask(machine.client(), b"get %s\r\n" % b" ".join(keys))
    assert got == b"".join(values) + b"END\r\n"
    counters = pool.distributor.counters
    assert (counters.repeated, counters.fragments, counters.forward_error) == (1, 5, 0)


def test_whatWasRepeatedIsForgottenWhenItHasItsReply(machine):
    """Also where there is no timeout, for which it was remembered."""
    machine.serve("one", "two")
    pool = machine.start(retries=1, **EJECTING)
    key = machine.key("one")
    machine.servers["one"].kill()
    client = machine.client()
    assert ask(client, b"get %s\r\n" % key) == b"END\r\n"
    assert ask(client, b"get %s\r\n" % key) == b"END\r\n"
    assert pool.distributor.counters.repeated == 1
    pipelines = [each.pipeline for server in pool.distributor.servers for each in server.backends]
    assert [each.repeated for each in pipelines] == [[], []]


def test_aTimeoutIsNotRepeated(machine):
    """There is no time left for who has waited that long; who came later has some."""
    machine.serve("one", type="fake", mode="hang")
    pool = machine.start(retries=3, timeout=400)
    first, second = machine.client(), machine.client()
    first.send(b"get a\r\n")
    machine.network.elapse(0.3)
    second.send(b"get b\r\n")
    machine.network.elapse(0.1)
    assert heard(first) == TIMED_OUT
    assert heard(second) == b""
    assert pool.distributor.counters.repeated == 1
    machine.network.elapse(0.299)
    assert heard(second) == b""
    machine.network.elapse(0.001)
    assert heard(second) == TIMED_OUT


def test_theTimeoutHoldsOverAllAttemptsBehindAYoungerRequest(machine):
    """A repeated request is older than what its new connection is waiting for."""
    machine.serve("one", type="fake", mode="hang")
    machine.serve("two", type="fake", mode="hang")
    machine.start(retries=1, timeout=1000, **EJECTING)
    one, two = machine.key("one"), machine.key("two")
    first, second = machine.client(), machine.client()
    second.send(b"get %s\r\n" % two)
    machine.network.elapse(0.5)
    first.send(b"get %s\r\n" % one)
    machine.network.elapse(0.1)
    machine.servers["two"].kill()
    machine.network.elapse(0.399)
    assert heard(second) == b""
    machine.network.elapse(0.001)
    assert heard(second) == TIMED_OUT


def test_aStopRepeatsNothing(machine):
    """Nobody is left waiting for a connection that is not made any more."""
    machine.serve("one", type="fake", mode="hang")
    pool = machine.start(retries=3, timeout=400)
    machine.client().send(b"get a\r\n")
    machine.stop()
    assert pool.distributor.counters.repeated == 0


def test_withoutRetriesNothingIsRepeated(machine):
    """As from twemproxy."""
    machine.serve("one")
    pool = machine.start()
    machine.servers["one"].kill()
    assert ask(machine.client(), b"get a\r\n") == REFUSED
    assert pool.distributor.counters.repeated == 0
