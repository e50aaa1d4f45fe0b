"""
How ejected servers come back: each is asked when its time is over, by one timer for a pool.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from nuttwist.logs.events import SERVER_PROBED, SERVER_STILL_OUT
from nuttwist.net.deadline import Clock
from nuttwist.net.probe import Probe
from nuttwist.ring.ledger import EjectionLedger

_log = Logger(namespace="nuttwist.revival")


class Asker(Protocol):
    """
    Who knows the ways to the servers.
    """

    def probe(self, done: Callable[[bool], None]) -> Probe:
        """
        Make ready to ask a server whether it is well.

        @param done: called once with the answer.
        """

    def ask(self, server: str, probe: Probe) -> None:
        """
        Connect the probe to the server.
        """


class Listener(Protocol):
    """
    Who waits for the servers.
    """

    def revived(self, server: str) -> None:
        """
        It is well.
        """


class Revival:
    """
    Watches the deadlines of a ledger, and asks the servers that are due.
    """

    def __init__(
        self, name: str, asker: Asker, listener: Listener, ledger: EjectionLedger, clock: Clock
    ) -> None:
        """
        @param name: of the pool.
        """
        self._name = name
        self._asker = asker
        self._listener = listener
        self._ledger = ledger
        self._clock = clock
        self._running = False
        self._timer: IDelayedCall | None = None
        self._probes: dict[str, Probe] = {}
        self._open: set[Probe] = set()

    def start(self) -> None:
        """
        Watch from now on; whose time has passed meanwhile is asked at once.
        """
        self._running = True
        self._ask()

    def stop(self) -> list[Deferred[None]]:
        """
        Ask nobody any more.

        @return: they fire when no socket is left.
        """
        self._running = False
        self.schedule()
        for probe in list(self._probes.values()):
            probe.over(False)
        return [probe.closed for probe in self._open]

    def schedule(self) -> None:
        """
        The ledger's next deadline may be another one by now.
        """
        deadline = self._ledger.nextDeadline() if self._running else None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if deadline is not None:
            left = max(0, deadline - self._clock.seconds())
            self._timer = self._clock.callLater(left, self._due)

    def withdraw(self, server: str) -> None:
        """
        What became of a server has been decided without a question.
        """
        probe = self._probes.pop(server, None)
        if probe is not None:
            probe.over(False)
        self.schedule()

    def _due(self) -> None:
        self._timer = None
        self._ask()

    def _ask(self) -> None:
        for server in self._ledger.due(self._clock.seconds()):
            self._ledger.asked(server)
            SERVER_PROBED(_log, pool=self._name, server=server)
            probe = self._asker.probe(partial(self._answered, server))
            self._probes[server] = probe
            self._open.add(probe)
            probe.closed.addCallback(partial(self._closed, probe))
            self._asker.ask(server, probe)
        self.schedule()

    def _closed(self, probe: Probe, _: None) -> None:
        self._open.discard(probe)

    def _answered(self, server: str, well: bool) -> None:
        if self._probes.pop(server, None) is None:
            return
        if well:
            self._listener.revived(server)
        else:
            seconds = self._ledger.postpone(server, self._clock.seconds())
            SERVER_STILL_OUT(_log, pool=self._name, server=server, seconds=seconds)
        self.schedule()
