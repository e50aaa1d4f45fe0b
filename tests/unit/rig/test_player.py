"""The player notices what is different, and what a proxy leaves behind."""

from __future__ import annotations

import json

import pytest
import yaml
from attrs import define, field
from twisted.application.service import Service
from twisted.internet.protocol import Factory
from twisted.protocols.portforward import ProxyServer

from tests.rig.cases import chunksOf, decoded, load, readSizeOf, runsIn, whyNot, withPoolKey
from tests.rig.client import dribbled
from tests.rig.comparing import selected, shape, shown
from tests.rig.player import play

CONFIG = "p:\n  listen: 127.0.0.1:@LISTEN@\n  servers:\n   - 127.0.0.1:@B0@:1 s0\n"
IDENT = {"type": "fake", "proto": "mc", "mode": "ident"}
SEND = {"do": "send", "data": "get a\r\n"}
ANSWER = "VALUE a 0 1\r\n0\r\nEND\r\n"


@define(eq=False)
class Relay(Service):
    """The smallest proxy: every connection goes to the first server."""

    reactor: object
    listen: int
    server: int
    careless: bool = False
    connections: list = field(factory=list)
    ports: list = field(factory=list)

    def startService(self):
        factory = Factory.forProtocol(self.connect)
        factory.host, factory.port = "127.0.0.1", self.server
        self.ports += [self.reactor.listenTCP(self.listen, factory, interface="127.0.0.1")]
        self.ports += [self.reactor.listenTCP(22222, Factory.forProtocol(Statistics))]

    def connect(self):
        made = ProxyServer()
        made.reactor = self.reactor
        self.connections.append(made)
        return made

    def stopService(self):
        for each in self.ports:
            each.stopListening()
        for each in () if self.careless else self.connections:
            each.transport.loseConnection()


class Statistics(ProxyServer):
    def connectionMade(self):
        self.transport.write(json.dumps({"service": "relay", "p": {"s0": 1}}).encode() + b"\n")
        self.transport.loseConnection()

    def connectionLost(self, reason):
        pass


def relay(config, reactor, _stats, _readSize, *, careless=False):
    """Build a relay from a pool's configuration."""
    pool = yaml.safe_load(config)["p"]
    server = int(pool["servers"][0].split(":")[1])
    return Relay(reactor, int(pool["listen"].split(":")[1]), server, careless)


def played(steps, backend=IDENT, **options):
    """Play steps through a relay to one server."""
    case = {"config": CONFIG, "backends": [backend], "steps": steps}
    return play(case, **{"buildProxy": relay} | options)


def recv(expect, **more):
    """Write a recv step."""
    return {"do": "recv", "expect": expect, "closed": False, **more}


GOOD = {
    "answer": [SEND, recv(ANSWER)],
    "chunks": [{"do": "send", "data": ["get", " a\r\n"], "gap_ms": 500}, recv(ANSWER)],
    "clients": [{**SEND, "c": "a"}, {**SEND, "c": "b"}, recv(ANSWER, c="b"), recv(ANSWER, c="a")],
    "fin": [{**SEND, "fin": True}, recv("", closed=True)],
    "shutdown": [{"do": "connect"}, {"do": "shutdown"}, recv("", closed=True)],
    "gone": [SEND, {"do": "reset"}, {"do": "connect"}, {"do": "close"}, SEND, recv(ANSWER)],
    "servers": [
        {"do": "kill", "b": 0},
        {"do": "start", "b": 0},
        {"do": "stop", "b": 0},
        SEND,
        recv(""),
        {"do": "cont", "b": 0},
        recv(ANSWER),
        {"do": "nconn", "b": 0, "expect": 1},
        {"do": "upstream", "b": 0, "expect": ["get a\r\n"]},
    ],
    "direct": [{"do": "direct", "b": 0, "data": "get a\r\n", "expect": ANSWER}],
    "mode": [{"do": "mode", "b": 0, "mode": "hang"}, SEND, {"do": "sleep", "ms": 9}, recv("")],
    "stats": [
        {"do": "stats", "select": ["p/s0", "p/none"], "expect": {"p/s0": 1, "p/none": None}},
        {"do": "statraw", "expect": [["service", "str"], ["p", [["s0", "int"]]]]},
        {"do": "alive", "expect": True},
    ],
}

