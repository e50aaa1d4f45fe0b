"""A worker serves exactly the pools that the parent has read."""

from __future__ import annotations

import json

import attrs
import pytest

from nuttwist.config import Listen, PoolConfig, ServerConfig
from nuttwist.workers.configs import decodePool, encodePools, share

SERVERS = (
    ServerConfig(host="127.0.0.1", port=11211),
    ServerConfig(path="/run/two.sock", weight=3, name="two \udcff"),
)

PLAIN = PoolConfig(name="plain", listen=Listen(host="::1", port=22121), servers=SERVERS)

UNUSUAL = PoolConfig(
    name="unusual \udc80",
    listen=Listen(path="/run/unusual.sock", mode=0o600),
    servers=SERVERS[:1],
    hash="crc32",
    hash_tag=b"\x00\xff",
    distribution="modula",
    timeout=400,
    backlog=7,
    client_connections=9,
    tcpkeepalive=True,
    preconnect=True,
    redis=True,
    redis_auth=b"\xfe\x80 word",
    redis_db=3,
    server_connections=4,
    auto_eject_hosts=True,
    server_retry_timeout=2000,
    server_failure_limit=5,
    item_size_max=100,
    on_unsupported="close",
    partial_results=True,
    flush_all=True,
    on_failure="backup",
    backup="spare",
    retries=1,
    server_retry_timeout_max=600_000,
    client_idle_timeout=60_000,
    client_bytes_max=10_000,
    client_requests_max=100,
    server_bytes_max=20_000,
    line_length_max=1000,
    drain_timeout=1,
    tls=True,
    tls_ca="/ca.pem",
    tls_name="cache.example",
    tls_certificate="/proxy.pem",
    tls_key="/proxy.key",
    slow_log_threshold=None,
    slow_log_length=5,
    hide_keys=True,
)


def test_everyFieldIsTried():
    """The unusual pool differs from the plain one in each field that is one value."""
    names = [each.name for each in attrs.fields(PoolConfig) if each.name != "servers"]
    assert [name for name in names if getattr(PLAIN, name) == getattr(UNUSUAL, name)] == []


@pytest.mark.parametrize("pool", [PLAIN, UNUSUAL], ids=["plain", "unusual"])
def test_poolArrivesAsItWas(pool):
    """A pool that was written down as JSON is read as the same value."""
    (fields,) = json.loads(json.dumps(encodePools([pool])))
    assert decodePool(fields) == pool


@pytest.mark.parametrize(
    ("limit", "workers", "shares"),
    [(0, 3, [0, 0, 0]), (9, 3, [3, 3, 3]), (10, 4, [3, 3, 2, 2]), (1, 2, [1, 1])],
)
def test_limitIsShared(limit, workers, shares):
    """The parts of a limit add up to it, no limit stays none, and nobody's part is no limit."""
    assert [share(limit, workers, number) for number in range(workers)] == shares
