"""What a right file means: addresses, names, numbers, spellings and order."""

from __future__ import annotations

import attrs
import pytest

from nuttwist.config import Listen, ServerConfig
from nuttwist.config.file import loadConfig, parseConfig
from tests.unit.config.yamltext import poolText, read

ALL_KEYS = [
    ("hash: md5", "hash", "md5"),
    ("hash_tag: '{}'", "hash_tag", b"{}"),
    ("hash_tag: é", "hash_tag", "é".encode()),
    ('hash_tag: "\\0\\0"', "hash_tag", b"\0\0"),
    ("distribution: random", "distribution", "random"),
    ("timeout: 400", "timeout", 400),
    ("timeout: 0", "timeout", None),
    ("timeout: 00000000000000000000400", "timeout", 400),
    ("timeout: |-\n    400", "timeout", 400),
    ("backlog: 010", "backlog", 10),
    ("backlog: '0'", "backlog", 0),
    ("client_connections: 2147483647", "client_connections", 2**31 - 1),
    ("tcpkeepalive: true", "tcpkeepalive", True),
    ('preconnect: "true"', "preconnect", True),
    ("redis: false", "redis", False),
    ("redis: true\n  redis_auth: 'p #w'", "redis_auth", b"p #w"),
    ("redis_auth: é\n  redis: true", "redis_auth", "é".encode()),
    ("redis_db: 3", "redis_db", 3),
    ("server_connections: 2", "server_connections", 2),
    ("auto_eject_hosts: true", "auto_eject_hosts", True),
    ("server_retry_timeout: 0", "server_retry_timeout", 0),
    ("server_failure_limit: 0", "server_failure_limit", 0),
    ("item_size_max: 4096", "item_size_max", 4096),
    ("on_unsupported: close", "on_unsupported", "close"),
    ("partial_results: true", "partial_results", True),
    ("flush_all: true", "flush_all", True),
    ("on_failure: fail", "on_failure", "fail"),
    ("retries: 10", "retries", 10),
    ("server_retry_timeout_max: 30000", "server_retry_timeout_max", 30000),
    ("client_idle_timeout: 5", "client_idle_timeout", 5),
    ("client_idle_timeout: 0", "client_idle_timeout", None),
    ("client_bytes_max: 1", "client_bytes_max", 1),
    ("client_requests_max: 1", "client_requests_max", 1),
    ("server_bytes_max: 1", "server_bytes_max", 1),
    ("line_length_max: 512", "line_length_max", 512),
    ("drain_timeout: 0", "drain_timeout", 0),
    ("tls: true", "tls", True),
    ("slow_log_threshold: 0", "slow_log_threshold", None),
    ("slow_log_length: 1", "slow_log_length", 1),
    ("hide_keys: true", "hide_keys", True),
]


@pytest.mark.parametrize(("line", "key", "value"), ALL_KEYS)
def test_keyIsReadAndChangesNothingElse(line, key, value):
    """A line sets its key; every other setting keeps its default."""
    changed = {"redis": True, key: value} if "redis: true" in line else {key: value}
    assert read(poolText(line)) == attrs.evolve(read(poolText()), **changed)


