"""
Clients that are silent for too long.

One timer a pool looks at all of its clients, a few times in their time; there is none while there
are no clients, or no limit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall

from nuttwist.net.deadline import Clock

#: Looks in the time that a client may be silent: it is closed that part of it late at most.
LOOKS = 4


class Client(Protocol):
    """
    Somebody who may be silent.
    """

    def sign(self) -> tuple[int, int] | None:
        """
        Something that changes with each sign of life; L{None} while it is owed something.
        """

    def expire(self) -> None:
        """
        Close.
        """


class Idleness:
    """
    Closes the clients of one pool that have been silent for too long.
    """

    def __init__(
        self,
        clock: Clock,
        clients: Callable[[], Collection[Client]],
        timeout: Callable[[], float | None],
    ) -> None:
        """
        @param clients: those that there are.
        @param timeout: seconds that they may be silent; L{None} for ever.
        """
        self._clock = clock
        self._clients = clients
        self._timeout = timeout
        self._delayed: IDelayedCall | None = None
        # The last sign of each client, and how many looks have found the same.
        self._signs: dict[Client, tuple[tuple[int, int], int]] = {}

    def watch(self) -> None:
        """
        There may be clients to look at.
        """
        timeout = self._timeout()
        if timeout is not None and self._delayed is None and self._clients():
            self._delayed = self._clock.callLater(timeout / LOOKS, self._look)

    def stop(self) -> None:
        """
        Look no more, and forget what was seen.
        """
        self._signs.clear()
        if self._delayed is not None:
            self._delayed.cancel()
            self._delayed = None

    def _look(self) -> None:
        self._delayed = None
        before, self._signs = self._signs, {}
        expired: list[Client] = []
        for client in self._clients():
            sign = client.sign()
            if sign is None:
                continue
            last, looks = before.get(client, (None, 0))
            looks = looks + 1 if sign == last else 0
            self._signs[client] = (sign, looks)
            if looks >= LOOKS:
                expired.append(client)
        self.watch()
        for client in expired:
            client.expire()