BAD = {
    "bytes differ": [SEND, recv("END\r\n")],
    "should be closed": [SEND, recv(ANSWER, closed=True)],
    "should not be closed": [{**SEND, "fin": True}, recv("")],
    "answered after 0 ms": [SEND, recv(ANSWER, min_ms=10)],
    "expected 2, got 1": [SEND, {"do": "nconn", "b": 0, "expect": 2}],
    'expected ["x"], got ["get a': [SEND, {"do": "upstream", "b": 0, "expect": ["x"]}],
    '"p/s0": 1}': [{"do": "stats", "select": ["p/s0"], "expect": {"p/s0": 2}}],
}


@pytest.mark.parametrize("cut", [{}, {"splitClient": True}, {"splitAll": True}])
@pytest.mark.parametrize("steps", GOOD.values(), ids=GOOD)
def test_sameConversationsHaveNoDifferences(steps, cut):
    """Every kind of step passes when all is as recorded, however the bytes are cut."""
    assert played(steps, **cut) == []


@pytest.mark.parametrize(("what", "steps"), BAD.items(), ids=BAD)
def test_differencesAreNamed(what, steps):
    """What is not as recorded is said, once, with the step it happened in."""
    (difference,) = played(steps)
    assert what in difference
    assert difference.startswith("step ")


def test_timesAreMeasuredOnTheImaginedClock():
    """A delay of the server shows in what the client measures."""
    backend = {"type": "fake", "replies": [{"delay_ms": 300, "data": "x"}]}
    assert played([SEND, recv("x", min_ms=300, max_ms=301)], backend) == []


def test_whatIsLeftBehindIsADifference():
    """A proxy that stops without closing its connections is told so."""

    def careless(*given):
        return relay(*given, careless=True)

    differences = played([SEND, recv(ANSWER)], buildProxy=careless)
    assert ["end: left behind" in each for each in differences] == [True, True]


def test_failuresThatOnlyReachTheLogAreDifferences():
    """An exception in a protocol does not pass unseen."""
    logged, left = played([{"do": "connect"}], buildProxy=brokenRelay)
    assert logged.startswith("logged: ")
    assert "no protocol today" in logged
    assert "left behind" in left


def brokenRelay(*given):
    """Build a relay that cannot take connections."""
    made = relay(*given)
    made.connect = fail
    return made


def fail():
    """Raise what the test looks for."""
    raise RuntimeError("no protocol today")


def test_everyCaseFileIsReadable():
    """All recorded cases load, with names of their own and steps the player knows."""
    cases = load(["*.json"])
    assert len({case["name"] for case in cases}) == len(cases)
    memcached = [case for case in load(["memcached-*.json", "stats.json"]) if not whyNot(case)]
    assert len(memcached) > 150


def test_bytesNotation():
    """Text, runs, parts and base64 are all bytes; a list in a send step is separate writes."""
    run = {"rep": "x", "n": 3}
    assert decoded(["a\xff", run, {"parts": ["b", run]}]) == b"a\xffxxxbxxx"
    assert (decoded(None), decoded({"b64": "AP8="})) == (b"", b"\0\xff")
    assert chunksOf(["a", run]) == [b"a", b"xxx"]
    assert runsIn({"data": ["a", run, {"parts": [run]}]}) == 6


def test_poolKeysAreAddedToEveryPool():
    """A line can be added to all pools, in the indentation of each."""
    case = {"config": "p:\n  a: 1\nq:\n    b: 2\n"}
    extended = withPoolKey(case, "x: y")["config"]
    assert extended == "p:\n  x: y\n  a: 1\nq:\n    x: y\n    b: 2\n"


def test_readSizeIsTheProxysArgument():
    """The -m of a case is how much the proxy reads at once."""
    assert readSizeOf({"proxy_args": ["-v", "6", "-m", "512"]}) == 512
    assert readSizeOf({}) == 65536


@pytest.mark.parametrize("size", [0, 1, 5, 50_000])
def test_dribblingKeepsEveryByte(size):
    """Bytes cut for dribbling are the same bytes, one at a time at both ends."""
    data = bytes(position % 251 for position in range(size))
    pieces = dribbled(data)
    assert b"".join(pieces) == data
    assert len(pieces[0]) <= 1
    assert len(pieces[-1]) <= 1


def test_treesAreReducedAndValuesShown():
    """Statistics are compared by shape or by path, and long bytes shown by their ends."""
    tree = {"a": {"b": 1}, "c": "x"}
    assert shape(tree) == [["a", [["b", "int"]]], ["c", "str"]]
    assert selected(tree, ["a/b", "c/d"]) == {"a/b": 1, "c/d": None}
    assert shown(b"x") == "'x'"
    assert "...(1000 bytes)..." in shown(b"y" * 1000)
