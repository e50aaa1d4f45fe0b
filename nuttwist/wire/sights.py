"""
What a sample tells of a request, and how its key is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

import attrs

#: Bytes of a key that a sample keeps.
KEY_MAX = 250


@attrs.frozen
class Sight:
    """
    A request as an operator thinks of it.

    @ivar command: its name, in lower case.
    @ivar key: the first one, at most L{KEY_MAX} bytes of it; L{None} for a command without.
    @ivar hit: whether what was asked for was there; L{None} when nothing was asked for.
    """

    command: str
    key: bytes | None
    hit: bool | None


@attrs.frozen
class Sample:
    """
    A request that was sampled, with its reply.

    @ivar size: bytes of the request.
    @ivar replySize: bytes of the reply.
    @ivar latency: seconds from its arrival to its reply.
    """

    server: str
    sight: Sight
    size: int
    replySize: int
    latency: float


@attrs.frozen
class SlowRequest:
    """
    A line of the slow log.

    @ivar time: when it ended, seconds since 1970.
    @ivar queued: seconds until it was written to the server; L{None} when it never was.
    @ivar atServer: seconds from then on; L{None} when it never was written.
    @ivar error: what the client was told instead of a server's reply.
    """

    time: float
    server: str | None
    command: str
    key: bytes | None
    size: int
    replySize: int
    queued: float | None
    atServer: float | None
    total: float
    error: str | None


Shown = Callable[[bytes], str]


def plainly(key: bytes) -> str:
    """
    A key as text; bytes that are none are escaped.
    """
    return key.decode("utf-8", "backslashreplace")


def hidden(secret: bytes) -> Shown:
    """
    Shows 16 hexadecimal digits in place of a key, always the same for the same key.

    @param secret: up to 64 bytes, without which nobody can find the key by trying.
    """
    return lambda key: blake2b(key, digest_size=8, key=secret).hexdigest()
