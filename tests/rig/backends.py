"""
The servers behind the proxy: scripted ones, and the embedded memcached as a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from attrs import define, field
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock

from nuttwist.demo.cache import Cache
from nuttwist.demo.protocol import DemoFactory

from .cases import decoded
from .dialects import IDENT, TAKE, Request
from .network import FakeNetwork, FakeReactor
from .wire import Address

MEMCACHED_VERSION = "1.6.18"
"""What the recorded conversations were recorded with."""

MEMCACHED_BYTES = 64 << 20


class ScriptedConnection(Protocol):
    """
    One connection to a scripted server.

    The script is a generator that yields pauses; while it pauses nothing more is read, as from a
    server that sleeps.
    """

    def __init__(self, backend: ScriptedBackend) -> None:
        self._backend = backend
        self._slot = len(backend.received)
        self._pending = b""
        self._work: Iterator[float] = iter(())
        self._timer: Any = None
        backend.received.append(b"")

    def connectionMade(self) -> None:
        if self._backend.mode == "close_on_accept":
            self.transport.loseConnection()

    def dataReceived(self, data: bytes) -> None:
        self._backend.received[self._slot] += data
        self._pending += data
        self._work = self._reactions[self._backend.mode](self)
        self._resume()

    def connectionLost(self, reason: object) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def _resume(self) -> None:
        pause = next(self._work, None)
        if pause is None:
            self.transport.resumeProducing()
        else:
            self.transport.pauseProducing()
            self._timer = self._backend.process.callLater(pause, self._resume)

    def _hang(self) -> Iterator[float]:
        yield from ()

    def _close(self) -> Iterator[float]:
        self.transport.loseConnection()
        yield from ()

    def _reset(self) -> Iterator[float]:
        self.transport.abortConnection()
        yield from ()

    def _answerEarly(self) -> Iterator[float]:
        self.transport.write(decoded(self._backend.replies[0]))
        yield 3.0
        self.transport.loseConnection()

    def _answerAll(self) -> Iterator[float]:
        while (words := self._take()) is not None:
            yield from self._play(self._backend.replyTo(words))

    def _take(self) -> Request | None:
        try:
            taken = TAKE[self._backend.dialect](self._pending)
        except ValueError:
            taken, self._pending = None, b""
        if taken is None:
            return None
        self._pending = self._pending[taken[1] :]
        return taken[0]

    def _play(self, reply: Any) -> Iterator[float]:
        if not isinstance(reply, dict) or not reply.keys().isdisjoint(("rep", "parts", "b64")):
            self.transport.write(decoded(reply))
            return
        yield from pauseOf(reply, "delay_ms", 0)
        chunks = reply.get("chunks", [reply.get("data", "")])
        for position, chunk in enumerate(chunks):
            yield from pauseOf(reply, "gap_ms", 40) if position else ()
            self.transport.write(decoded(chunk))
        yield from self._end(reply)

    def _end(self, reply: dict[str, Any]) -> Iterator[float]:
        if reply.get("fin"):
            self.transport.loseConnection()
        elif reply.get("close") or reply.get("reset"):
            yield from pauseOf(reply, "then_ms", 30)
            yield from self._reset() if reply.get("reset") else self._close()

    _reactions: ClassVar[dict[str, Callable[[ScriptedConnection], Iterator[float]]]] = {
        "reply": _answerAll,
        "ident": _answerAll,
        "echoargs": _answerAll,
        "hang": _hang,
        "close_on_accept": _hang,
        "close_on_data": _close,
        "reset_on_data": _reset,
        "answer_early": _answerEarly,
    }


def pauseOf(reply: dict[str, Any], key: str, default: int) -> Iterator[float]:
    """Yield the pause that a reply asks for, in seconds, if it is one."""
    milliseconds = reply.get(key, default)
    if milliseconds:
        yield milliseconds / 1000


@define(eq=False)
class ScriptedBackend(Factory):
    """
    A server that answers by script.

    @ivar received: all bytes of each connection, in the order of the connections.
    @ivar mode: see the format of the case files; C{replies} are answered one after the other, the
        last one again and again.
    """

    process: FakeReactor
    number: int
    dialect: str = "mc"
    mode: str = "reply"
    replies: list[Any] = field(factory=list)
    received: list[bytes] = field(factory=list)
    _position: int = 0

    def buildProtocol(self, addr: object) -> ScriptedConnection:
        return ScriptedConnection(self)

    def change(self, mode: str | None, replies: list[Any] | None) -> None:
        """Go on in another mode or with another script; None leaves that part as it is."""
        if mode is not None:
            self.mode = mode
        if replies is not None:
            self.replies, self._position = replies, 0

    def replyTo(self, words: Request) -> Any:
        """Decide what to answer to a request, in the notation of the case files."""
        if self.mode == "ident":
            answer = IDENT[self.dialect](str(self.number).encode(), words)
            return answer.decode("latin-1")
        if self.mode == "echoargs":
            return f":{len(words)}\r\n"
        if not self.replies:
            return None
        self._position += 1
        return self.replies[min(self._position, len(self.replies)) - 1]


def memcachedFactory(clock: Clock) -> Factory:
    """Make an empty embedded memcached that calls itself what the recordings were made with."""
    return DemoFactory(Cache(MEMCACHED_BYTES, clock.seconds), version=MEMCACHED_VERSION)


@define(eq=False)
class Backend:
    """
    A server's process and where it listens.

    @ivar make: makes its factory anew at each start.
    @ivar script: the scripted server, if it is one.
    """

    process: FakeReactor
    address: Address
    make: Callable[[], Factory]
    script: ScriptedBackend | None = None

    def start(self) -> None:
        """Listen."""
        if isinstance(self.address, str):
            self.process.listenUNIX(self.address, self.make())
        else:
            self.process.listenTCP(self.address[1], self.make(), interface=self.address[0])

    def stop(self) -> None:
        """Do nothing any more, until C{cont}."""
        self.process.frozen = True

    def cont(self) -> None:
        """Go on after C{stop}."""
        self.process.frozen = False

    def kill(self) -> None:
        """End at once; connections are refused until C{start}."""
        self.process.kill()


def build(network: FakeNetwork, number: int, spec: dict[str, Any], folder: str) -> Backend:
    """
    Make a server of a case and start it, unless it is one that is down.

    @param spec: its description in the case.
    @param folder: where unix sockets are.
    @raise NotImplementedError: a real redis server, which needs a process of its own.
    """
    process = network.process()
    address: Address = ("127.0.0.1", network.wire.freePort())
    if spec.get("unix"):
        address = f"{folder}/b{number}.sock"
    if spec["type"] == "redis":
        raise NotImplementedError("a real redis server needs a process")
    if spec["type"] == "fake":
        script = ScriptedBackend(
            process,
            number,
            spec.get("proto", "mc"),
            spec.get("mode", "reply"),
            list(spec.get("replies", ())),
        )
        made = Backend(process, address, lambda: script, script)
    else:
        made = Backend(process, address, lambda: memcachedFactory(process))
    if spec["type"] != "down":
        made.start()
    return made
