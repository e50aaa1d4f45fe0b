"""The redis dialect of the clients; hiredis reads the replies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import hiredis

from tests.load.dialect import Asked, Trouble
from tests.load.values import Violation

_WORDS = {"set": b"SET", "get": b"GET", "several": b"MGET", "alive": b"ECHO"}


@attrs.define
class RedisReader:
    """
    Reads replies.
    """

    _reader: hiredis.Reader = attrs.field(factory=hiredis.Reader)

    def feed(self, data: bytes) -> Iterator[Any]:
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not False:
                isError = isinstance(reply, hiredis.ReplyError)
                yield Trouble(str(reply).removeprefix("ERR ")) if isError else reply
        except hiredis.ProtocolError as reason:
            raise Violation(f"no reply in {data[:80]!r}: {reason}") from reason


class Redis:
    """RESP2; the sign of life is C{ECHO} with a word of its own."""

    def reader(self) -> RedisReader:
        return RedisReader()

    def say(self, asked: Asked, value: bytes) -> bytes:
        words = [_WORDS[asked.verb], *asked.keys]
        return hiredis.pack_command((*words, value) if asked.verb == "set" else tuple(words))

    def found(self, asked: Asked, reply: Any) -> dict[bytes, bytes] | None:
        if asked.verb not in {"get", "several"}:
            return None
        values = [reply] if asked.verb == "get" else reply
        if not isinstance(values, list) or len(values) != len(asked.keys):
            return None
        if not all(each is None or isinstance(each, bytes) for each in values):
            return None
        pairs = zip(asked.keys, values, strict=True)
        return {key: value for key, value in pairs if value is not None}

    def isDone(self, asked: Asked, reply: Any) -> bool:
        wanted = {"set": b"OK", "alive": asked.keys[0]}.get(asked.verb)
        return wanted is not None and reply == wanted
