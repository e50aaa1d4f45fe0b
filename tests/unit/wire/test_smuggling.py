"""No client can make a server see other requests than the proxy sent."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from nuttwist.wire.request import NOTHING, QUIET
from nuttwist.wire.router import Settings

from .memcachedreads import answers, serverReads
from .rig import Pool
from .strategies import REQUESTS

POOLS = st.builds(
    Settings,
    item_size_max=st.sampled_from([64, 2**40]),
    hangUp=st.booleans(),
    flush_all=st.booleans(),
)


@settings(max_examples=400)
@given(st.lists(REQUESTS, max_size=10), POOLS, st.integers(1, 3))
def test_aServerSeesTheRequestsThatTheProxySentAndNoOthers(said, allowed, servers):
    """Request by request, with a reply to each exactly when the proxy expects one."""
    pool = Pool(allowed, servers)
    pool.send(said)
    for pipeline in pool.router.pipelines:
        queued = list(pipeline.inQueue)
        read = serverReads(b"".join(each.data for each in queued))
        for request in queued:
            words, data = next(read)
            assert all(words)
            if request.expect == QUIET:
                assert next(read) == ([b"mn"], b"mn\r\n")
                data += b"mn\r\n"
            else:
                assert answers(words) == (request.expect != NOTHING)
            assert data == request.data
        assert next(read, None) is None


@pytest.mark.parametrize(
    "said",
    [
        b"get a\nflush_all\r\n",
        b"get a\0 b\r\n",
        b"set a\n 0 0 11\r\nflush_all\r\n\r\n",
        b"set a 4294967296 0 9\r\nflush_all\r\n",
        b"set a 0 0 99999999999\r\nflush_all\r\n",
        b"set a 0 0 -1\r\n",
        b"cas a 0 0 9 18446744073709551616\r\nflush_all\r\n",
        b"delete a\nflush_all noreply\r\n",
        b"touch a 0\nflush_all\r\n",
        b"mg a v\nflush_all\r\n",
        b"md a \nflush_all q\r\n",
        b"ms a 9 T0\nflush_all\r\nflush_all\r\n",
        b"ms a 9 \0\r\nflush_all\r\n",
        b"ms a 9 1 2 3 4 5 6 7 8 9 a b c d e f g h\r\nflush_all\r\n",
        b"mg YQpmbHVzaF9hbGw= b\r\nget a\nflush_all\r\n",
        b"version \nflush_all\r\n",
        b"get " + b"a" * 251 + b"\nflush_all\r\n",
    ],
)
def test_noServerIsFlushedByAnyOfTheKnownTricks(said):
    """Line ends in keys and flags, values behind lines that a server refuses, decoded keys."""
    pool = Pool(Settings(), servers=1)
    pool.send([said])
    (sent,) = pool.takeAll()
    assert [words for words, _ in serverReads(sent) if words[0] == b"flush_all"] == []
