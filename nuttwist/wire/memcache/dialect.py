"""
The memcached text protocol, for a pool to speak.
"""

from __future__ import annotations

from nuttwist.wire.dialect import Dialect, Lane
from nuttwist.wire.memcache.errors import errorLine
from nuttwist.wire.memcache.repeating import repeatable
from nuttwist.wire.memcache.replies import MemcacheReplies
from nuttwist.wire.memcache.requests import MemcacheRequests
from nuttwist.wire.memcache.sights import describe

MEMCACHE = Dialect(
    requests=MemcacheRequests,
    lanes=(Lane(MemcacheReplies),),
    errorLine=errorLine,
    refusal=b"ERROR Too many open connections\r\n",
    item_size_max=1024 * 1024,
    probe=lambda _: (b"version\r\n", (b"VERSION ",)),
    describe=describe,
    repeatable=repeatable,
)
