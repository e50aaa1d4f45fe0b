"""What victims ask of memcached."""

from __future__ import annotations

from tests.fuzz.victims.script import Script


class MemcachedScript(Script):
    """Text and meta commands, some of them quiet."""

    def begin(self) -> tuple[bytes, bytes]:
        requests = [b"set %b 0 0 1\r\n0\r\n" % key for key in self._counts]
        return b"".join(requests), b"STORED\r\n" * len(requests)

    def alive(self) -> tuple[bytes, bytes]:
        return b"mn\r\n", b"MN\r\n"

    def _blocks(self, keys: list[bytes]) -> bytes:
        held = [(key, self._held[key]) for key in keys if key in self._held]
        return b"".join(b"VALUE %b 0 %d\r\n%b\r\n" % (k, len(v), v) for k, v in held)

    def _isHeld(self, key: bytes, yes: bytes) -> bytes:
        return yes if key in self._held else b"NOT_FOUND\r\n"

    def get(self) -> tuple[bytes, bytes]:
        """One key."""
        key = self._key()
        return b"get %b\r\n" % key, self._blocks([key]) + b"END\r\n"

    def several(self) -> tuple[bytes, bytes]:
        """Several keys, in this order."""
        keys = self._keys(2)
        return b"get %b\r\n" % b" ".join(keys), self._blocks(keys) + b"END\r\n"

    def renewed(self) -> tuple[bytes, bytes]:
        """The same, with another command."""
        keys = self._keys(1)
        return b"gat 0 %b\r\n" % b" ".join(keys), self._blocks(keys) + b"END\r\n"

    def store(self) -> tuple[bytes, bytes]:
        """A value, with a word back or without."""
        key = self._key()
        value = self._fresh(key)
        if self._draw.random() < 0.3:
            return b"set %b 0 0 %d noreply\r\n%b\r\n" % (key, len(value), value), b""
        return b"set %b 0 0 %d\r\n%b\r\n" % (key, len(value), value), b"STORED\r\n"

    def quietly(self) -> tuple[bytes, bytes]:
        """A value by a meta command, which says nothing when all is well."""
        key = self._key()
        value = self._fresh(key)
        return b"ms %b %d q\r\n%b\r\n" % (key, len(value), value), b""

    def add(self) -> tuple[bytes, bytes]:
        """A value where there is none."""
        key = self._key()
        if key in self._held:
            return b"add %b 0 0 2\r\nno\r\n" % key, b"NOT_STORED\r\n"
        value = self._fresh(key)
        return b"add %b 0 0 %d\r\n%b\r\n" % (key, len(value), value), b"STORED\r\n"

    def append(self) -> tuple[bytes, bytes]:
        """A longer value: one that was sent twice is seen in the next get."""
        grown = self._longer()
        if grown is None:
            return self.get()
        key, more = grown
        quiet = self._draw.random() < 0.3
        line = b"append %b 0 0 %d%b\r\n" % (key, len(more), b" noreply" * quiet)
        return line + more + b"\r\n", b"" if quiet else b"STORED\r\n"

    def count(self) -> tuple[bytes, bytes]:
        """A counter that a request has raised twice, or not at all, is another."""
        key, by, now = self._counted()
        if self._draw.random() < 0.2:
            return b"incr %b %d noreply\r\n" % (key, by), b""
        return b"incr %b %d\r\n" % (key, by), b"%d\r\n" % now

    def delete(self) -> tuple[bytes, bytes]:
        """A key that is there, or not."""
        key = self._key()
        reply = self._isHeld(key, b"DELETED\r\n")
        self._held.pop(key, None)
        return b"delete %b\r\n" % key, reply

    def touch(self) -> tuple[bytes, bytes]:
        """The same, left as it is."""
        key = self._key()
        return b"touch %b 0\r\n" % key, self._isHeld(key, b"TOUCHED\r\n")

    def meta(self) -> tuple[bytes, bytes]:
        """One key by a meta command, with a number of its own."""
        key, number = self._key(), self._draw.randrange(10_000)
        value = self._held.get(key)
        reply = b"EN O%d\r\n" % number
        if value is not None:
            reply = b"VA %d O%d\r\n%b\r\n" % (len(value), number, value)
        return b"mg %b v O%d\r\n" % (key, number), reply

    def quietMeta(self) -> tuple[bytes, bytes]:
        """Several keys of which only those are answered that are there."""
        keys = self._keys(1)
        found = [self._held[key] for key in keys if key in self._held]
        request = b"".join(b"mg %b v q\r\n" % key for key in keys)
        return request + b"mn\r\n", b"".join(
            b"VA %d\r\n%b\r\n" % (len(v), v) for v in found
        ) + b"MN\r\n"

    kinds = (
        get, get, get, several, several, renewed, store, store, quietly, add, append, append, count,
        count, delete, touch, meta, meta, quietMeta,
    )  # fmt: skip
