"""Plays scenes, several at a time, and sees that nothing of a victim's comes back."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Any

import attrs
from twisted.internet.defer import Deferred, ensureDeferred, gatherResults
from twisted.internet.error import ConnectError
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from tests.fuzz.victims.scenes import Scene, Step

#: What no reply has but one with a victim's value in it.
STOLEN = re.compile(rb"\d+:vic\w*=\d+;")
#: Bytes that may hold the most of one when it comes in two pieces.
TAIL = 40
#: Scenes that are kept for the report of a failure.
RING = 60
#: Seconds that something is waited for, which may never come.
PATIENCE = 0.5


@attrs.define
class Harm:
    """
    What the hostile client has done.

    @ivar cuts: times that something else came in between two parts of a stream.
    @ivar ends: by how connections ended.
    @ivar stolen: what it heard and must not have.
    """

    scenes: int = 0
    connections: int = 0
    refused: int = 0
    sent: int = 0
    heard: int = 0
    cuts: int = 0
    ends: Counter[str] = attrs.field(factory=Counter)
    stolen: list[str] = attrs.field(factory=list)


class Attacker(Protocol):
    """One connection; what it hears is looked at, and not kept."""

    def __init__(self, harm: Harm) -> None:
        self._harm = harm
        self._tail = b""
        self.sends = 0
        self.isOver = False
        self.gone: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)
        self._harm.connections += 1

    def dataReceived(self, data: bytes) -> None:
        self._harm.heard += len(data)
        seen = self._tail + data
        self._tail = seen[-TAIL:]
        found = STOLEN.search(seen)
        if found and len(self._harm.stolen) < 10:
            self._harm.stolen.append(f"the hostile client got {seen[found.start() :][:200]!r}")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.isOver = True
        self.gone.callback(None)

    def send(self, data: bytes) -> None:
        """Say this, apart from what was said before."""
        self._harm.sent += len(data)
        self._harm.cuts += bool(self.sends)
        self.sends += 1
        self.transport.write(data)


class Hostility:
    """
    All hostile connections.

    @ivar last: the scenes that were begun last.
    """

    def __init__(
        self,
        reactor: Any,
        connect: Callable[[Factory], Deferred[Any]],
        scenes: Iterator[Scene],
        victims: Callable[[int], Deferred[None]],
    ) -> None:
        """
        @param connect: makes a connection with a factory's protocol.
        @param victims: fires when victims have heard so many replies more.
        """
        self.harm = Harm()
        self.last: deque[Scene] = deque(maxlen=RING)
        self._reactor = reactor
        self._connect = connect
        self._scenes = scenes
        self._victims = victims
        self._isOver = False
        self._lanes: list[Deferred[None]] = []

    def start(self, lanes: int) -> None:
        """Play so many scenes at a time."""
        self._lanes = [ensureDeferred(self._play()) for _ in range(lanes)]

    def stop(self) -> Deferred[Any]:
        """Begin no more; fires when all have ended."""
        self._isOver = True
        return self.ended()

    def ended(self) -> Deferred[Any]:
        """Fires when there are no scenes any more."""
        return gatherResults(self._lanes, consumeErrors=True)

    async def _play(self) -> None:
        for scene in self._scenes:
            self.last.append(scene)
            await self._one(scene)
            self.harm.scenes += 1
            if self._isOver:
                return

    async def _one(self, scene: Scene) -> None:
        attackers: dict[int, Attacker] = {}
        for step in scene.steps:
            if step.what in {"await", "pause"}:
                await self._wait(step)
                continue
            if step.who not in attackers:
                found = await self._attacker()
                if found is None:
                    return
                attackers[step.who] = found
            await self._do(step, attackers[step.who])
        for each in attackers.values():
            if not each.isOver:
                each.transport.abortConnection()
            await each.gone

    async def _attacker(self) -> Attacker | None:
        try:
            return await self._connect(Factory.forProtocol(lambda: Attacker(self.harm)))
        except ConnectError:
            self.harm.refused += 1
            return None

    async def _wait(self, step: Step) -> None:
        if step.what == "pause":
            await deferLater(self._reactor, step.count / 1000)
        elif step.count:
            await self._patiently(self._victims(step.count))

    async def _patiently(self, what: Deferred[Any]) -> None:
        """Wait for something, but not for long."""
        await what.addTimeout(PATIENCE, self._reactor, lambda *_: None)

    async def _do(self, step: Step, attacker: Attacker) -> None:
        if attacker.isOver:
            self.harm.ends["by the proxy"] += step.what not in {"send", "deaf"}
        elif step.what == "send":
            attacker.send(step.data)
        elif step.what == "deaf":
            attacker.transport.pauseProducing()
        else:
            self.harm.ends[step.what] += 1
            await self._end(step.what, attacker.transport, attacker)

    async def _end(self, how: str, transport: Any, attacker: Attacker) -> None:
        if how == "reset":
            transport.abortConnection()
        elif how == "close":
            transport.loseConnection()
        elif how == "half" and hasattr(transport, "loseWriteConnection"):
            transport.loseWriteConnection()
            await self._patiently(_following(attacker.gone))
        else:
            await self._patiently(self._victims(3))


def _following(what: Deferred[None]) -> Deferred[None]:
    """A Deferred that fires with another, and can be given up alone."""
    own: Deferred[None] = Deferred()

    def fire(result: Any) -> Any:
        if not own.called:
            own.callback(None)
        return result

    what.addCallback(fire)
    return own
