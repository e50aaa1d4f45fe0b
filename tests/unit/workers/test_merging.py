"""The counters of several workers become one proxy's."""

from __future__ import annotations

import json

import attrs

from nuttwist.config import Listen, PoolConfig, ServerConfig
from nuttwist.statistics import PoolFigures, Statistics
from nuttwist.wire.counters import PoolCounters, ServerCounters
from nuttwist.workers.merging import GAUGES, LATEST, counted, merge, past
from nuttwist.workers.report import QUEUES, nothing, sums

NAMES = [each.name for each in attrs.fields(PoolCounters)]
SERVER_NAMES = [*(each.name for each in attrs.fields(ServerCounters)), *QUEUES]


def figures(start: int, name: str = "alpha") -> PoolFigures:
    """A pool with two servers, every counter with a value of its own."""
    servers = {
        "one": {each: start + number for number, each in enumerate(SERVER_NAMES)},
        "two": {each: 2 * start + number for number, each in enumerate(SERVER_NAMES)},
    }
    counters = {each: 3 * start + number for number, each in enumerate(NAMES)}
    return PoolFigures(name, True, counters, servers)


def test_everythingIsAddedUpButMoments():
    """Counters and gauges are sums, and the moment of an ejection is the latest."""
    merged = merge([figures(100), figures(1000)])["alpha"]
    assert merged.counters == {each: 3300 + 2 * number for number, each in enumerate(NAMES)}
    for number, each in enumerate(SERVER_NAMES):
        wanted = 1000 + number if each in LATEST else 1100 + 2 * number
        assert merged.servers["one"][each] == wanted


def test_poolsAreMergedApart():
    """Only pools of one name are added up, and they stay in order."""
    merged = merge([figures(1, "beta"), figures(2), figures(3, "beta")])
    assert list(merged) == ["beta", "alpha"]
    assert merged["alpha"] == figures(2)


def test_nobodyAddsNothing():
    """A sum of one worker is that worker's figures."""
    assert merge([figures(5)]) == {"alpha": figures(5)}
    assert merge([]) == {}


def test_pastHasNoGauges():
    """What a worker has counted stays when it ends, what it held at that moment does not."""
    left = past(figures(10))
    for fields, was in [
        (left.counters, figures(10).counters),
        *zip(left.servers.values(), figures(10).servers.values(), strict=True),
    ]:
        assert fields == {each: 0 if each in GAUGES else value for each, value in was.items()}


def test_ejectionsAreTheParents():
    """The number of ejections is the one that counts each once."""
    assert counted(figures(10), 4).counters == {**figures(10).counters, "server_ejects": 4}


def test_figuresHaveTheShapeOfAPool(machine):
    """A pool in which nothing has happened is told as a single process tells it."""
    machine.serve("one", "two")
    pool = machine.start()
    assert nothing(pool.config) == pool.figures()


def test_documentIsASingleProxys():
    """The sums are told with the keys and nesting of one process, listeners counted once."""
    servers = tuple(ServerConfig(host="127.0.0.1", port=1, name=each) for each in ("one", "two"))
    pool = PoolConfig(name="alpha", listen=Listen(host="127.0.0.1"), servers=servers)
    single = json.loads(Statistics().document([nothing(pool)]))
    several = json.loads(sums(Statistics(), [pool], [figures(0), figures(0)], {"alpha": 3}))
    assert [list(single), list(single["alpha"])] == [list(several), list(several["alpha"])]
    assert several["alpha"]["server_ejects"] == 3
    at = NAMES.index
    connections = SERVER_NAMES.index("server_connections")
    assert several["total_connections"] == 1 + 2 * at("opened")
    assert several["curr_connections"] == 1 + 2 * at("client_connections") + 4 * connections