@pytest.mark.parametrize(
    ("line", "server"),
    [
        ("127.0.0.1:11211:1", ServerConfig("127.0.0.1", 11211, "", 1, "127.0.0.1")),
        ("127.0.0.1:011211:1", ServerConfig("127.0.0.1", 11211, "", 1, "127.0.0.1")),
        ("127.0.0.1:31001:010", ServerConfig("127.0.0.1", 31001, "", 10, "127.0.0.1:31001")),
        ("127.0.0.1:031001:1", ServerConfig("127.0.0.1", 31001, "", 1, "127.0.0.1:031001")),
        ("127.0.0.1:11211:1 n", ServerConfig("127.0.0.1", 11211, "", 1, "n")),
        ("Cache.Example:1:1 a:b", ServerConfig("Cache.Example", 1, "", 1, "a:b")),
        ("no-such.invalid:1:1", ServerConfig("no-such.invalid", 1, "", 1, "no-such.invalid:1")),
        ("'::1:11211:1'", ServerConfig("::1", 11211, "", 1, "::1")),
        ("'::1:31001:1'", ServerConfig("::1", 31001, "", 1, "::1:31001")),
        ("'[::1]:31001:1'", ServerConfig("::1", 31001, "", 1, "[::1]:31001")),
        ("'[::1]:11211:1'", ServerConfig("::1", 11211, "", 1, "[::1]")),
        ("'[::1]:11211:1 n'", ServerConfig("::1", 11211, "", 1, "n")),
        ("/run/m.sock:2", ServerConfig("", 0, "/run/m.sock", 2, "/run/m.sock:")),
        ("/run/my m.sock:2 n", ServerConfig("", 0, "/run/my m.sock", 2, "n")),
        ("h:1:1\n     folded", ServerConfig("h", 1, "", 1, "folded")),
    ],
)
def test_serverLineGivesAddressWeightAndName(line, server):
    """A line of servers is read from its end, and names a server as twemproxy does."""
    assert read(poolText(servers=[line])).servers == (server,)


@pytest.mark.parametrize(
    ("value", "listen"),
    [
        ("127.0.0.1:022121", Listen("127.0.0.1", 22121)),
        ("127.1:1", Listen("127.0.0.1", 1)),
        ("localhost:65535", Listen("localhost", 65535)),
        ("'::1:22121'", Listen("::1", 22121)),
        ("'[0:0::1]:22121'", Listen("::1", 22121)),
        ("':::22121'", Listen("::", 22121)),
        ("'*:22121'", Listen("0.0.0.0", 22121)),
        ("/run/p.sock", Listen(path="/run/p.sock")),
        ("/run/p.sock 0660", Listen(path="/run/p.sock", mode=0o660)),
        ("/run/p.sock 77", Listen(path="/run/p.sock", mode=0o77)),
        ("/run/p.sock 0000", Listen(path="/run/p.sock")),
        ("'/run/my p.sock  0600'", Listen(path="/run/my p.sock", mode=0o600)),
        ("'/run/p.sock '", Listen(path="/run/p.sock")),
        ("/" + "x" * 106, Listen(path="/" + "x" * 106)),
    ],
)
def test_listenGivesAddressAndPermissions(value, listen):
    """An address to listen on is read from its end, and numeric hosts get their usual spelling."""
    assert read(poolText(listen=value)).listen == listen


def test_serversAndPoolsAreInInternalOrder():
    """The order in the file has no meaning: shorter names first, then by bytes."""
    lines = ["h:31002:1", "h:11211:1 bb", "h:11211:1", "h:1:1 ab", "h:31001:1"]
    text = poolText(name="long", servers=lines)
    text += "".join(poolText(name=name, listen=f"/{name}") for name in ("b", "é", "a", "10"))
    pools = parseConfig(text.encode(), "conf.yml")
    assert [pool.name for pool in pools] == ["a", "b", "10", "é", "long"]
    assert [server.name for server in pools[-1].servers] == ["h", "ab", "bb", "h:31001", "h:31002"]


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.rstrip("\n").encode(),
    ],
)
def test_lineEndsAndByteOrderMarksDoNotMatter(encode):
    """A file means the same however an editor stores its text."""
    text = poolText("timeout: 400")
    assert parseConfig(encode(text), "conf.yml") == (read(text),)


def test_sameSocketsAreFoundInAnySpelling():
    """Two pools must not listen on one address, even if one spells it differently."""
    spellings = ["127.1:5", "127.0.0.1:05"], ["/s 0600", "/s"], ["'[::1]:5'", "'0::1:5'"]
    for one, other in spellings:
        text = poolText(listen=one) + poolText(name="q", listen=other)
        with pytest.raises(Exception, match=r"6:11: pool 'q': listen: .* each address once"):
            parseConfig(text.encode(), "conf.yml")


def test_fileIsLoadedByItsPath(tmp_path):
    """The text of a file gives the same pools as the file."""
    path = tmp_path / "conf.yml"
    path.write_text(poolText())
    assert loadConfig(str(path)) == (read(poolText()),)
