"""Scripted servers do what their scripts say, when they say it."""

from __future__ import annotations

import pytest

from tests.rig.backends import build
from tests.rig.client import RawClient
from tests.rig.dialects import takeMemcache, takeRedis
from tests.rig.network import FakeNetwork

GET = b"get a\r\n"


@pytest.fixture
def network():
    """Give a network, and see that no server left a timer on it."""
    made = FakeNetwork()
    yield made
    for each in made._processes:
        each.kill()
    made.settle()
    assert made.wire.listeners == {}


def asked(network, spec, data=GET, **wait):
    """Start a server, send it something and give the client and what came back."""
    backend = build(network, 1, {"type": "fake", **spec}, "/tmp")
    client = RawClient(network, backend.address)
    client.send(data)
    wanted = {"size": 1 << 20, "closed": False, "limit": 0.1, "quiet": 0} | wait
    return backend, client, client.receive(**wanted)


@pytest.mark.parametrize(
    ("take", "request_", "words"),
    [
        (takeMemcache, b"get a b\r\n", [b"get", b"a", b"b"]),
        (takeMemcache, b"\r\n", [b""]),
        (takeMemcache, b"set a 0 0 2\r\nxy\r\n", [b"set", b"a", b"0", b"0", b"2", b"xy"]),
        (takeRedis, b"*2\r\n$3\r\nGET\r\n$2\r\nab\r\n", [b"GET", b"ab"]),
        (takeRedis, b"*1\r\n$0\r\n\r\n", [b""]),
    ],
)
def test_requestsAreTakenWhenComplete(take, request_, words):
    """A request is taken whole, never early, and leaves what follows it."""
    assert [take(request_[:end]) for end in range(len(request_))] == [None] * len(request_)
    assert take(request_) == take(request_ + b"get") == (words, len(request_))


@pytest.mark.parametrize(("take", "data"), [(takeMemcache, b"set a\r\n"), (takeRedis, b"PING\r\n")])
def test_nonsenseIsNoRequest(take, data):
    """What has no readable end is refused."""
    with pytest.raises(ValueError, match=r"set a|PING"):
        take(data)


def test_repliesFollowTheScriptAndTheLastRepeats(network):
    """Requests are answered in order, and after the script with its last reply."""
    spec = {"replies": ["ONE\r\n", "TWO\r\n"]}
    backend, _, got = asked(network, spec, GET * 3)
    assert got == b"ONE\r\nTWO\r\nTWO\r\n"
    assert backend.script.received == [GET * 3]


def test_scriptsCanBeChangedOnTheWay(network):
    """Another mode or script holds from the next request on."""
    backend, client, got = asked(network, {"replies": ["ONE\r\n"]})
    backend.script.change(None, ["TWO\r\n"])
    client.send(GET)
    assert got + client.receive(5, closed=False, limit=1, quiet=0) == b"ONE\r\nTWO\r\n"
    backend.script.change("ident", None)
    client.send(GET)
    assert client.receive(5, closed=False, limit=1, quiet=0) == b"VALUE a 0 1\r\n1\r\nEND\r\n"


def test_delaysAndGapsTakeTheirTime(network):
    """A late answer in pieces comes late and in pieces."""
    reply = {"delay_ms": 200, "chunks": ["a", "b"], "gap_ms": 50}
    _, client, got = asked(network, {"replies": [reply]}, limit=0.19)
    assert got == b""
    assert client.receive(1, closed=False, limit=1, quiet=0) == b"a"
    assert client.receive(1, closed=False, limit=1, quiet=0) == b"b"
    assert network.seconds() == pytest.approx(0.25)


def test_nothingIsReadDuringAPause(network):
    """A server that sleeps before its answer has not seen the next request."""
    spec = {"replies": [{"delay_ms": 200, "data": "x"}, "y"]}
    backend, client, _ = asked(network, spec)
    client.send(GET)
    assert backend.script.received == [GET]
    assert client.receive(2, closed=False, limit=1, quiet=0) == b"xy"
    assert backend.script.received == [GET * 2]


@pytest.mark.parametrize(
    ("spec", "answer", "after"),
    [
        ({"replies": [{"data": "x", "close": True}]}, b"x", 0.03),
        ({"replies": [{"data": "x", "reset": True, "then_ms": 10}]}, b"x", 0.01),
        ({"replies": [{"data": "x", "fin": True}]}, b"x", 0),
        ({"mode": "answer_early", "replies": ["x"]}, b"x", 3),
        ({"mode": "close_on_data"}, b"", 0),
        ({"mode": "reset_on_data"}, b"", 0),
    ],
)
def test_connectionsEndAsTheScriptSays(network, spec, answer, after):
    """Each way to close does so after its answer and its time."""
    _, client, got = asked(network, spec, closed=True, limit=5)
    assert (got, client.ended, network.seconds()) == (answer, True, pytest.approx(after))


def test_hangingServersReadAndSayNothing(network):
    """A server that hangs, or whose script says null, keeps the connection open in silence."""
    for spec in ({"mode": "hang"}, {"replies": [None]}):
        backend, client, got = asked(network, spec)
        assert (got, client.ended, backend.script.received) == (b"", False, [GET])


def test_closingOnAcceptIsAtOnce(network):
    """A server may close each connection as it comes."""
    backend, client, got = asked(network, {"mode": "close_on_accept"}, b"", closed=True)
    assert (got, client.ended, len(backend.script.received)) == (b"", True, 1)


def test_redisServersAnswerByNameOrByCount(network):
    """Both helpful modes speak redis too."""
    mget = b"*3\r\n$4\r\nMGET\r\n$1\r\na\r\n$1\r\nb\r\n"
    assert asked(network, {"proto": "redis", "mode": "echoargs"}, mget)[2] == b":3\r\n"
    got = asked(network, {"proto": "redis", "mode": "ident"}, mget)[2]
    assert got == b"*2\r\n$1\r\n1\r\n$1\r\n1\r\n"


def test_killedServerRefusesUntilItIsStarted(network):
    """Killing ends connections and listening; what was received before is remembered."""
    backend, client, _ = asked(network, {"mode": "ident"})
    backend.kill()
    with pytest.raises(OSError, match="cannot connect"):
        RawClient(network, backend.address)
    backend.start()
    RawClient(network, backend.address).send(GET)
    assert (client._socket.readable(), backend.script.received) == (True, [GET, GET])


def test_memcachedKeepsWhatItIsGivenUntilItIsKilled(network):
    """The embedded memcached is a process: stopped it is silent, restarted it is empty."""
    backend = build(network, 0, {"type": "memcached", "unix": True}, "/run")
    client = RawClient(network, "/run/b0.sock")
    client.send(b"set a 0 0 1\r\nx\r\n")
    assert client.receive(8, closed=False, limit=1, quiet=0) == b"STORED\r\n"
    backend.stop()
    client.send(GET)
    assert client.receive(1, closed=False, limit=1, quiet=0) == b""
    backend.cont()
    assert client.receive(21, closed=False, limit=1, quiet=0) == b"VALUE a 0 1\r\nx\r\nEND\r\n"
    backend.kill()
    backend.start()
    again = RawClient(network, "/run/b0.sock")
    again.send(GET + b"version\r\n")
    assert again.receive(21, closed=False, limit=1, quiet=0) == b"END\r\nVERSION 1.6.18\r\n"


def test_realRedisIsLeftToProcesses(network):
    """There is no redis server in memory, and nothing pretends to be one."""
    with pytest.raises(NotImplementedError, match="redis"):
        build(network, 0, {"type": "redis"}, "/tmp")
