"""What is told in JSON."""

from __future__ import annotations

import pytest

from nuttwist.http import figures
from nuttwist.observed import EJECTED, Ranking, Standing, Timing
from nuttwist.wire.samples import BOUNDS
from tests.unit.http.looks import lookAt, poolLook


def test_nothingCountedHasNoQuantiles():
    """They are null; the buckets are all there, and empty."""
    told = figures.latency(Timing())
    assert (told["count"], told["mean"], told["p50"], told["p99"]) == (0, None, None, None)
    assert told["buckets"][-1] == ["+Inf", 0]
    assert len(told["buckets"]) == len(BOUNDS) + 1


def test_aServerTellsHowItStands():
    """State, times, failures in a row and the last error."""
    standing = Standing(EJECTED, 90.0, 120.0, 2, (89.0, "Connection refused"))
    look = poolLook("a", "b", seen={"standings": {"a": standing}})
    told = figures.pool(look)["servers"]
    assert [each["state"] for each in told] == ["ejected", "live"]
    assert (told[0]["since"], told[0]["until"], told[0]["failures"]) == (90.0, 120.0, 2)
    assert told[0]["last_error"] == {"time": 89.0, "reason": "Connection refused"}
    assert told[1]["last_error"] is None
    assert [each["share"] for each in told] == [0.0, pytest.approx(1)]


def test_aPoolIsTheSumOfItsServers():
    """Requests and bytes."""
    servers = {"a": {"requests": 3, "response_bytes": 10}, "b": {"requests": 4}}
    told = figures.pool(poolLook("a", "b", servers=servers))
    assert (told["requests"], told["response_bytes"], told["protocol"]) == (7, 10, "memcached")


def test_inFullHasCommandsInOrder():
    """By name; failures as they were counted."""
    seen = {"commands": {"set": Timing(), "get": Timing()}, "failures": [(None, "why", 2)]}
    told = figures.inFull(poolLook("a", seen=seen))
    assert [each["command"] for each in told["commands"]] == ["get", "set"]
    assert told["failures"] == [{"server": None, "reason": "why", "count": 2}]


def test_topKeysHaveTheirShare():
    """Of the weight of all, no more of them than asked for."""
    ranking = Ranking(10, [("k", 5, 1), ("l", 2, 0)])
    told = figures.keys(poolLook("a", seen={"rankings": {"bytes": ranking}}), "bytes", 1)
    assert told["keys"] == [{"key": "k", "estimate": 5, "error": 1, "share": 0.5}]
    assert figures.keys(poolLook("a"), "misses", 5)["keys"] == []


def test_slowRequestsComeNewestFirst():
    """And no more than the pool keeps."""
    seen = {"slow": [{"time": 1.0}, {"time": 2.0}, {"time": 3.0}]}
    told = figures.slow(poolLook("a", seen=seen, slow_log_length=2), 10)
    assert told["requests"] == [{"time": 3.0}, {"time": 2.0}]
    assert told["threshold"] == 0.1
    assert figures.slow(poolLook("a", slow_log_threshold=None), 10)["threshold"] is None


def test_aKeyIsLocatedByItsTag():
    """Where it is, and where it would be."""
    standings = {"a": Standing(EJECTED)}
    look = poolLook("a", "b", hash_tag=b"{}", seen={"standings": standings})
    told = figures.located(look, "x{tag}y")
    assert (told["hashed"], told["server"]) == ("tag", "b")
    assert told["server_if_all_live"] == "a"


def test_withoutAWayNobodyIsNamed():
    """With the distribution random a key has no server."""
    told = figures.located(poolLook("a", "b", distribution="random"), "k")
    assert (told["server"], told["server_if_all_live"]) == (None, None)


def test_reasonsNotToBeSentClients():
    """A pool without live servers or that drains, and a worker that is not ready."""
    standings = {"a": Standing(EJECTED)}
    look = lookAt(
        poolLook("a", draining=True, seen={"standings": standings}),
        workers=[{"worker": 1, "ready": False}],
    )
    assert figures.unready(look) == [
        "worker 1: it is not ready",
        "pool 'leaf': it is draining",
        "pool 'leaf': no server is live",
    ]
    assert figures.unready(lookAt(poolLook("a", seen={"standings": {"a": Standing()}}))) == []
