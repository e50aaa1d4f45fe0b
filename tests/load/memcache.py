"""The memcached dialect of the clients, written without a look at the proxy's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import attrs

from tests.load.dialect import Asked, Trouble
from tests.load.values import Violation

_BLOCK = re.compile(rb"VALUE (\S+) 0 (\d+)\r\n")
_PLAIN = (b"STORED", b"MN")
_ERROR = b"SERVER_ERROR "


@attrs.define
class MemcacheReader:
    """
    Reads replies; of a get it makes a list of keys and values, of others the line.
    """

    _rest: bytes = b""
    _values: list[tuple[bytes, bytes]] = attrs.field(factory=list)

    def feed(self, data: bytes) -> Iterator[Any]:
        self._rest += data
        while b"\r\n" in self._rest:
            if not self._rest.startswith(b"VALUE "):
                yield self._line()
            elif not self._block():
                return

    def _block(self) -> bool:
        """Take a value off the front, if all of it is there."""
        head = _BLOCK.match(self._rest)
        if head is None:
            raise Violation(f"no line before a value: {self._rest[:80]!r}")
        end = head.end() + int(head[2])
        if len(self._rest) < end + 2:
            return False
        if self._rest[end : end + 2] != b"\r\n":
            raise Violation(f"a value goes on behind its end: {self._rest[end - 20 : end + 20]!r}")
        self._values.append((head[1], self._rest[head.end() : end]))
        self._rest = self._rest[end + 2 :]
        return True

    def _line(self) -> Any:
        line, _, self._rest = self._rest.partition(b"\r\n")
        values, self._values = self._values, []
        if line == b"END":
            return values
        if values or not (line in _PLAIN or line.startswith(_ERROR)):
            raise Violation(f"after {len(values)} values, no reply: {line[:80]!r}")
        isError = line.startswith(_ERROR)
        return Trouble(line.removeprefix(_ERROR).decode()) if isError else line


class Memcache:
    """Text protocol; the sign of life is C{mn}, which is answered behind all that was asked."""

    def reader(self) -> MemcacheReader:
        return MemcacheReader()

    def say(self, asked: Asked, value: bytes) -> bytes:
        if asked.verb == "set":
            return b"set %b 0 0 %d\r\n%b\r\n" % (asked.keys[0], len(value), value)
        if asked.verb == "alive":
            return b"mn\r\n"
        return b"get %b\r\n" % b" ".join(asked.keys)

    def found(self, asked: Asked, reply: Any) -> dict[bytes, bytes] | None:
        if asked.verb not in {"get", "several"} or not isinstance(reply, list):
            return None
        keys = [key for key, _ in reply]
        # Values come in request order, each once.
        inOrder = [key for key in asked.keys if key in keys]
        return dict(reply) if keys == inOrder else None

    def isDone(self, asked: Asked, reply: Any) -> bool:
        return reply == {"set": b"STORED", "alive": b"MN"}.get(asked.verb)
