"""What a sample tells of redis requests."""

from __future__ import annotations

import pytest

from nuttwist.wire.redis.resp import request as encoded
from nuttwist.wire.redis.sights import describe
from nuttwist.wire.request import Request
from nuttwist.wire.sights import Sight


@pytest.mark.parametrize(
    ("words", "reply", "expected"),
    [
        (b"GET k", b"$1\r\nx\r\n", Sight("get", b"k", True)),
        (b"get k", b"$-1\r\n", Sight("get", b"k", False)),
        (b"get k", b"_\r\n", Sight("get", b"k", False)),
        (b"get k", b"-WRONGTYPE\r\n", Sight("get", b"k", None)),
        (b"SET k v NX", b"$-1\r\n", Sight("set", b"k", None)),
        (b"MGET a b c d e", b"*5\r\n", Sight("mget", b"a", None)),
        (b"EVAL code 1 k arg", b":1\r\n", Sight("eval", b"k", None)),
        (b"EVAL code 0", b":1\r\n", Sight("eval", None, None)),
        (b"OBJECT ENCODING k", b"+raw\r\n", Sight("object|encoding", b"k", None)),
        (b"OBJECT nonsense", b"-ERR\r\n", Sight("object", None, None)),
        (b"PING", b"+PONG\r\n", Sight("ping", None, None)),
    ],
)
def test_commandKeyAndHit(words, reply, expected):
    """The name as in the table, the first key, and whether what was asked for was there."""
    request = Request(None, encoded(words.split()), 0)
    request.reply = reply
    assert describe(request) == expected
