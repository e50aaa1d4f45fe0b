"""Connections to the embedded server: shared store, life and death, long lines, statistics."""

from __future__ import annotations

import os

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IPushProducer
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from nuttwist.demo.cache import Cache
from nuttwist.demo.protocol import DemoFactory, MemcacheServer
from tests.unit.demo.talking import EPOCH, Seconds, Server


def _statistics(server: Server) -> dict[str, str]:
    lines = server.ask(b"stats\r\n").decode().split("\r\n")
    assert lines[-2:] == ["END", ""]
    return dict(line.removeprefix("STAT ").split(" ") for line in lines[:-2])


def test_connectionsShareTheStore() -> None:
    """What one client stores another reads; another server has a store of its own."""
    server = Server()
    server.ask(b"set a 0 0 1\r\nx\r\n")
    assert server.ask(b"get a\r\n") == b"VALUE a 0 1\r\nx\r\nEND\r\n"
    assert Server().ask(b"get a\r\n") == b"END\r\n"


def test_versionIsTheFactorys() -> None:
    """The version told is the one the factory was given."""
    server = Server()
    server.factory = DemoFactory(Cache(1000, Seconds()), version="1.6.18")
    assert server.ask(b"version\r\n") == b"VERSION 1.6.18\r\n"


def test_quitHangsUpAndHearsNoMore() -> None:
    """After quit the connection is closed and what follows is not done."""
    server = Server()
    protocol, transport = server.connect()
    protocol.dataReceived(b"set a 0 0 1\r\nx\r\nquit\r\nset a 0 0 1\r\ny\r\n")
    protocol.dataReceived(b"set a 0 0 1\r\ny\r\n")
    assert transport.disconnecting
    assert server.ask(b"get a\r\n") == b"VALUE a 0 1\r\nx\r\nEND\r\n"


def test_endlessLineHangsUp() -> None:
    """A line longer than the bound closes the connection instead of filling the memory."""
    protocol, transport = Server().connect()
    protocol.dataReceived(b"get " + b"a" * MemcacheServer.MAX_LENGTH)
    assert transport.disconnecting


def test_unreadAnswersHoldBackRequests() -> None:
    """While a client does not read, its requests wait; they are done once it reads again."""
    protocol, transport = Server().connect()
    assert verifyObject(IPushProducer, transport.producer)
    protocol.pauseProducing()
    protocol.dataReceived(b"set a 0 0 1\r\nx\r\nmn\r\n")
    assert (transport.value(), transport.producerState) == (b"", "paused")
    protocol.resumeProducing()
    assert (transport.value(), transport.producerState) == (b"STORED\r\nMN\r\n", "producing")


def test_longMultigetIsServed() -> None:
    """A get of a thousand keys of the greatest length is answered."""
    keys = [b"%0250d" % number for number in range(1000)]
    assert Server().ask(b"get " + b" ".join(keys) + b"\r\n") == b"END\r\n"


def test_lostHalfwayThroughAValue() -> None:
    """A client that goes away within a value stores nothing."""
    server = Server()
    protocol, _ = server.connect()
    protocol.dataReceived(b"set a 0 0 10\r\nxxx")
    protocol.connectionLost(Failure(ConnectionDone()))
    assert server.ask(b"get a\r\n") == b"END\r\n"


def test_swallowedValueIsNotKept() -> None:
    """The bytes of a refused value are not held in memory."""
    protocol, _ = Server(itemSizeMax=100).connect()
    protocol.dataReceived(b"set a 0 0 1000000\r\n" + b"x" * 500_000)
    assert protocol._chunks == []


def test_statisticsCount() -> None:
    """The statistics tell what happened, under memcached's names."""
    server = Server()
    server.connect()
    server.ask(b"set a 0 0 1\r\n5\r\nget a b\r\nincr a 1\r\ndecr b 1\r\ntouch a 0\r\ndelete b\r\n")
    server.ask(b"cas a 0 0 1 9\r\nx\r\ncas b 0 0 1 9\r\nx\r\ngets a\r\nflush_all\r\n")
    server.seconds.now += 5
    told = _statistics(server)
    assert told["pid"] == str(os.getpid())
    assert (told["time"], told["uptime"]) == (str(EPOCH + 5), "5")
    names = ("cmd_get", "get_hits", "get_misses", "cmd_set", "incr_hits", "decr_misses")
    assert [told[name] for name in names] == ["3", "2", "1", "3", "1", "1"]
    names = ("touch_hits", "delete_misses", "cas_badval", "cas_misses", "cmd_flush", "curr_items")
    assert [told[name] for name in names] == ["1", "1", "1", "1", "1", "0"]


def test_connectionsAreCounted() -> None:
    """Open connections and all there ever were are told apart."""
    server = Server()
    protocol, _ = server.connect()
    server.connect()
    protocol.connectionLost(Failure(ConnectionDone()))
    told = _statistics(server)
    assert (told["curr_connections"], told["total_connections"]) == ("2", "3")


def test_statisticsAreReset() -> None:
    """After "stats reset" counting starts again."""
    server = Server()
    server.ask(b"get a\r\n")
    assert server.ask(b"stats reset\r\n") == b"RESET\r\n"
    assert _statistics(server)["get_misses"] == "0"


def test_otherStatistics() -> None:
    """Statistics about slabs are empty, settings are told, unknown ones are an error."""
    server = Server()
    assert server.ask(b"stats items\r\nstats slabs\r\n") == b"END\r\nEND\r\n"
    assert b"STAT item_size_max 1048576\r\n" in server.ask(b"stats settings\r\n")
    assert server.ask(b"stats nothing\r\n") == b"ERROR\r\n"
    assert server.ask(b"stats detail on\r\nstats detail dump\r\nstats detail x\r\n") == (
        b"OK\r\nEND\r\nCLIENT_ERROR usage: stats detail on|off|dump\r\n"
    )
