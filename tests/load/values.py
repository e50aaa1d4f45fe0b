"""
What the clients store: every value says whose it is, under which key, and how often that key had
been written before.
"""

from __future__ import annotations

from collections import Counter
from zlib import crc32

import attrs

KEYS = 16


class Violation(AssertionError):
    """Somebody got what was not meant for him, or not what was promised; the message has it."""


def valueOf(key: bytes, number: int) -> bytes:
    """
    The value that a key is given at its so many-eth writing: mostly short, now and then long.

    @param key: carries the name of the client.
    """
    head = b"%b=%d;" % (key, number)
    chance = crc32(head)
    return head * (1 + chance % 20 + (chance % 61 == 0) * 1500)


@attrs.define(eq=False)
class Identity:
    """
    Who a client is, from one of its connections to the next.

    @ivar name: stands in all its keys.
    @ivar written: how often each of its keys was written, whether it succeeded or not.
    """

    name: bytes
    written: Counter[bytes] = attrs.field(factory=Counter)

    @property
    def keys(self) -> list[bytes]:
        """Its keys, which are spread over the servers."""
        # The default hash keeps keys together that differ in their ends only.
        return [b"%d:%b" % (number * 7919, self.name) for number in range(KEYS)]

    def nextValue(self, key: bytes) -> bytes:
        """The value to write next."""
        self.written[key] += 1
        return valueOf(key, self.written[key])

    def check(self, key: bytes, value: bytes, written: int) -> None:
        """
        Hold a value to be one that was written under its key.

        @param written: how often that was when the value was asked for.
        @raise Violation: it is not.
        """
        number = value[len(key) + 1 :].partition(b";")[0]
        isMine = number.isdigit() and 1 <= int(number) <= written
        if not isMine or value != valueOf(key, int(number)):
            text = f"{self.name!r} asked for {key!r}, written {written} times, and got"
            raise Violation(f"{text} {len(value)} bytes: {value[:80]!r}")
