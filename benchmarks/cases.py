"""What is measured, one line a case."""

from __future__ import annotations

from typing import Literal

import attrs

Kind = Literal["memcache", "redis", "idle"]


@attrs.frozen
class Case:
    """
    @ivar name: what C{--only} selects by.
    @ivar about: the same for a reader.
    @ivar kind: who drives it: mcload, redis-benchmark, or clients that do nothing.
    @ivar clients: connections to the proxy.
    @ivar depth: requests outstanding on each.
    @ivar command: redis's, unused for memcached.
    @ivar perGet: keys of a get or MGET.
    @ivar valueSize: bytes of each value.
    @ivar getPercent: of memcached requests; the others are sets.
    @ivar keys: how many different keys there are.
    @ivar servers: addresses behind the proxy.
    @ivar rate: requests due per second whatever has been answered; 0 sends as fast as answered.
    """

    name: str
    about: str
    kind: Kind = "memcache"
    clients: int = 50
    depth: int = 1
    command: str = "get"
    perGet: int = 1
    valueSize: int = 100
    getPercent: int = 90
    keys: int = 10_000
    servers: int = 2
    rate: int = 0


KIB = 1024
MIB = 1024 * KIB

CASES = (
    Case("mc-d1", "memcached, 50 clients"),
    Case("mc-d32", "memcached, 50 clients, depth 32", depth=32),
    Case("mc-c1", "memcached, 1 client", clients=1),
    Case("mc-c10", "memcached, 10 clients", clients=10),
    Case("mc-c500", "memcached, 500 clients", clients=500),
    Case("mc-get10", "memcached, get of 10 keys", perGet=10, getPercent=100),
    Case("mc-get100", "memcached, get of 100 keys", perGet=100, getPercent=100),
    Case("mc-10k", "memcached, values of 10 KiB", valueSize=10 * KIB, keys=5_000),
    Case("mc-1m", "memcached, values of 1 MiB, 10 clients", valueSize=MIB, keys=64, clients=10),
    Case("mc-s40", "memcached, 40 servers", servers=40),
    Case("mc-s400", "memcached, 400 servers", servers=400),
    # With one client every request is a write of its own, however many servers there are.
    Case("mc-c1-s400", "memcached, 1 client, 400 servers", clients=1, servers=400),
    Case("mc-rate", "memcached, 10,000 requests a second", rate=10_000),
    Case("redis-get-d1", "redis GET, 50 clients", kind="redis"),
    Case("redis-get-d32", "redis GET, depth 32", kind="redis", depth=32),
    Case("redis-set-d1", "redis SET, 50 clients", kind="redis", command="set"),
    Case("redis-set-d32", "redis SET, depth 32", kind="redis", command="set", depth=32),
    Case("redis-mget-d1", "redis MGET of 10", kind="redis", command="mget", perGet=10),
    Case("redis-mget-d32", "redis MGET of 10, depth 32", "redis", 50, 32, "mget", 10),
    Case("idle", "10,000 idle clients", kind="idle", clients=10_000),
)


def chosen(words: list[str]) -> tuple[Case, ...]:
    """
    The cases of those names, or whose names begin so and go on after a dash; all without words.

    @raise LookupError: a word that selects nothing.
    """
    for word in words:
        if not any(_selects(word, case) for case in CASES):
            known = ", ".join(case.name for case in CASES)
            raise LookupError(f"no case is named {word!r}; there are {known}")
    return tuple(c for c in CASES if not words or any(_selects(word, c) for word in words))


def _selects(word: str, case: Case) -> bool:
    return case.name == word or case.name.startswith(f"{word}-")
