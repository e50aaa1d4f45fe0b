"""What is remembered of workers when the pools are others."""

from __future__ import annotations

import json

import attrs
import pytest

from nuttwist.config import Listen, PoolConfig, ServerConfig
from nuttwist.workers.counting import Counting
from nuttwist.workers.outs import Outs
from nuttwist.workers.report import nothing
from nuttwist.workers.worker import Worker

ONE = ServerConfig(host="10.0.0.1", port=1, name="one")
TWO = ServerConfig(host="10.0.0.2", port=1, name="two")
ALPHA = PoolConfig(name="alpha", listen=Listen(host="127.0.0.1"), servers=[ONE])
BETA = attrs.evolve(ALPHA, name="beta")


def told(pool: PoolConfig, requests: int) -> Worker:
    """A worker that has had so many requests for each server."""
    worker = Worker(0, None, None)
    figures = nothing(pool)
    for each in figures.servers.values():
        each["requests"] = requests
    worker.figures = [figures]
    return worker


@pytest.fixture
def counting() -> Counting:
    """Give the counters of workers, of which none runs any more."""
    made = Counting([], Outs())
    made.ended(told(ALPHA, 5))
    made.ended(told(BETA, 7))
    return made


def requests(counting: Counting, *pools: PoolConfig) -> dict[str, dict[str, int]]:
    """How many requests each server of each pool has had."""
    found = []
    counting.document(pools).addCallback(found.append)
    document = json.loads(found[0])
    return {
        pool.name: {each.name: document[pool.name][each.name]["requests"] for each in pool.servers}
        for pool in pools
    }


def test_aServerThatComesIsCountedFromThen(counting: Counting) -> None:
    """What a worker has counted of a server that was added later is not lost with it."""
    both = attrs.evolve(ALPHA, servers=[ONE, TWO])
    counting.follow([both, BETA], [])
    counting.ended(told(both, 2))
    assert requests(counting, both, BETA) == {"alpha": {"one": 7, "two": 2}, "beta": {"one": 7}}


def test_aPoolThatGoesIsForgotten(counting: Counting) -> None:
    """Another pool of the same name begins with nothing."""
    counting.follow([ALPHA], ["beta"])
    assert requests(counting, ALPHA) == {"alpha": {"one": 5}}
    counting.follow([ALPHA, BETA], [])
    assert requests(counting, ALPHA, BETA) == {"alpha": {"one": 5}, "beta": {"one": 0}}


def test_aPoolThatIsGoneIsNotTold(counting: Counting) -> None:
    """A worker may still tell of a pool that nobody has any more."""
    counting.ended(told(attrs.evolve(ALPHA, name="gone"), 1))
    found = []
    counting.document([ALPHA]).addCallback(found.append)
    assert "gone" not in json.loads(found[0])
