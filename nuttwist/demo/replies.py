"""
What a command comes to: bytes to send, a value to read first, or the end of the connection.

A command that goes wrong raises one of the two error families, and L{rendered} is the one place
where either becomes a line in memcached's words.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from nuttwist.demo.cache import Cache
from nuttwist.demo.items import Outcome

CRLF = b"\r\n"
ERROR = b"ERROR\r\n"
CLOSE = None


class ClientError(Exception):
    """The client's mistake; the only argument is memcached's wording."""


class ServerError(Exception):
    """The server's trouble; the only argument is memcached's wording."""


@attrs.frozen
class Body:
    """
    The bytes that must follow the command line.

    @ivar length: how many, with the line end after the value.
    @ivar finish: takes them and returns the reply.
    @ivar keep: false when the bytes are only to be swallowed, and C{finish} is given nothing.
    """

    length: int
    finish: Callable[[bytes], bytes]
    keep: bool = True


@attrs.define
class Host:
    """
    What every connection of one server shares.

    @ivar version: the answer to "version" is C{VERSION } and this.
    @ivar started: the second when the server came to be.
    """

    cache: Cache
    version: str
    connections: int = 0
    totalConnections: int = 0
    started: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.started = self.cache.now()


Result = bytes | Body | None


def rendered(error: ClientError | ServerError) -> bytes:
    """The line that tells a client about C{error}."""
    family = "CLIENT_ERROR" if isinstance(error, ClientError) else "SERVER_ERROR"
    return f"{family} {error}\r\n".encode()


_TROUBLES: dict[Outcome, tuple[type[ClientError | ServerError], str]] = {
    Outcome.NON_NUMERIC: (ClientError, "cannot increment or decrement non-numeric value"),
    Outcome.TOO_LARGE: (ServerError, "object too large for cache"),
    Outcome.NO_MEMORY: (ServerError, "out of memory storing object"),
}


def troubleOf(outcome: Outcome) -> ClientError | ServerError:
    """
    The error for a change that the store refused.

    @raise KeyError: the outcome is an answer, not an error.
    """
    family, words = _TROUBLES[outcome]
    return family(words)


def swallow(length: int, reply: bytes) -> Body:
    """Read a value and its line end away, then answer."""
    return Body(length + 2, lambda _: reply, keep=False)


def whole(data: bytes) -> bytes:
    """
    The value in what followed a storage command.

    @raise ClientError: the value does not end where the command line said.
    """
    if not data.endswith(CRLF):
        raise ClientError("bad data chunk")
    return data[:-2]
