"""Which requests may be sent twice, and whose keys they are."""

from __future__ import annotations

import attrs
import pytest

from nuttwist.wire.memcache.repeating import repeatable
from nuttwist.wire.redis import repeating as redis, resp


@attrs.frozen
class Row:
    """What is known of a request."""

    data: bytes
    isRead: bool
    keys: tuple[bytes, ...]


MEMCACHED = [
    Row(b"get k", True, (b"k",)),
    Row(b"gets a b", True, (b"a", b"b")),
    Row(b"get a b ", True, (b"a", b"b")),
    Row(b"gat 0 a b", False, (b"a", b"b")),
    Row(b"set k 0 0 3\r\na b", False, (b"k",)),
    Row(b"delete k noreply", False, (b"k",)),
    Row(b"touch k 1", False, (b"k",)),
    Row(b"incr k 1", False, (b"k",)),
    Row(b"mg k", True, (b"k",)),
    Row(b"mg k v f c q k O12 s\r\nmn", True, (b"k",)),
    Row(b"mg aw== b v", True, (b"k",)),
    Row(b"mg k v t", False, (b"k",)),
    Row(b"mg k T30", False, (b"k",)),
    Row(b"mg k N30", False, (b"k",)),
    Row(b"mg k R30", False, (b"k",)),
    Row(b"mg k h", False, (b"k",)),
    Row(b"md k q\r\nmn", False, (b"k",)),
    Row(b"ms aw== 1 b\r\nx", False, (b"k",)),
    Row(b"ma k", False, (b"k",)),
    Row(b"me k", False, (b"k",)),
    Row(b"version", True, (b"placeholder",)),
]


@pytest.mark.parametrize("row", MEMCACHED, ids=lambda each: each.data)
def test_memcachedRequests(row):
    """Which are reads, and whose keys they are."""
    known = repeatable(row.data + b"\r\n")
    assert (known.isRead, tuple(known.keys)) == (row.isRead, row.keys)


@pytest.mark.parametrize("data", [b"flush_all\r\n", b"mg /w b\r\n", b"mg AAA= b\r\n"])
def test_memcachedRequestsThatAreNotRepeated(data):
    """Those for all servers, and those whose key is none."""
    assert repeatable(data) is None


REDIS = [
    Row(b"GET k", True, (b"k",)),
    Row(b"get k", True, (b"k",)),
    Row(b"mget a b", True, (b"a", b"b")),
    Row(b"EXISTS a b", True, (b"a", b"b")),
    Row(b"SUNION a b", True, (b"a", b"b")),
    Row(b"EVAL_RO x 1 k", True, (b"k",)),
    Row(b"XREAD STREAMS k 0", True, (b"k",)),
    Row(b"OBJECT ENCODING k", True, (b"k",)),
    Row(b"SET k v", False, (b"k",)),
    Row(b"mset a 1 b 2", False, (b"a", b"b")),
    Row(b"GETEX k", False, (b"k",)),
    Row(b"EVAL x 1 k", False, (b"k",)),
    Row(b"EVAL x 0", False, (b"placeholder",)),
    Row(b"PUBLISH c m", False, (b"c",)),
    Row(b"FUNCTION LIST", False, (b"placeholder",)),
]


@pytest.mark.parametrize("row", REDIS, ids=lambda each: each.data)
def test_redisRequests(row):
    """Which are reads, and whose keys they are."""
    known = redis.repeatable(resp.request(row.data.split()))
    assert (known.isRead, tuple(known.keys)) == (row.isRead, row.keys)


@pytest.mark.parametrize(
    "words", [b"DBSIZE", b"SCAN 0", b"KEYS *", b"FLUSHALL", b"SCRIPT LOAD x", b"NONESUCH"]
)
def test_redisRequestsThatAreNotRepeated(words):
    """Those for all servers, or for a certain one."""
    assert redis.repeatable(resp.request(words.split())) is None


@pytest.mark.parametrize("data", [b"", b"PING\r\n", b"*1\r\n$4\r\nPI"])
def test_whatIsNoWholeRedisRequestIsNotRepeated(data):
    """Nothing can be told of it."""
    assert redis.repeatable(data) is None
