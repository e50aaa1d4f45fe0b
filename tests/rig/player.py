"""
Plays a recorded conversation against the proxy in memory and lists what is different.

    case --> servers (backends.py) <--- wire ---> proxy service <--- wire ---> RawClient
                             all under one imagined time (network.py)

A step that waits lets the imagined time pass from timer to timer, so a case takes milliseconds
however long its timeouts are.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from attrs import define, field
from twisted.internet.defer import maybeDeferred

from nuttwist.config.file import parseConfig
from nuttwist.service import ProxyService

from .backends import Backend, build
from .cases import Case, chunksOf, decoded, readSizeOf, runsIn
from .client import ODD_PIECE, RawClient
from .comparing import loggedFailures, selected, shape, shown
from .network import FakeNetwork
from .wire import Address

FOLDER = "/tmp/case"
STATS: tuple[str, int] = ("127.0.0.1", 22222)
LISTENERS = {"LISTEN": 22121, "LISTEN2": 22122, "LISTEN3": 22123}

ANSWER_LIMIT = 6.0
"""Seconds after which an answer that is not there will not come."""

TAIL = 0.08
"""Seconds in which nothing may follow a complete answer."""

LONG_CASE = 20_000
"""Bytes after which a case is too long for reads of single bytes."""

STATS_LIMIT, STATS_PAUSE = 3.0, 0.07
# More than a pool drains by default.
STOP_LIMIT = 6.0

Expected = dict[str, Any]


BuildProxy = Callable[[bytes, FakeNetwork, tuple[str, int], int], Any]
"""Makes the service under test: configuration, reactor, statistics address, bytes read at once."""


def nuttwistProxy(
    config: bytes, reactor: FakeNetwork, stats: tuple[str, int], readSize: int
) -> Any:
    """Make the real thing."""
    pools = parseConfig(config, "case.yml")
    return ProxyService(pools, reactor, statsAddress=stats, readSize=readSize)


@define(eq=False)
class Player:
    """
    One case being played.

    @ivar splitClient: deliver what clients send byte by byte.
    @ivar splitAll: nobody, server or proxy, reads more than a byte at once.
    @ivar differences: what was not as recorded, in words.
    """

    case: Case
    buildProxy: BuildProxy = nuttwistProxy
    splitClient: bool = False
    splitAll: bool = False
    network: FakeNetwork = field(factory=FakeNetwork)
    differences: list[str] = field(factory=list)
    _backends: list[Backend] = field(factory=list)
    _clients: dict[str, RawClient] = field(factory=dict)
    _where: str = ""

    def play(self) -> list[str]:
        """Play all steps and stop the proxy; give the differences."""
        if self.splitAll:
            self.network.wire.piece = 1 if runsIn(self.case) < LONG_CASE else ODD_PIECE
        with loggedFailures(self.differences):
            specs = enumerate(self.case.get("backends", ()))
            self._backends += [build(self.network, number, spec, FOLDER) for number, spec in specs]
            service = self.buildProxy(self._config(), self.network, STATS, readSizeOf(self.case))
            service.startService()
            self.network.settle()
            for number, step in enumerate(self.case["steps"]):
                self._where = f"step {number} ({step['do']} {step.get('c', '')})"
                getattr(self, "do" + step["do"].capitalize())(step)
            self._where = "end"
            self._stop(service)
        return self.differences

    def _config(self) -> bytes:
        names = {"@TMP@": FOLDER} | {f"@{name}@": str(port) for name, port in LISTENERS.items()}
        for number, backend in enumerate(self._backends):
            place = backend.address
            names[f"@B{number}@"] = place if isinstance(place, str) else str(place[1])
        text = self.case["config"]
        for name, value in names.items():
            text = text.replace(name, value)
        return text.encode("latin-1")

    def _stop(self, service: Any) -> None:
        failures: list[Any] = []
        waiting = maybeDeferred(service.stopService)
        waiting.addCallbacks(failuresIn, lambda failure: [failure]).addCallback(failures.extend)
        if not self.network.wait(STOP_LIMIT, lambda: waiting.called):
            self._differ(f"stopService still waits after {STOP_LIMIT} seconds")
        for failure in failures:
            self._differ(f"stopService failed: {failure}")
        self.network.settle()
        for left in (*self.network.getDelayedCalls(), *self.network.sockets()):
            self._differ(f"left behind: {left!r}")

    def _differ(self, what: str) -> None:
        self.differences.append(f"{self._where}: {what}")

    def _compare(self, step: Expected, got: object) -> None:
        if got != step.get("expect"):
            self._differ(f"expected {json.dumps(step.get('expect'))}, got {json.dumps(got)}")

    def _script(self, step: Expected) -> Any:
        return self._backends[step["b"]].script

    # The proxy's clients.

    def _client(self, step: Expected) -> RawClient:
        name = step.get("c", "a")
        if name not in self._clients:
            self._clients[name] = RawClient(self.network, self._target(step.get("to")))
        return self._clients[name]

    def _target(self, to: str | None) -> Address:
        if to is None:
            to = next(iter(self.case.get("unix_listen", ())), "LISTEN")
        if to in LISTENERS:
            return (self.case.get("host", "127.0.0.1"), LISTENERS[to])
        return to.replace("@TMP@", FOLDER)

    def doConnect(self, step: Expected) -> None:
        self._client(step)
        self.network.settle()

    def doSend(self, step: Expected) -> None:
        client = self._client(step)
        chunks = chunksOf(step["data"])
        for position, chunk in enumerate(chunks):
            self.network.elapse(step.get("gap_ms", 40) / 1000 if position else 0)
            last = position + 1 == len(chunks)
            client.send(chunk, dribble=self.splitClient, fin=last and step.get("fin", False))

    def doRecv(self, step: Expected) -> None:
        want, closed = decoded(step.get("expect")), step.get("closed", False)
        client = self._client(step)
        quiet = step.get("quiet_ms", 250) / 1000 if not want and not closed else TAIL
        limit = step.get("limit_ms", ANSWER_LIMIT * 1000) / 1000
        got = client.receive(len(want), closed=bool(closed), limit=limit, quiet=quiet)
        if got != want:
            self._differ(f"bytes differ\n  expected {shown(want)}\n  got      {shown(got)}")
        if closed is not None and closed != client.ended:
            self._differ(f"the connection should {'' if closed else 'not '}be closed")
        took = client.took * 1000
        if not step.get("min_ms", 0) <= took <= step.get("max_ms", took):
            self._differ(f"answered after {took:.0f} ms")

    def doShutdown(self, step: Expected) -> None:
        self._client(step).shutdown()
        self.network.settle()

    def doClose(self, step: Expected) -> None:
        self._clients.pop(step.get("c", "a")).close()
        self.network.settle()

    def doReset(self, step: Expected) -> None:
        self._clients.pop(step.get("c", "a")).abort()
        self.network.settle()

    # Time and the servers.

    def doSleep(self, step: Expected) -> None:
        self.network.elapse(step["ms"] / 1000)

    def doKill(self, step: Expected) -> None:
        getattr(self._backends[step["b"]], step["do"])()
        self.network.elapse(0.05)

    doStart = doStop = doCont = doKill

    def doMode(self, step: Expected) -> None:
        self._script(step).change(step.get("mode"), step.get("replies"))

    def doDirect(self, step: Expected) -> None:
        client, want = (
            RawClient(self.network, self._backends[step["b"]].address),
            step.get("expect"),
        )
        client.send(decoded(step["data"]))
        got = client.receive(len(decoded(want)), closed=False, limit=1, quiet=TAIL)
        client.close()
        if got != decoded(want):
            self._differ(f"expected {shown(decoded(want))}, got {shown(got)}")

    def doUpstream(self, step: Expected) -> None:
        self.network.elapse(step.get("wait_ms", 60) / 1000)
        got = [each.decode("latin-1") for each in self._script(step).received]
        want = [decoded(each).decode("latin-1") for each in step["expect"]]
        self._compare({"expect": want}, got)

    def doNconn(self, step: Expected) -> None:
        self.network.elapse(step.get("wait_ms", 60) / 1000)
        self._compare(step, len(self._script(step).received))

    # The statistics.

    def _fetch(self) -> Any:
        client = RawClient(self.network, STATS)
        text = client.receive(1 << 30, closed=True, limit=3, quiet=0)
        client.close()
        return json.loads(text)

    def doStats(self, step: Expected) -> None:
        def same() -> bool:
            return selected(self._fetch(), step["select"]) == step["expect"]

        end = self.network.seconds() + STATS_LIMIT
        while not same() and self.network.seconds() < end:
            self.network.elapse(STATS_PAUSE)
        self._compare(step, selected(self._fetch(), step["select"]))

    def doStatraw(self, step: Expected) -> None:
        self.network.elapse(0.2)
        self._compare(step, shape(self._fetch()))

    def doAlive(self, step: Expected) -> None:
        self._compare(step, True)


def failuresIn(results: Any) -> list[Any]:
    """Pick the failures out of what stopping several services gives, or one that gives None."""
    return [result for succeeded, result in results or () if not succeeded]


def play(
    case: Case,
    *,
    splitClient: bool = False,
    splitAll: bool = False,
    buildProxy: BuildProxy = nuttwistProxy,
) -> list[str]:
    """
    Play one case.

    @param splitClient: deliver what clients send byte by byte.
    @param splitAll: let nobody read more than a byte at once.
    @param buildProxy: makes the service under test.
    @return: the differences, none if all was as recorded.
    """
    return Player(case, buildProxy, splitClient, splitAll).play()
