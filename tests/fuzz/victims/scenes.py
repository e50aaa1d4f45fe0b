"""What the hostile client does: scenes of one or two connections, step by step."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import attrs

from tests.fuzz.victims.mutations import mutated
from tests.fuzz.victims.words import Words

#: How a connection ends: one direction first, at once, with a reset, or when all is answered.
ENDS = ("half", "close", "reset", "rest")

LARGE = 200_000


@attrs.frozen
class Step:
    """
    One thing that is done.

    @ivar what: C{send}; C{await}, for so many replies of victims, so that their requests are in
        between; C{pause}, for so many milliseconds; C{deaf}, to read no more; or an end.
    @ivar who: the number of the connection in its scene.
    """

    what: str
    who: int = 0
    data: bytes = b""
    count: int = 0


@attrs.frozen
class Scene:
    """
    Steps that belong together.

    @ivar name: of the kind, and its number.
    """

    name: str
    steps: tuple[Step, ...]

    def line(self) -> str:
        """It in one line of JSON."""
        steps = [
            [each.what, each.who, base64.b64encode(each.data).decode(), each.count]
            for each in self.steps
        ]
        return json.dumps({"name": self.name, "steps": steps, "sends": self._readable()})

    def _readable(self) -> list[str]:
        return [f"{each.data!r:.300}" for each in self.steps if each.data]

    @classmethod
    def ofLine(cls, line: str) -> Scene:
        """The reverse of L{line}; what it C{sends} is for the reader only."""
        told = json.loads(line)
        steps = [Step(what, who, base64.b64decode(data), n) for what, who, data, n in told["steps"]]
        return cls(told["name"], tuple(steps))


def save(scenes: Iterable[Scene], path: Path) -> None:
    """Write scenes down, one a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(each.line() + "\n" for each in scenes))


def load(path: Path) -> list[Scene]:
    """Read what L{save} has written."""
    return [Scene.ofLine(line) for line in path.read_text().splitlines()]


class Author:
    """
    Makes scenes up; those of one seed are always the same.
    """

    def __init__(self, dialect: str, seed: int) -> None:
        self._words = Words(dialect)
        self._seed = seed

    def scenes(self) -> Iterator[Scene]:
        """One after the other, without end."""
        number = 0
        while True:
            yield self.scene(number)
            number += 1

    def scene(self, number: int) -> Scene:
        """The one of this number."""
        # Whatever else is drawn, this one stays the same.
        self._draw = random.Random(f"{self._seed}:{number}")
        kind = self._draw.choice(KINDS)
        return Scene(f"{kind.__name__} {self._seed}:{number}", tuple(kind(self)))

    def _between(self) -> Step:
        if self._draw.random() < 0.05:
            return Step("pause", count=self._draw.randint(1, 300))
        return Step("await", count=self._draw.choice((1, 1, 1, 2, 5)))

    def _end(self, who: int = 0) -> Step:
        return Step(self._draw.choice(ENDS), who)

    def _stream(self) -> bytes:
        """Some pieces, mostly with something wrong."""
        draw, words = self._draw, self._words
        count = draw.choice((1, 1, 2, 3, 6))
        drawn = [words.piece if draw.random() < 0.4 else words.short for _ in range(count)]
        return mutated(b"".join(each(draw) for each in drawn), draw, draw.choice((0, 1, 1, 2, 4)))

    def _shorts(self, count: int) -> bytes:
        return b"".join(self._words.short(self._draw) for _ in range(count))

    def _cutting(self, data: bytes, cuts: int, who: int = 0) -> Iterator[Step]:
        places = sorted(self._draw.randrange(len(data) + 1) for _ in range(cuts))
        for start, end in zip((0, *places), (*places, len(data)), strict=True):
            yield Step("send", who, data[start:end])
            yield self._between()

    def whole(self) -> Iterator[Step]:
        """A stream at once."""
        yield Step("send", data=self._stream())
        if self._draw.random() < 0.5:
            yield self._between()
        yield self._end()

    def cut(self) -> Iterator[Step]:
        """A stream that is cut at a few places."""
        yield from self._cutting(self._stream(), self._draw.randint(1, 4))
        yield self._end()

    def short(self) -> Iterator[Step]:
        """Whole requests, and one that is cut once, in the same segment."""
        ahead, last = self._shorts(self._draw.randint(0, 3)), self._shorts(1)
        place = len(ahead) + self._draw.randrange(1, len(last))
        yield Step("send", data=(ahead + last)[:place])
        yield self._between()
        if self._draw.random() < 0.8:
            yield Step("send", data=(ahead + last)[place:] + self._shorts(self._draw.randint(0, 1)))
            yield self._between()
        yield self._end()

    def single(self) -> Iterator[Step]:
        """Byte by byte."""
        for each in self._stream()[:60]:
            yield Step("send", data=bytes([each]))
            yield Step("await", count=self._draw.randint(0, 1))
        yield self._end()

    def nested(self) -> Iterator[Step]:
        """Halves of two streams, one within the other or in turns."""
        halves = []
        for who in (0, 1):
            data = self._stream() if self._draw.random() < 0.5 else self._shorts(2)
            place = self._draw.randrange(len(data) + 1)
            halves.append([Step("send", who, data[:place]), Step("send", who, data[place:])])
        (first, last), (other, rest) = halves
        inTurns = (
            [first, other, last, rest] if self._draw.random() < 0.5 else [first, other, rest, last]
        )
        for each in inTurns:
            yield each
            yield self._between()
        yield self._end(0)
        yield self._end(1)

    def burst(self) -> Iterator[Step]:
        """Very many requests, and gone before the replies."""
        yield Step("send", data=self._shorts(self._draw.choice((10, 50, 300))) + self._stream())
        if self._draw.random() < 0.3:
            yield self._between()
        yield self._end()

    def greedy(self) -> Iterator[Step]:
        """Large values that are asked for and never read."""
        store, get = self._words.large(self._draw.choice((1000, 20_000, LARGE)))
        yield Step("send", data=store)
        yield Step("deaf")
        yield from self._cutting(get * self._draw.choice((3, 30, 100)), 1)
        yield Step(self._draw.choice(("close", "reset")))

    def torn(self) -> Iterator[Step]:
        """A large value that comes in parts, and perhaps not all of it."""
        data = self._words.large(self._draw.choice((1000, 70_000, LARGE)))[0]
        yield Step("send", data=self._shorts(self._draw.randint(0, 2)))
        steps = list(self._cutting(data + self._shorts(1), 3))
        yield from steps[: self._draw.randint(2, len(steps))]
        yield self._end()

    def silent(self) -> Iterator[Step]:
        """A part of a request that stays for a while."""
        data = self._stream()
        yield Step("send", data=data[: self._draw.randrange(len(data) + 1)])
        yield Step("pause", count=self._draw.randint(10, 2000))
        yield self._end()


KINDS: tuple[Callable[[Author], Iterator[Step]], ...] = (
    Author.short, Author.short, Author.short, Author.short, Author.cut, Author.cut, Author.cut,
    Author.whole, Author.whole, Author.nested, Author.nested, Author.single, Author.burst,
    Author.greedy, Author.torn, Author.silent,
)  # fmt: skip
