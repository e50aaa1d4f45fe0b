"""What is done to the servers and to the proxy, and when."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.task import LoopingCall

from tests.e2e.servers import RealServer
from tests.soak.setting import Setting

#: What is done to a server, and what mends it.
DEEDS: dict[str, tuple[Callable[[RealServer], None], Callable[[RealServer], None] | None]] = {
    "killed": (RealServer.kill, RealServer.restart),
    "held": (RealServer.stop, RealServer.cont),
    "restarted": (RealServer.restart, None),
}
RELOADED = "reloaded"
EVERY = 3.0
RELOAD_EVERY = 10.0
LASTS = (0.2, 4.0)


@attrs.frozen
class Event:
    """
    Something that was done.

    @ivar at: seconds since the beginning.
    @ivar what: the deed.
    @ivar whom: the server or the proxy.
    """

    at: float
    what: str
    whom: str


class Mischief:
    """
    Does it.

    @ivar events: what was done.
    """

    def __init__(self, reactor: Any, setting: Setting, draw: random.Random) -> None:
        self.events: list[Event] = []
        self._reactor = reactor
        self._proxy = setting.proxy
        self._draw = draw
        self._well = [
            (f"{kind} {number}", server)
            for kind, servers in setting.servers.items()
            for number, server in enumerate(servers)
        ]
        self._mendings: list[Any] = []
        self._loops = [LoopingCall(self._strike), LoopingCall(self._reload)]

    def start(self) -> None:
        """Begin, a little later."""
        self._begin = self._reactor.seconds()
        for loop, every in zip(self._loops, (EVERY, RELOAD_EVERY), strict=True):
            loop.clock = self._reactor
            loop.start(every, now=False)

    def stop(self) -> None:
        """Do no more, and mend what is not."""
        for loop in self._loops:
            loop.stop()
        for each in [each for each in self._mendings if each.active()]:
            each.reset(0)

    def _strike(self) -> None:
        if not self._well:
            return
        whom = self._well.pop(self._draw.randrange(len(self._well)))
        what = self._draw.choice(list(DEEDS))
        harm, mend = DEEDS[what]
        harm(whom[1])
        self._note(what, whom[0])
        left = [each for each in self._mendings if each.active()]
        lasts = self._draw.uniform(*LASTS)
        self._mendings = [*left, self._reactor.callLater(lasts, self._mend, mend, whom)]

    def _mend(self, mend: Callable[[RealServer], None] | None, whom: tuple[str, Any]) -> None:
        if mend is not None:
            mend(whom[1])
        self._well.append(whom)

    def _reload(self) -> None:
        self._proxy.reload()
        self._note(RELOADED, "proxy")

    def _note(self, what: str, whom: str) -> None:
        self.events.append(Event(self._reactor.seconds() - self._begin, what, whom))
