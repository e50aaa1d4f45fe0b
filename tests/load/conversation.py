"""One client without its socket: what it asks, and what it makes of the answers."""

from __future__ import annotations

import random
from collections import deque
from typing import Any

from tests.load.dialect import Asked, Dialect, Trouble
from tests.load.tally import Tally
from tests.load.values import Identity, Violation

_VERBS = ("get", "get", "get", "set", "set", "several")


class Conversation:
    """
    One connection's worth of requests and replies, paired by order.

    @ivar pending: what has no reply yet.
    """

    def __init__(
        self, identity: Identity, dialect: Dialect, draw: random.Random, tally: Tally
    ) -> None:
        self.pending: deque[Asked] = deque()
        self._identity = identity
        self._dialect = dialect
        self._reader = dialect.reader()
        self._draw = draw
        self._tally = tally

    def ask(self, count: int) -> bytes:
        """
        Make up some requests.

        @return: their bytes.
        """
        return b"".join(self._say(self._draw.choice(_VERBS)) for _ in range(count))

    def askForLife(self) -> bytes:
        """
        Ask for a sign that all before has been answered.
        """
        self._tally.requests += 1
        word = b"%b:%d" % (self._identity.name, self._tally.requests)
        return self._saying(Asked("alive", (word,)), b"")

    def hear(self, data: bytes) -> None:
        """
        Take what the proxy has sent.

        @raise Violation: it is not what was asked for.
        """
        for reply in self._reader.feed(data):
            if not self.pending:
                raise Violation(f"{self._identity.name!r} got {reply!r:.200}, with nothing asked")
            self._judge(self.pending.popleft(), reply)

    def _say(self, verb: str) -> bytes:
        self._tally.requests += 1
        count = self._draw.randint(2, 8) if verb == "several" else 1
        keys = tuple(self._draw.sample(self._identity.keys, count))
        value = self._identity.nextValue(keys[0]) if verb == "set" else b""
        written = self._identity.written
        return self._saying(Asked(verb, keys, tuple(written[key] for key in keys)), value)

    def _saying(self, asked: Asked, value: bytes) -> bytes:
        self.pending.append(asked)
        return self._dialect.say(asked, value)

    def _judge(self, asked: Asked, reply: Any) -> None:
        self._tally.answered += 1
        if isinstance(reply, Trouble) and asked.verb != "alive":
            self._tally.errors[str(reply)] += 1
            if asked.verb != "set":
                self._tally.unread[asked.verb] += 1
        elif self._dialect.isDone(asked, reply):
            self._tally.replies["stored" if asked.verb == "set" else asked.verb] += 1
        elif (found := self._dialect.found(asked, reply)) is not None:
            self._checkFound(asked, found)
        else:
            name = self._identity.name
            raise Violation(f"{name!r} asked {asked!r:.200} and got {reply!r:.200}")

    def _checkFound(self, asked: Asked, found: dict[bytes, bytes]) -> None:
        for key, written in zip(asked.keys, asked.written, strict=True):
            if key in found:
                self._identity.check(key, found[key], written)
        self._tally.replies["hit"] += len(found)
        self._tally.replies["miss"] += len(asked.keys) - len(found)
