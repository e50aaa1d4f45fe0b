"""A server dies and comes back: the story that a proxy with ejection is bought for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.command import SECONDS, exchange
from tests.e2e.conftest import Pool, valueOn
from tests.e2e.proxy import Proxy, watched
from tests.e2e.servers import startMemcached

KEYS = [b"apple", b"banana", b"cherry", b"damson", b"elder", b"fig"]
STORED = [b"STORED\r\n"] * len(KEYS)
LIMIT = 3


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pool]:
    """A proxy that has connected to its two memcacheds, and ejects one after three failures."""
    keys = [
        "preconnect: true",
        "auto_eject_hosts: true",
        f"server_failure_limit: {LIMIT}",
        "server_retry_timeout: 500",
    ]
    with (
        startMemcached() as one,
        startMemcached() as other,
        Proxy(tmp_path, [one, other], *keys) as proxy,
        watched(proxy),
    ):
        yield Pool(proxy, [one, other])


def store(pool: Pool, keys: list[bytes]) -> list[bytes]:
    """Set each key to itself, one after the other; the replies in this order."""
    with pool.proxy.connect() as client:
        return [
            exchange(client, b"set %b 0 0 %d\r\n%b\r\n" % (key, len(key), key), b"\r\n")
            for key in keys
        ]


def spread(pool: Pool) -> dict[bytes, int]:
    """Set all keys, and find each on exactly one server."""
    assert store(pool, KEYS) == STORED
    holders = {key: pool.holders(key) for key in KEYS}
    assert all(len(each) == 1 for each in holders.values()), holders
    return {key: each[0] for key, each in holders.items()}


def errorsUntilStored(pool: Pool, keys: list[bytes]) -> list[bytes]:
    """Set keys more often than errors are allowed; the errors, after which all must be stored."""
    replies = [reply for _ in range(LIMIT + 1) for reply in store(pool, keys)]
    errors = [reply for reply in replies if reply != b"STORED\r\n"]
    assert set(replies[len(errors) :]) == {b"STORED\r\n"}, replies
    return errors


def waitUntilUsed(pool: Pool, number: int, keys: list[bytes]) -> None:
    """Set new keys again and again until the server has one of them."""
    deadline = time.monotonic() + SECONDS
    while not any(number in pool.holders(key) for key in keys):
        assert time.monotonic() < deadline, "the server does not come back"
        assert store(pool, keys) == STORED


def test_serverDiesAndComesBack(pair: Pool) -> None:
    """A killed server costs what is left of its limit in errors; restarted, it is used again."""
    pair.proxy.waitFor(lambda pool: all(pool[each]["server_connections"] for each in ("s0", "s1")))
    holders = spread(pair)
    victim = holders[KEYS[0]]
    orphans = [key for key in KEYS if holders[key] == victim]
    assert len(orphans) < len(KEYS), "each server is to have keys"

    pair.servers[victim].kill()
    errors = errorsUntilStored(pair, orphans)
    # To connect again when it has closed the idle connection may have been the first failure.
    assert len(errors) in {LIMIT - 1, LIMIT}
    assert all(error.startswith(b"SERVER_ERROR ") for error in errors), errors
    assert store(pair, KEYS) == STORED
    assert all(valueOn(pair.servers[1 - victim], key) == key for key in KEYS)
    assert pair.proxy.stats()["pool"]["server_ejects"] == 1

    pair.servers[victim].restart()
    waitUntilUsed(pair, victim, [b"new-" + key for key in KEYS])
    assert store(pair, KEYS) == STORED
    assert all(valueOn(pair.servers[holders[key]], key) == key for key in KEYS)
