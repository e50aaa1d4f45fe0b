"""
As much of the two protocols as a scripted server needs: where a request ends, and an answer that
says which server gave it.
"""

from __future__ import annotations

from collections.abc import Callable

Request = list[bytes]
"""The words of a request; a stored value is the last one."""

Taken = tuple[Request, int]
"""A complete request and how many bytes it took."""

STORAGE = {b"set", b"add", b"replace", b"append", b"prepend", b"cas"}


def takeMemcache(data: bytes) -> Taken | None:
    """
    Take a memcached request off the front.

    @raise ValueError: a storage command without a length.
    """
    line, ended, _ = data.partition(b"\r\n")
    if not ended:
        return None
    words = line.split() or [b""]
    if words[0] not in STORAGE:
        return words, len(line) + 2
    if len(words) < 5:
        raise ValueError(f"storage command without a length: {line!r}")
    start = len(line) + 2
    end = start + int(words[4])
    return None if len(data) < end + 2 else ([*words, data[start:end]], end + 2)


def takeRedis(data: bytes) -> Taken | None:
    """
    Take a redis request off the front.

    @raise ValueError: anything but an array of bulk strings.
    """
    if not data.startswith(b"*"):
        if data:
            raise ValueError(f"not an array: {data[:20]!r}")
        return None
    words: Request = []
    head = data.find(b"\r\n")
    position = head + 2
    for _ in range(int(data[1:head]) if head > 0 else 1):
        head = data.find(b"\r\n", position)
        end = head + 2 + int(data[position + 1 : head]) if head > 0 else len(data)
        if len(data) < end + 2:
            return None
        words.append(data[head + 2 : end])
        position = end + 2
    return words, position


def identMemcache(me: bytes, words: Request) -> bytes:
    """
    Answer a memcached request by name.

    @param me: the number of the server in its pool.
    """
    verb = words[0].lower()
    if verb in (b"get", b"gets"):
        cas = b" 1" if verb == b"gets" else b""
        block = b"VALUE %%s 0 %d%s\r\n%s\r\n" % (len(me), cas, me)
        return b"".join(block % key for key in words[1:]) + b"END\r\n"
    otherwise = b"" if b"noreply" in words else b"STORED\r\n"
    return {
        b"version": b"VERSION server-%s\r\n" % me,
        b"touch": b"TOUCHED\r\n",
        b"incr": me + b"\r\n",
        b"decr": me + b"\r\n",
        b"delete": b"DELETED\r\n",
    }.get(verb, otherwise)


def identRedis(me: bytes, words: Request) -> bytes:
    """
    Answer a redis request by name.

    @param me: the number of the server in its pool.
    """
    verb, others = words[0].lower(), len(words) - 1
    bulk = b"$%d\r\n%s\r\n" % (len(me), me)
    if verb == b"mget":
        return b"*%d\r\n" % others + bulk * others
    if verb in (b"mset", b"auth", b"select"):
        return b"+OK\r\n"
    if verb in (b"del", b"unlink", b"touch", b"exists"):
        return b":%d\r\n" % others
    return bulk


TAKE: dict[str, Callable[[bytes], Taken | None]] = {"mc": takeMemcache, "redis": takeRedis}
IDENT: dict[str, Callable[[bytes, Request], bytes]] = {"mc": identMemcache, "redis": identRedis}
