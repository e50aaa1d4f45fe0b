"""Meta commands over several servers: a client library built on them, and quiet ones by hand."""

from __future__ import annotations

import base64

import pytest
from meta_memcache import CacheClient, Key, ServerAddress, connection_pool_factory_builder

from tests.e2e.command import exchange
from tests.e2e.conftest import Pool
from tests.e2e.servers import HOST

MANY = {f"key-{number}-{number * 7919}": number for number in range(50)}
BARRIER = b"MN\r\n"


@pytest.fixture
def client(pool: Pool) -> CacheClient:
    """A client that has the proxy for its only server."""
    return CacheClient.cache_client_from_servers(
        servers=[ServerAddress(HOST, pool.proxy.port)],
        connection_pool_factory_fn=connection_pool_factory_builder(),
    )


def test_silentChangesAreSeenByTheNextRead(client: CacheClient) -> None:
    """Reads that follow quiet changes see them, on whatever server."""
    for key, value in MANY.items():
        client.set(key, value, ttl=60, no_reply=True)
    keys = [Key(key) for key in (*MANY, "missing")]
    found = client.multi_get(keys)
    assert {key.key: value for key, value in found.items()} == {**MANY, "missing": None}
    client.delete("key-0-0", no_reply=True)
    assert client.get("key-0-0") is None


def test_casRefusesWhatHasChanged(client: CacheClient) -> None:
    """A set with a token succeeds once."""
    client.set("key", "1", ttl=60)
    value, token = client.get_cas("key")
    assert value == "1"
    assert client.set("key", "2", ttl=60, cas_token=token)
    assert not client.set("key", "3", ttl=60, cas_token=token)


def test_countingWorks(client: CacheClient) -> None:
    """Arithmetic starts a number, gives the new one, and may be quiet."""
    assert client.delta_initialize("number", delta=1, initial_value=5, initial_ttl=60)
    assert client.delta_and_get("number", delta=3) == 8
    client.delta("number", delta=-1, no_reply=True)
    assert client.get("number") == "7"


@pytest.mark.parametrize("name", ["plain", "mit Leerzeichen und ß", "long" * 100])
def test_anyKeyWorks(client: CacheClient, name: str) -> None:
    """Keys that the client sends in base64 are found where they were stored."""
    assert client.set(Key(name), "value", ttl=60)
    assert client.get(Key(name)) == "value"
    assert client.touch(Key(name), ttl=30)
    assert client.delete(Key(name))


def test_encodedKeyIsOnTheServerOfTheKeyItself(pool: Pool) -> None:
    """A key in base64 is routed by what it stands for."""
    with pool.proxy.connect() as client:
        for key in MANY:
            exchange(client, b"set %b 0 0 1\r\nv\r\n" % key.encode(), b"\r\n")
            line = b"mg %b b v\r\n" % base64.b64encode(key.encode())
            assert exchange(client, line, b"\r\nv\r\n").startswith(b"VA 1")


def test_quietCommandsAnswerInOrderBeforeTheBarrier(pool: Pool) -> None:
    """Of quiet commands for all servers only the exceptions answer, in order, before MN."""
    stored = b"".join(b"ms %b 1 q\r\nv\r\n" % key.encode() for key in MANY)
    read = b"".join(b"mg %b v q k\r\nmg no-%b v q k\r\n" % ((key.encode(),) * 2) for key in MANY)
    hits = b"".join(b"VA 1 k%b\r\nv\r\n" % key.encode() for key in MANY)
    deleted = b"".join(b"md %b q\r\n" % key.encode() for key in MANY)
    with pool.proxy.connect() as client:
        assert exchange(client, stored + b"mn\r\n", BARRIER) == BARRIER
        assert exchange(client, read + b"mn\r\n", BARRIER) == hits + BARRIER
        assert exchange(client, deleted + b"mn\r\n", BARRIER) == BARRIER
        assert exchange(client, read + b"mn\r\n", BARRIER) == BARRIER


def test_quietArithmeticTellsOnlyFailures(pool: Pool) -> None:
    """A quiet ma that succeeds is silent, and one for a value that is no number is told."""
    with pool.proxy.connect() as client:
        exchange(client, b"ms number 1\r\n1\r\nms text 1\r\nx\r\n", b"HD\r\nHD\r\n")
        request = b"ma number q\r\nma text q\r\nma number v\r\nmn\r\n"
        answer = exchange(client, request, BARRIER)
    assert answer.startswith(b"CLIENT_ERROR ")
    assert answer.endswith(b"\r\nVA 1\r\n3\r\n" + BARRIER)
