"""What a dialect must be able to say and to understand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import attrs


@attrs.frozen
class Asked:
    """
    One request of a client.

    @ivar verb: C{set}, C{get}, C{several} or C{alive}.
    @ivar keys: what it is about; of C{alive} the word to be echoed, if the dialect can.
    @ivar written: how often each of the keys was written by then.
    """

    verb: str
    keys: tuple[bytes, ...]
    written: tuple[int, ...] = ()


class Trouble(str):
    """The text of a reply that is an error, without the dialect's own word."""

    __slots__ = ()


class Reader(Protocol):
    """Understands one connection."""

    def feed(self, data: bytes) -> Iterator[Any]:
        """
        Take bytes; gives every reply that is complete.

        @raise Violation: they are none.
        """


class Dialect(Protocol):
    """Says requests, and makes out what replies mean."""

    def reader(self) -> Reader:
        """Begin to read a connection."""

    def say(self, asked: Asked, value: bytes) -> bytes:
        """
        The bytes of a request.

        @param value: what is set.
        """

    def found(self, asked: Asked, reply: Any) -> dict[bytes, bytes] | None:
        """The values in a reply, by key; None if this is no such reply to this request."""

    def isDone(self, asked: Asked, reply: Any) -> bool:
        """Whether this says that a request without values in its reply was carried out."""
