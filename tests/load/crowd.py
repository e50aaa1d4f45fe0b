"""Clients that come, ask and go, all at once."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ClientFactory
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure

from tests.load.client import Client, Habits
from tests.load.conversation import Conversation
from tests.load.dialect import Asked, Dialect
from tests.load.tally import Tally
from tests.load.values import Identity

HOST = "127.0.0.1"
SILENCE = 45.0
"""Seconds after which a request without a reply counts as lost, however busy the machine is."""


class Place(ClientFactory):
    """
    One of the places of a crowd: whoever leaves it is followed by another of the same name.
    """

    noisy = False

    def __init__(self, crowd: Crowd, identity: Identity) -> None:
        self.client: Client | None = None
        self._crowd = crowd
        self._identity = identity

    def connect(self) -> None:
        """Have a client come."""
        if self._crowd.open:
            self._crowd.reactor.connectTCP(HOST, self._crowd.port, self, timeout=SILENCE)

    def buildProtocol(self, addr: IPv4Address) -> Client | None:
        crowd = self._crowd
        if not crowd.open:
            return None
        conversation = Conversation(self._identity, crowd.dialect, crowd.draw, crowd.tally)
        self.client = Client(
            conversation,
            crowd.habits,
            crowd.reactor,
            crowd.draw,
            crowd.tally,
            crowd.told,
            self._gone,
        )
        return self.client

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        self._crowd.tally.refused += 1
        self._crowd.reactor.callLater(0.1, self.connect)
        self._crowd.checkEmpty()

    def _gone(self, client: Client) -> None:
        self.client = None
        self._crowd.reactor.callLater(self._crowd.habits.pause, self.connect)
        self._crowd.told()
        self._crowd.checkEmpty()


class Crowd:
    """
    Some clients of one pool.

    @ivar tally: what they have met so far.
    @ivar open: clients that leave are followed by others.
    """

    def __init__(
        self,
        reactor: Any,
        dialect: Dialect,
        port: int,
        clients: int = 8,
        habits: Habits = Habits(),  # noqa: B008  (frozen)
        seed: int = 1,
        name: str = "c",
    ) -> None:
        self.reactor = reactor
        self.dialect = dialect
        self.port = port
        self.habits = habits
        self.tally = Tally()
        self.draw = random.Random(seed)
        self.open = False
        self._empty: Deferred[None] | None = None
        self._waiting: list[Deferred[None]] = []
        self._places = [Place(self, Identity(b"%b%d" % (name.encode(), n))) for n in range(clients)]
        self._watch = LoopingCall(self._look)
        self._watch.clock = reactor

    def start(self) -> None:
        """Have all come."""
        self.open = True
        for place in self._places:
            place.connect()
        self._watch.start(1, now=False)

    def stop(self) -> Deferred[None]:
        """
        Have all go, once they have their answers.

        @return: fires when the last is gone.
        """
        self.open = False
        self._empty = Deferred()
        for client in self._clients():
            client.leave()
        self.checkEmpty()
        return self._empty

    def pending(self) -> list[Asked]:
        """What has no reply yet."""
        return [each for client in self._clients() for each in client.conversation.pending]

    async def until(self, isSo: Callable[[], object], seconds: float) -> None:
        """
        Look whenever one of them has heard something or is gone, until it is so.

        @raise twisted.internet.error.TimeoutError: it was not for so long.
        """
        deadline = self.reactor.seconds() + seconds
        while not isSo():
            waiting: Deferred[None] = Deferred()
            self._waiting.append(waiting)
            await waiting.addTimeout(max(0, deadline - self.reactor.seconds()), self.reactor)

    def told(self) -> None:
        """Somebody has heard something."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.called:
                each.callback(None)

    def checkEmpty(self) -> None:
        """Somebody has gone."""
        if self._empty is not None and not self._empty.called and not self._clients():
            self._watch.stop()
            self._empty.callback(None)

    def _clients(self) -> list[Client]:
        return [place.client for place in self._places if place.client is not None]

    def _look(self) -> None:
        """Do not wait for ever for a reply that does not come."""
        longAgo = self.reactor.seconds() - SILENCE
        for client in self._clients():
            if client.conversation.pending and client.since < longAgo:
                first = client.conversation.pending[0]
                self.tally.violations.append(f"no reply in {SILENCE:.0f} s to {first!r:.200}")
                client.transport.abortConnection()
