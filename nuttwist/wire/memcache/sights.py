# -*- test-case-name: tests.unit.wire.test_sights -*-
"""
What a sample tells of a memcached request.
"""

from __future__ import annotations

from nuttwist.wire.memcache.commands import CRLF
from nuttwist.wire.request import Request
from nuttwist.wire.sights import Sight

#: Words between the command and the first key, where that is not none.
BEFORE = {b"gat": 1, b"gats": 1}
KEYLESS = frozenset({b"version", b"flush_all", b"mn"})

#: What asks for a value, with how the reply begins when it is not there, and when it is.
MISSED, FOUND = (b"END", b"EN\r"), (b"VALUE ", b"VA ", b"HD")
READS = frozenset({b"get", b"gets", b"gat", b"gats", b"mg"})


def describe(request: Request) -> Sight:
    """
    Read a request; of several keys the first.
    """
    data = request.data
    words = data[: data.find(CRLF)].split(b" ", 3)
    name = words[0]
    place = 1 + BEFORE.get(name, 0)
    key = words[place] if len(words) > place and name not in KEYLESS else None
    return Sight(name.decode("ascii", "replace"), key, hit(request) if name in READS else None)


def hit(request: Request) -> bool | None:
    """
    Whether a value was there; L{None} when the reply says neither.
    """
    reply = request.reply or b""
    if request.found or reply.startswith(FOUND):
        return True
    return False if reply.startswith(MISSED) else None
