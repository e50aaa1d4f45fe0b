"""Pools, servers and listeners that are built in Python."""

from __future__ import annotations

import attrs
import pytest

from nuttwist.config import Listen, PoolConfig, ServerConfig, SettingError, internalOrder
from nuttwist.config.rules import POOL_RULES

LOOPBACK = Listen(host="127.0.0.1")
ONE = ServerConfig(host="127.0.0.1", port=31001)

WRONG = [
    ("name", ""),
    ("name", b"p"),
    ("name", "a\0b"),
    ("name", "\ud800"),
    ("listen", "127.0.0.1:22121"),
    ("servers", ()),
    ("servers", ("127.0.0.1:11211:1",)),
    ("hash", "FNV1A_64"),
    ("hash", None),
    ("hash_tag", "{}"),
    ("hash_tag", b"{}x"),
    ("distribution", "ring"),
    ("timeout", -1),
    ("timeout", 0.4),
    ("timeout", False),
    ("backlog", 2**31),
    ("client_connections", None),
    ("tcpkeepalive", 1),
    ("preconnect", "true"),
    ("redis", None),
    ("redis_auth", b"secret"),
    ("redis_db", "1"),
    ("server_connections", 0),
    ("auto_eject_hosts", 0),
    ("server_retry_timeout", -5),
    ("server_failure_limit", True),
    ("item_size_max", 0),
    ("on_unsupported", "hangup"),
    ("partial_results", "yes"),
    ("flush_all", 1),
    ("on_failure", "eject"),
    ("backup", ""),
    ("retries", 11),
    ("server_retry_timeout_max", -1),
    ("client_idle_timeout", -1),
    ("client_bytes_max", 0),
    ("client_requests_max", 0),
    ("server_bytes_max", None),
    ("line_length_max", 511),
    ("drain_timeout", None),
    ("tls", "true"),
    ("tls_ca", b"/ca.pem"),
    ("tls_name", "two words"),
    ("tls_certificate", ""),
    ("tls_key", "a\0b"),
    ("slow_log_threshold", -1),
    ("slow_log_length", 0),
    ("hide_keys", 1),
]


def poolWith(**settings):
    """A pool with one server, and what is given."""
    return PoolConfig(**{"name": "p", "listen": LOOPBACK, "servers": [ONE], **settings})


DEFAULTS = {
    "name": "p",
    "hash": "fnv1a_64",
    "hash_tag": None,
    "distribution": "ketama",
    "timeout": None,
    "backlog": 512,
    "client_connections": 0,
    "tcpkeepalive": False,
    "preconnect": False,
    "redis": False,
    "redis_auth": None,
    "redis_db": 0,
    "server_connections": 1,
    "auto_eject_hosts": False,
    "server_retry_timeout": 30000,
    "server_failure_limit": 2,
    "item_size_max": None,
    "on_unsupported": "error",
    "partial_results": False,
    "flush_all": False,
    "on_failure": None,
    "backup": None,
    "retries": 0,
    "server_retry_timeout_max": 300000,
    "client_idle_timeout": None,
    "client_bytes_max": 4194304,
    "client_requests_max": 4096,
    "server_bytes_max": 1048576,
    "line_length_max": None,
    "drain_timeout": 5000,
    "tls": False,
    "tls_ca": None,
    "tls_name": None,
    "tls_certificate": None,
    "tls_key": None,
    "slow_log_threshold": 100,
    "slow_log_length": 128,
    "hide_keys": False,
}


def test_defaultsAreTwemproxys():
    """What is left out has twemproxy's default, and nuttwist's own keys change nothing."""
    pool = attrs.asdict(poolWith(), filter=lambda field, _: field.name not in {"listen", "servers"})
    assert pool == DEFAULTS


@pytest.mark.parametrize(("key", "value"), WRONG)
def test_wrongSettingIsRefusedByName(key, value):
    """A pool that cannot run is not built; the exception tells the key, the value and the rule."""
    with pytest.raises(SettingError) as caught:
        poolWith(**{key: value})
    assert caught.value.key == key
    assert caught.value.allowed
    assert str(caught.value).startswith(f"pool {value!r}: " if key == "name" and value else "")


def test_messageNamesPoolKeyValueAndRule():
    """The exception is one readable line."""
    with pytest.raises(SettingError) as caught:
        poolWith(timeout="400")
    assert str(caught.value) == (
        "pool 'p': timeout: saw '400', allowed: a whole number from 0 to 2147483647 "
        "milliseconds, 0 for none"
    )


def test_everySettingHasACaseOfItsRule():
    """No field of a pool goes unchecked, and none is left out of these tests."""
    fields = {field.name for field in attrs.fields(PoolConfig)}
    assert fields == {key for key, _ in WRONG} == set(POOL_RULES) | {"listen", "servers"}


