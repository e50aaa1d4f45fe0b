"""
Where whole, well-formed requests end in a chunk: the short way to what a line at a time would
say as well.

Rules of this module. It works by offsets and looks only at what is there; what is cut, wrong or
too large is for somebody else, and told as L{None}. A length is read as redis reads it: the same
bytes go on to a server, and one that it refuses would cost all clients their connection to it.
"""

from __future__ import annotations

from nuttwist.wire.redis.commandtable import COMMANDS, Route
from nuttwist.wire.redis.resp import CRLF, SMALL

ARRAY = ord("*")
STRING = ord("$")
ZERO = ord("0")


def usualHeads() -> dict[bytes, int]:
    """
    How ordinary requests begin: the bytes up to the end of the name, and their arguments.
    """
    heads: dict[bytes, int] = {}
    for command in COMMANDS.values():
        if command.route is not Route.KEYED or command.onlyKey != 1 or command.branches:
            continue
        most = command.arity if command.arity > 0 else 8
        for count in range(abs(command.arity), most + 1):
            for name in (command.name, command.name.upper()):
                heads[b"*%d\r\n$%d\r\n%s" % (count, len(name), name)] = count
    return heads


HEADS = usualHeads()

#: Bytes in which the longest of them is followed by the next argument.
HEAD_MAX = max(map(len, HEADS)) + len(b"\r\n$")


def arguments(data: bytes, at: int, count: int, largest: int) -> tuple[bytes, int] | None:
    """
    Look over so many arguments.

    @param at: offset of the first.
    @param largest: bytes of one argument.
    @return: the first of them, and the offset behind the last.
    """
    first = b""
    for number in range(count):
        end = data.find(CRLF, at)
        if end < 0 or data[at] != STRING:
            return None
        word = data[at + 1 : end]
        size = SMALL.get(word)
        if size is None:
            if not word.isdigit() or len(word) > 9 or word[0] == ZERO:
                return None
            size = int(word)
        at = end + size + 4
        if size > largest or data[at - 2 : at] != CRLF:
            return None
        if not number:
            first = data[end + 2 : at - 2]
    return first, at


def whole(data: bytes, at: int, largest: int) -> tuple[list[bytes], int] | None:
    """
    Look over a request of any kind.

    @param at: offset of its beginning.
    @param largest: bytes of one argument.
    @return: its arguments, at least one, and the offset behind it.
    """
    end = data.find(CRLF, at)
    if end < 0 or data[at] != ARRAY:
        return None
    word = data[at + 1 : end]
    if not word.isdigit() or word[0] == ZERO or len(word) > 6:
        return None
    args: list[bytes] = []
    at = end + 2
    for _ in range(int(word)):
        span = arguments(data, at, 1, largest)
        if span is None:
            return None
        args.append(span[0])
        at = span[1]
    return args, at
