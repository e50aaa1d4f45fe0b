"""What the two dialects of victims have in common: what they hold, by their own account."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from tests.load.values import Identity, valueOf

#: A value of so many bytes is written now and then.
LARGE = 150_000
#: A value that is appended to is written anew behind so many bytes.
LONG = 3000


class Script:
    """
    What one victim asks, and the reply that it must hear, to the byte.

    Nobody else writes its keys, and nothing is evicted: so it knows what every key holds.

    @ivar name: stands in all its keys.
    """

    #: Kinds of requests; each gives its bytes and those of the reply.
    kinds: Sequence[Callable[[Script], tuple[bytes, bytes]]] = ()

    def __init__(self, name: bytes, draw: random.Random) -> None:
        self.name = name.decode()
        self._identity = Identity(name)
        self._draw = draw
        self._held: dict[bytes, bytes] = {}
        self._counts = dict.fromkeys((b"%d:%b#" % (n * 7919, name) for n in range(4)), 0)

    def next(self) -> tuple[bytes, bytes]:
        """A request and its reply, which is empty when none comes."""
        return self._draw.choice(self.kinds)(self)

    def begin(self) -> tuple[bytes, bytes]:
        """What makes the counters be there."""
        raise NotImplementedError

    def alive(self) -> tuple[bytes, bytes]:
        """A request that is answered behind all before."""
        raise NotImplementedError

    def _key(self) -> bytes:
        return self._draw.choice(self._identity.keys)

    def _keys(self, least: int) -> list[bytes]:
        """Several, of which some hold nothing, and one may be there twice."""
        keys = self._draw.sample(self._identity.keys, self._draw.randint(least, 8))
        return [*keys, self._draw.choice(keys)] if self._draw.random() < 0.2 else keys

    def _fresh(self, key: bytes) -> bytes:
        """Another value for a key, which it holds from now on."""
        self._identity.written[key] += 1
        value = valueOf(key, self._identity.written[key])
        if self._draw.random() < 0.002:
            value *= LARGE // len(value) + 1
        self._held[key] = value
        return value

    def _counted(self) -> tuple[bytes, int, int]:
        """A counter, by how much it is raised, and what it is then."""
        key, by = self._draw.choice(list(self._counts)), self._draw.randint(1, 9)
        self._counts[key] += by
        return key, by, self._counts[key]

    def _longer(self) -> tuple[bytes, bytes] | None:
        """A key that holds something not too long, and what is appended to it."""
        key = self._key()
        if not 0 < len(self._held.get(key, b"")) < LONG:
            return None
        more = b"+%b=%d;" % (key, len(self._held[key]))
        self._held[key] += more
        return key, more
