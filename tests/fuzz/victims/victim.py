"""A victim's connection: rounds of requests, of which it knows the replies."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from tests.fuzz.victims.script import Script

#: Seconds until a reply is late: more than a pool's timeout, which would tell first.
DEADLINE = 20.0
#: Seconds between two rounds, on average.
PAUSE = 0.002


@attrs.define
class Verified:
    """
    What all victims have heard.

    @ivar replies: that were right, to the byte.
    @ivar quiet: requests that have no reply, whose effect a later one has shown.
    @ivar slowest: seconds of the slowest round.
    @ivar wrong: what was not right.
    """

    replies: int = 0
    quiet: int = 0
    bytes: int = 0
    slowest: float = 0.0
    wrong: list[str] = attrs.field(factory=list)


class Victim(Protocol):
    """
    One that stays as long as all is well.

    @ivar since: when it last began a round.
    """

    def __init__(
        self,
        script: Script,
        depth: int,
        clock: Any,
        draw: random.Random,
        verified: Verified,
        heard: Callable[[], None],
        greeting: bytes = b"",
    ) -> None:
        """
        @param depth: the most requests of a round.
        @param heard: called after each right reply.
        @param greeting: what it says first; the reply is not looked at.
        """
        self._script = script
        self._depth = depth
        self._clock = clock
        self._draw = draw
        self._verified = verified
        self._heard = heard
        self._greeting = greeting
        self._pending: deque[tuple[bytes, bytes]] = deque()
        self._rest = b""
        self._next: Any = None
        self._isOver = False

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)
        self.since = self._clock.seconds()
        alive = self._script.alive()
        self._ends = alive[1] if self._greeting else b""
        self._pending.append(self._script.begin())
        self.transport.write(self._greeting + alive[0] * bool(self._greeting))
        self.transport.write(self._pending[0][0])

    def dataReceived(self, data: bytes) -> None:
        self._rest += data
        if self._ends and not self._isGreeted():
            return
        while self._pending and self._isAnswered(*self._pending[0]):
            reply = self._pending.popleft()[1]
            self._count(reply)
        if self._pending or self._isOver:
            return
        if self._rest:
            self._fail(f"got {self._rest!r:.300}, with nothing asked")
        elif self._next is None:
            self._ended()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if not self._isOver:
            self._fail(
                f"was closed ({reason.value}), with {len(self._pending)} requests unanswered"
            )

    def leave(self) -> None:
        """Ask no more."""
        self._isOver = True
        if self._next is not None:
            self._next.cancel()
            self._next = None
        self.transport.abortConnection()

    @property
    def isIdle(self) -> bool:
        """Whether it waits for nothing."""
        return not self._pending

    def look(self) -> None:
        """See whether a reply is late."""
        if self._pending and self._clock.seconds() - self.since > DEADLINE and not self._isOver:
            self._fail(f"has no reply in {DEADLINE:.0f} s to {self._pending[0][0]!r:.200}")

    def _isGreeted(self) -> bool:
        _, found, after = self._rest.partition(self._ends)
        if found:
            self._ends, self._rest = b"", after
        return bool(found)

    def _isAnswered(self, request: bytes, reply: bytes) -> bool:
        """Whether the reply is there, and is this one."""
        if self._rest.startswith(reply):
            self._rest = self._rest[len(reply) :]
            return True
        if not reply.startswith(self._rest):
            got = f"{self._rest!r:.300}"
            self._fail(f"asked {request!r:.200}, must get {reply!r:.300} and got {got}")
        return False

    def _count(self, reply: bytes) -> None:
        self._verified.replies += bool(reply)
        self._verified.quiet += not reply
        self._verified.bytes += len(reply)
        if reply:
            self._heard()

    def _ended(self) -> None:
        seconds = self._clock.seconds() - self.since
        self._verified.slowest = max(self._verified.slowest, seconds)
        self._next = self._clock.callLater(self._draw.uniform(0, 2 * PAUSE), self._round)

    def _round(self) -> None:
        self._next = None
        self.since = self._clock.seconds()
        asked = [self._script.next() for _ in range(self._draw.randint(1, self._depth))]
        if not asked[-1][1]:
            asked.append(self._script.alive())
        self._pending += asked
        data = b"".join(request for request, _ in asked)
        cut = self._draw.randrange(len(data)) if self._draw.random() < 0.2 else len(data)
        self.transport.write(data[:cut])
        if cut < len(data):
            self._clock.callLater(0, self.transport.write, data[cut:])

    def _fail(self, what: str) -> None:
        self._isOver = True
        self._verified.wrong.append(f"{self._script.name}: {what}")
        self.transport.abortConnection()
