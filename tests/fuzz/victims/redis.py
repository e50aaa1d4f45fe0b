"""What victims ask of redis."""

from __future__ import annotations

from collections.abc import Iterable

from hiredis import pack_command

from tests.fuzz.victims.script import Script


def _bulk(value: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(value), value)


class RedisScript(Script):
    """
    Commands for one key and for several.

    @cvar null: how what is not there is told.
    """

    null = b"$-1\r\n"

    def begin(self) -> tuple[bytes, bytes]:
        pairs = [word for key in self._counts for word in (key, b"0")]
        return pack_command((b"MSET", *pairs)), b"+OK\r\n"

    def alive(self) -> tuple[bytes, bytes]:
        word = b"%b:%d" % (self._identity.name, self._draw.randrange(10_000))
        return pack_command((b"ECHO", word)), _bulk(word)

    def _value(self, key: bytes) -> bytes:
        return _bulk(self._held[key]) if key in self._held else self.null

    def _number(self, keys: Iterable[bytes]) -> bytes:
        return b":%d\r\n" % sum(key in self._held for key in keys)

    def get(self) -> tuple[bytes, bytes]:
        """One key, mostly as an array."""
        key = self._key()
        request = b"GET %b\r\n" % key if self._draw.random() < 0.1 else pack_command((b"GET", key))
        return request, self._value(key)

    def several(self) -> tuple[bytes, bytes]:
        """Several keys, in this order."""
        keys = self._keys(2)
        values = b"".join(map(self._value, keys))
        return pack_command((b"MGET", *keys)), b"*%d\r\n%b" % (len(keys), values)

    def store(self) -> tuple[bytes, bytes]:
        """A value."""
        key = self._key()
        return pack_command((b"SET", key, self._fresh(key))), b"+OK\r\n"

    def setSeveral(self) -> tuple[bytes, bytes]:
        """Several values."""
        pairs = [word for key in self._keys(2) for word in (key, self._fresh(key))]
        return pack_command((b"MSET", *pairs)), b"+OK\r\n"

    def exchange(self) -> tuple[bytes, bytes]:
        """Another value for the one that was there."""
        key = self._key()
        before = self._value(key)
        return pack_command((b"GETSET", key, self._fresh(key))), before

    def append(self) -> tuple[bytes, bytes]:
        """A longer value, and how long it is: one that was sent twice is too long."""
        grown = self._longer()
        if grown is None:
            return self.get()
        key, more = grown
        return pack_command((b"APPEND", key, more)), b":%d\r\n" % len(self._held[key])

    def count(self) -> tuple[bytes, bytes]:
        """A counter that a request has raised twice, or not at all, is another."""
        key, by, now = self._counted()
        if self._draw.random() < 0.5:
            self._counts[key] = now = now - by + 1
            return pack_command((b"INCR", key)), b":%d\r\n" % now
        return pack_command((b"INCRBY", key, b"%d" % by)), b":%d\r\n" % now

    def delete(self) -> tuple[bytes, bytes]:
        """Keys that are there, or not."""
        keys = list(dict.fromkeys(self._keys(1)))[:2]
        reply = self._number(keys)
        for key in keys:
            self._held.pop(key, None)
        return pack_command((b"DEL", *keys)), reply

    def exists(self) -> tuple[bytes, bytes]:
        """How many there are; one that is there twice counts so."""
        keys = self._keys(1)
        return pack_command((b"EXISTS", *keys)), self._number(keys)

    def length(self) -> tuple[bytes, bytes]:
        """How long a value is."""
        key = self._key()
        return pack_command((b"STRLEN", key)), b":%d\r\n" % len(self._held.get(key, b""))

    kinds = (
        get, get, get, get, several, several, store, store, setSeveral, exchange, append, append,
        count, count, delete, exists, length,
    )  # fmt: skip


class Redis3Script(RedisScript):
    """The same after C{HELLO 3}, over a connection of its own."""

    null = b"_\r\n"
