# -*- test-case-name: tests.unit.wire.redis.test_sights -*-
"""
What a sample tells of a redis request.
"""

from __future__ import annotations

from nuttwist.wire.redis.commandtable import COMMANDS
from nuttwist.wire.redis.resp import CRLF
from nuttwist.wire.request import Request
from nuttwist.wire.sights import Sight

#: Where the first key is behind a number of keys.
COUNTED = {
    **dict.fromkeys(("eval", "eval_ro", "evalsha", "evalsha_ro", "fcall", "fcall_ro"), 3),
    **dict.fromkeys(("zunion", "zinter", "zdiff", "zintercard", "sintercard", "lmpop", "zmpop"), 2),
}
#: Where the first key is, as an index into the arguments.
PLACES = {
    **{row.name.decode(): row.first for row in COMMANDS.values() if row.first},
    **COUNTED,
}
FURTHEST = max(PLACES.values())

CONTAINERS = {row.name.partition(b"|")[0] for row in COMMANDS.values() if b"|" in row.name}

#: What asks for a value, and the nulls of both versions of the protocol.
READS = frozenset({"get", "getdel", "getex", "getrange", "hget", "lindex", "zscore"})
NULLS = (b"$-1", b"_\r", b"*-1")


def describe(request: Request) -> Sight:
    """
    Read a request; of several keys the first.
    """
    args = begin(request.data, FURTHEST + 1)
    name = nameOf(args)
    place = PLACES.get(name, 0)
    key = args[place] if 0 < place < len(args) else None
    return Sight(name, key, hit(request) if name in READS else None)


def begin(data: bytes, most: int) -> list[bytes]:
    """
    The first arguments of a whole request.
    """
    at = data.find(CRLF)
    args: list[bytes] = []
    for _ in range(min(int(data[1:at]), most)):
        begin = data.find(CRLF, at + 2) + 2
        size = int(data[at + 3 : begin - 2])
        at = begin + size
        args.append(data[begin:at])
    return args


def nameOf(args: list[bytes]) -> str:
    """
    The name in the table, a subcommand as C{object|encoding}.
    """
    name = args[0].lower()
    if name in CONTAINERS and len(args) > 1:
        longer = b"%s|%s" % (name, args[1].lower())
        name = longer if longer in COMMANDS else name
    return name.decode("ascii", "replace")


def hit(request: Request) -> bool | None:
    """
    Whether a value was there; L{None} when the reply is an error.
    """
    reply = request.reply or b"-"
    return None if reply.startswith(b"-") else not reply.startswith(NULLS)
