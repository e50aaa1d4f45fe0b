"""The load programs' commands, and what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.cases import Case
from benchmarks.loads import (
    Amount,
    Load,
    LoadFailed,
    mcloadCommand,
    readMcload,
    readRedisBenchmark,
    redisCommand,
)

SAID = """
WARNING: Could not fetch server CONFIG
GET: rps=0.0 (overall: 0.0) avg_msec=nan (overall: nan)\r====== GET ======
  20000 requests completed in 0.25 seconds
  50 parallel clients

Latency by percentile distribution:
0.000% <= 0.367 milliseconds (cumulative count 32)
50.000% <= 1.055 milliseconds (cumulative count 10086)
99.805% <= 10.767 milliseconds (cumulative count 19961)
99.902% <= 10.847 milliseconds (cumulative count 19980)
100.000% <= 10.935 milliseconds (cumulative count 20000)

Cumulative distribution of latencies:
99.950% <= 4.103 milliseconds (cumulative count 19990)

Summary:
  throughput summary: 80000.00 requests per second
  latency summary (msec):
          avg       min       p50       p95       p99       max
        1.088     0.360     1.055     1.503     2.055    10.935

"""


def test_redisBenchmarkIsRead():
    """Rate, percentiles and count are found among what else it writes."""
    load = readRedisBenchmark(SAID)
    assert load == Load(requests=20000, seconds=0.25, p50=1.055, p99=2.055, p999=10.847)
    assert load.rate == 80000


def test_somethingElseOfRedisBenchmarkIsAnError():
    """No figure is made from words that were not understood."""
    with pytest.raises(LoadFailed, match="Could not connect"):
        readRedisBenchmark("Could not connect to Redis")


def test_mcloadIsRead():
    """Its line has the fields of a load."""
    line = '{"requests": 10, "seconds": 2.0, "p50": 0.1, "p99": 0.2, "p999": 0.3}\n'
    assert readMcload(line) == Load(10, 2.0, 0.1, 0.2, 0.3)


def test_mcloadSendsForATime():
    """Without a number of requests there is only a time, and without a rate it never waits."""
    words = mcloadCommand(Path("mcload"), Case("a", "a", depth=32), 7, Amount(2.0))
    assert words[:3] == ["mcload", "-p", "7"]
    assert words[words.index("-P") + 1] == "32"
    assert words[words.index("-s") + 1] == "2.0"
    assert not {"-n", "-r"} & set(words)


def test_mcloadSendsSoManyAtARate():
    """A number and a rate are both handed on."""
    words = mcloadCommand(Path("mcload"), Case("a", "a", rate=10_000), 7, Amount(2.0, 500))
    assert words[-4:] == ["-n", "500", "-r", "10000"]


@pytest.mark.parametrize(
    ("command", "perGet", "tail"),
    [
        ("get", 1, ["-t", "get"]),
        ("set", 1, ["-t", "set"]),
        ("mget", 2, ["mget", "key:__rand_int__", "key:__rand_int__"]),
    ],
)
def test_redisBenchmarkAsksForRandomKeys(command, perGet, tail):
    """A test of its own is named, anything else is written out."""
    case = Case("a", "a", kind="redis", command=command, perGet=perGet, keys=300)
    words = redisCommand("redis-benchmark", case, 7, 1000)
    assert words[-len(tail) :] == tail
    assert words[words.index("-r") + 1] == "300"
    assert words[words.index("-n") + 1] == "1000"
