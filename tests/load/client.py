"""A client's connection: rounds of requests, until it leaves in one way or another."""

from __future__ import annotations

import random
from collections.abc import Callable

import attrs
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from tests.load.conversation import Conversation
from tests.load.tally import Tally
from tests.load.values import Violation


@attrs.frozen
class Habits:
    """
    How a client behaves.

    @ivar depth: the most requests that it sends at once.
    @ivar pause: seconds between two rounds, on average.
    @ivar stays: rounds until it leaves, on average; 0 for one that stays.
    """

    depth: int = 20
    pause: float = 0.01
    stays: int = 0


class Client(Protocol):
    """
    One connection of a client.

    @ivar conversation: what is asked and answered.
    @ivar since: when it last began a round, or heard something.
    @ivar leaving: how it is about to go; empty while it stays.
    """

    def __init__(
        self,
        conversation: Conversation,
        habits: Habits,
        clock: object,
        draw: random.Random,
        tally: Tally,
        heard: Callable[[], None],
        gone: Callable[[Client], None],
    ) -> None:
        """
        @param heard: told when something has come.
        @param gone: told when the connection is no more.
        """
        self.conversation = conversation
        self.leaving = ""
        self._habits = habits
        self._clock = clock
        self._draw = draw
        self._tally = tally
        self._heard = heard
        self._gone = gone
        self._next = None
        # Rounds until it leaves, including this one.
        self._left = draw.randint(1, 2 * habits.stays) if habits.stays else -1

    def connectionMade(self) -> None:
        self._tally.connects += 1
        self.transport.setTcpNoDelay(True)
        self._round()

    def dataReceived(self, data: bytes) -> None:
        self.since = self._clock.seconds()
        if self.leaving == "rude":
            return
        try:
            self.conversation.hear(data)
        except Violation as violation:
            self._tally.violations.append(str(violation))
            self.transport.abortConnection()
        else:
            self._goOn()
        self._heard()

    def _goOn(self) -> None:
        if not self.conversation.pending and self._next is None:
            self._roundEnded()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._rest()
        count = len(self.conversation.pending)
        if self.leaving == "rude":
            self._tally.dropped += count
        else:
            self._tally.cut += count
        if count and self.leaving == "half":
            text = f"{count} requests were not answered after a half close: {reason.value}"
            self._tally.violations.append(text)
        if self.leaving:
            self._tally.leaves[self.leaving] += 1
        self._gone(self)

    def leave(self) -> None:
        """Go, when everything that was asked is answered."""
        self.leaving = self.leaving or "polite"
        self._rest()
        if not self.conversation.pending:
            self.transport.loseConnection()

    def _rest(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _round(self) -> None:
        self._next = None
        self.since = self._clock.seconds()
        self._left -= 1
        data = self.conversation.ask(self._draw.randint(1, self._habits.depth))
        if self._left:
            self._write(data + self.conversation.askForLife())
        else:
            self._writeLast(data)

    def _write(self, data: bytes) -> None:
        # Now and then a request arrives in two pieces.
        cut = self._draw.randrange(len(data)) if self._draw.random() < 0.2 else len(data)
        self.transport.write(data[:cut])
        if cut < len(data):
            self._clock.callLater(0, self.transport.write, data[cut:])

    def _writeLast(self, data: bytes) -> None:
        self.leaving = self._draw.choice(("rude", "half", "polite"))
        self.transport.write(data)
        if self.leaving == "rude":
            self._clock.callLater(0, self.transport.abortConnection)
        elif self.leaving == "half":
            self.transport.loseWriteConnection()

    def _roundEnded(self) -> None:
        if self.leaving == "polite":
            self.transport.loseConnection()
        elif not self.leaving:
            pause = self._draw.uniform(0, 2 * self._habits.pause)
            self._next = self._clock.callLater(pause, self._round)
