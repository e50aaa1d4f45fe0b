"""What the sockets are told about memcached."""

from __future__ import annotations

from nuttwist.wire.memcache.dialect import MEMCACHE
from nuttwist.wire.router import Settings

from .rig import Pool


def test_theDialectReadsBothDirectionsAndSpeaksErrors():
    """One client's request goes through to a server, and its reply comes back."""
    pool = Pool()
    requests = MEMCACHE.requests(pool.replies, pool.router, Settings())
    assert requests.line(b"get k") == 0
    pipeline = pool.router.route(b"k")
    pipeline.take()
    MEMCACHE.lanes[0].replies(pipeline).line(b"END")
    assert pool.replies.take() == b"END\r\n"
    assert MEMCACHE.errorLine("unknown") == b"SERVER_ERROR unknown\r\n"


def test_whatIsSaidWithoutBeingAskedIsALine():
    """A refusal ends in a line end, or the client would wait for it."""
    assert MEMCACHE.refusal.endswith(b"\r\n")
