"""
A stream of redis commands that is as mixed as the seed says: every type of data, options that
are right and wrong, the wrong types of keys, and wrong numbers of arguments.

The commands are kept as templates in tests/data/redis/differential.json. A word of a template
that begins with C{@} is drawn anew each time:

    @key      one of a few keys of any type      @str @hash ...  mostly a key of that type
    @value    any bytes                          @int @float     a number, now and then none
    @field    one of a few names
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from tests.rig.cases import DATA

_TEMPLATES: dict[str, Any] = json.loads((DATA / "redis" / "differential.json").read_text())

KINDS = ("str", "hash", "list", "set", "zset", "stream", "geo", "hll", "bits")
ODD = (b"", b"x", b"-1", b"0", b"9" * 30, b"1.5", b"nan", b"\r\n", b"\xff\0")


class Stream:
    """
    Draws commands.

    @ivar draw: where the chances come from.
    """

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self._templates = [
            line.split() for lines in _TEMPLATES["templates"].values() for line in lines
        ]
        self._drawn: dict[str, Callable[[], bytes]] = {
            "@key": self._anyKey,
            "@value": self._value,
            "@field": lambda: b"field-%d" % self.draw.randrange(6),
            "@int": self._number,
            "@float": lambda: b"%.2f" % self.draw.uniform(-50, 50),
        }

    def commands(self, count: int) -> Iterator[list[bytes]]:
        """So many commands, each a list of words."""
        for _ in range(count):
            words = [self._word(each) for each in self.draw.choice(self._templates)]
            yield self._spoiled(words) if self.draw.random() < 0.06 else words

    def cuts(self, data: bytes) -> Iterator[bytes]:
        """The bytes in pieces, some of one byte, some of many thousand."""
        at = 0
        while at < len(data):
            size = self.draw.choice((1, 2, 3, 10, 60, 400, 3000, 20000))
            yield data[at : at + size]
            at += size

    def _word(self, template: str) -> bytes:
        if template in self._drawn:
            return self._drawn[template]()
        if template[:1] == "@" and template[1:] in KINDS:
            return self._keyOf(template[1:])
        return template.encode()

    def _keyOf(self, kind: str) -> bytes:
        if self.draw.random() < 0.06:
            return self._anyKey()
        return b"%s:%d" % (kind.encode(), self.draw.randrange(5))

    def _anyKey(self) -> bytes:
        if self.draw.random() < 0.05:
            return self.draw.choice((b"", b"\r\n", b"\xff\0", b"none"))
        return b"%s:%d" % (self.draw.choice(KINDS).encode(), self.draw.randrange(5))

    def _value(self) -> bytes:
        size = self.draw.choice((0, 1, 3, 10, 10, 10, 100, 2000))
        return self.draw.randbytes(size)

    def _number(self) -> bytes:
        if self.draw.random() < 0.05:
            return self.draw.choice(ODD)
        return b"%d" % self.draw.randint(-5, 20)

    def _spoiled(self, words: list[bytes]) -> list[bytes]:
        # A word too few or too many, or one that should be another.
        at = self.draw.randrange(1, len(words) + 1)
        return self.draw.choice(
            (
                words[:at],
                [*words, self._value()],
                [*words[:at], self.draw.choice(ODD), *words[at + 1 :]],
            )
        )