def test_zeroTimeoutIsNone():
    """A timeout of 0 is no deadline, as is one that is left out."""
    assert poolWith(timeout=0).timeout is None
    assert poolWith(timeout=400).timeout == 400
    assert poolWith(client_idle_timeout=0).client_idle_timeout is None
    assert poolWith(slow_log_threshold=0).slow_log_threshold is None


def test_passwordIsNotShown():
    """Neither a pool in a log line nor a complaint about a password gives it away."""
    assert "secret" not in repr(poolWith(redis=True, redis_auth=b"secret"))
    with pytest.raises(SettingError) as caught:
        poolWith(redis_auth=b"secret")
    assert "secret" not in str(caught.value) + repr(caught.value)


def test_serversAreInInternalOrder():
    """Shorter names come first, names of one length by their bytes, whatever the order given."""
    names = ["bb", "\xe9", "a", "B", "ccc", "ab"]
    servers = [ServerConfig(host="h", port=1, name=name) for name in names]
    pool = poolWith(servers=iter(servers))
    assert [server.name for server in pool.servers] == ["B", "a", "ab", "bb", "\xe9", "ccc"]
    assert attrs.evolve(pool, backlog=1).servers == pool.servers
    assert internalOrder(pool) == (1, b"p")


def test_serverNamesAreDistinct():
    """Two servers of one name are refused even if their addresses differ."""
    twins = [ServerConfig(host=host, port=1, name="n") for host in "ab"]
    with pytest.raises(SettingError, match="servers: saw 'n', allowed: each server name once"):
        poolWith(servers=twins)


@pytest.mark.parametrize(
    ("server", "name", "address"),
    [
        (ServerConfig(host="h", port=11211), "h", "h:11211"),
        (ServerConfig(host="h", port=11212), "h:11212", "h:11212"),
        (ServerConfig(host="::1", port=5), "::1:5", "[::1]:5"),
        (ServerConfig(path="/run/m"), "/run/m:", "/run/m"),
        (ServerConfig(host="h", port=11211, name="n"), "n", "h:11211"),
    ],
)
def test_serverIsNamedByItsAddress(server, name, address):
    """A server without a name has the one that twemproxy makes of its address."""
    assert (server.name, server.address) == (name, address)


def test_anyBytesCanBeAName():
    """A name that is not UTF-8 comes back to its bytes."""
    raw = b"caf\xe9"
    server = ServerConfig(host="h", port=1, name=raw.decode("utf-8", "surrogateescape"))
    assert server.nameBytes == raw


@pytest.mark.parametrize(
    ("kind", "wrong", "key"),
    [
        (ServerConfig, {}, "address"),
        (ServerConfig, {"host": "h", "port": 1, "path": "/p"}, "address"),
        (ServerConfig, {"port": 1, "path": "/p"}, "address"),
        (ServerConfig, {"host": "h"}, "port"),
        (ServerConfig, {"host": "h", "port": 65536}, "port"),
        (ServerConfig, {"host": b"h", "port": 1}, "host"),
        (ServerConfig, {"host": "h", "port": 1, "weight": 0}, "weight"),
        (ServerConfig, {"host": "h", "port": 1, "name": ""}, "name"),
        (ServerConfig, {"path": "relative"}, "path"),
        (ServerConfig, {"path": "/" + "x" * 107}, "path"),
        (ServerConfig, {"path": b"/p"}, "path"),
        (Listen, {}, "address"),
        (Listen, {"host": "h", "port": -1}, "port"),
        (Listen, {"host": "256.1.1.1"}, "host"),
        (Listen, {"host": "two words"}, "host"),
        (Listen, {"host": "nowhere.invalid"}, "host"),
        (Listen, {"host": "h" * 64 + ".x" * 100}, "host"),
        (Listen, {"path": "/p", "mode": 0o1000}, "mode"),
        (Listen, {"path": "/p", "mode": "0600"}, "mode"),
        (Listen, {"host": "h", "mode": 0o600}, "mode"),
    ],
)
def test_wrongPlaceIsRefusedByPart(kind, wrong, key):
    """A server or listener that is nowhere is not built; the exception tells the part."""
    with pytest.raises(SettingError) as caught:
        kind(**wrong)
    assert caught.value.key == key


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        (Listen(host="127.0.0.1"), "127.0.0.1:0"),
        (Listen(host="::", port=5), "[::]:5"),
        (Listen(host="my-host_1.example."), "my-host_1.example.:0"),
        (Listen(path="/run/p", mode=0o600), "/run/p"),
    ],
)
def test_listenerHasAnAddress(listen, address):
    """A listener says where it is; built in Python, it may leave the port to the system."""
    assert listen.address == address
