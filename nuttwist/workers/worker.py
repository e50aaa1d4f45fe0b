"""
What the parent has of a worker: its process, and the line to it.
"""

from __future__ import annotations

import itertools
import json
import socket
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ProcessDone, ProcessExitedAlready, ProcessTerminated
from twisted.internet.interfaces import IProcessTransport
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from nuttwist.logs.events import (
    MESSAGE_FAILED,
    WORKER_OUTPUT,
    WORKER_READY,
    WORKER_UNREADABLE,
)
from nuttwist.observed import Observed
from nuttwist.statistics import PoolFigures
from nuttwist.workers.channel import Channel, ChannelFactory
from nuttwist.workers.logged import relay
from nuttwist.workers.messages import (
    Ask,
    Change,
    Changed,
    Logged,
    Message,
    Ready,
    Start,
    Stop,
    Told,
)

_log = Logger(namespace="nuttwist.workers")

#: The descriptor of the channel in a worker; those of the tally and the
#: listeners follow.
CHANNEL = 3

#: Seconds for the answer to L{Ask}; a worker that takes longer counts as it was last heard of.
ANSWER = 1.0

#: Bytes of a line that cannot be read which the log has.
SHOWN = 200

#: Seconds for the answer to L{Change}.
CHANGE = 30.0

#: The signals that a terminal, or whoever sends one to all processes, means for the parent.
FOR_THE_PARENT = ("SIGINT", "SIGHUP", "SIGUSR1", "SIGTTIN", "SIGTTOU")

#: The program of a worker. It takes no notice of the parent's signals from the first moment, and
#: modules are found where the parent finds them, the current directory being none of it.
PROGRAM = (
    "import json, signal, sys;"
    f"[signal.signal(getattr(signal, each), signal.SIG_IGN) for each in {FOR_THE_PARENT}];"
    "sys.path[:] = json.loads(sys.argv[1]);"
    "from nuttwist.workers.child import main;"
    "main(sys.argv[2])"
)


class Owner(Protocol):
    """
    Whoever has the workers.
    """

    def heard(self, worker: Worker, message: Message) -> None:
        """
        A worker said something that concerns others.
        """

    def ended(self, worker: Worker, reason: Failure) -> None:
        """
        The process of a worker has ended.
        """


class Output(ProcessProtocol):
    """
    The process of a worker, and what it writes past its log.
    """

    def __init__(self, number: int, ended: Callable[[Failure], None]) -> None:
        self._number = number
        self._ended = ended

    def outReceived(self, data: bytes) -> None:
        for line in data.decode(errors="replace").splitlines():
            WORKER_OUTPUT(_log, worker=self._number, line=line)

    errReceived = outReceived

    def processEnded(self, reason: Failure) -> None:
        self._ended(reason)


def describe(ended: Failure) -> str:
    """
    How a process has ended, in words.
    """
    signal = getattr(ended.value, "signal", None)
    if signal is not None:
        return f"killed by signal {signal}"
    if isinstance(ended.value, OSError):
        return f"it cannot be started: {ended.value.strerror}"
    if not isinstance(ended.value, ProcessDone | ProcessTerminated):
        return f"it cannot be started: {ended.value!r}"
    return f"exit status {ended.value.exitCode}"


class Worker:
    """
    One worker process, from its start to its end.

    @ivar number: of its place, from 0.
    @ivar pid: of the process.
    @ivar ready: whether it accepts clients.
    @ivar figures: its counters when it last told them.
    @ivar seen: what it has seen of requests, when it last told that.
    @ivar samples: those that it told last.
    """

    def __init__(self, number: int, reactor: Any, owner: Owner) -> None:
        self.number = number
        self.pid = 0
        self.ready = False
        self.figures: list[PoolFigures] = []
        self.seen: list[Observed] = []
        self.samples: list[dict[str, Any]] = []
        self._reactor = reactor
        self._owner = owner
        self._numbers = itertools.count(1)
        self._asked: dict[int, Deferred[None]] = {}
        self._changing: Deferred[None] | None = None
        self._channel = Channel(self._received, self._lost, self._unreadable)
        self._handlers: dict[type, Callable[[Any], None]] = {
            Ready: self._isReady,
            Changed: lambda _: self._hasChanged(),
            Told: self._told,
            Logged: partial(relay, number),
        }
        self._process: IProcessTransport | None = None

    def start(self, start: Start) -> None:
        """
        Start the process.

        @param start: what it is to do, with the descriptors by their numbers here.
        """
        there = {name: CHANNEL + 2 + index for index, name in enumerate(start.listeners)}
        inherited = {there[name]: descriptor for name, descriptor in start.listeners.items()}
        inherited[CHANNEL + 1] = start.tally
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self._spawn({CHANNEL: theirs.fileno(), **inherited})
            self._reactor.adoptStreamConnection(
                ours.fileno(), socket.AF_UNIX, ChannelFactory(self._channel)
            )
        self.send(attrs.evolve(start, listeners=there, tally=CHANNEL + 1))

    def _spawn(self, descriptors: dict[int, int]) -> None:
        # The child has the same kind of reactor.
        kind = type(self._reactor).__module__
        path = json.dumps([each for each in sys.path if each])
        self._process = self._reactor.spawnProcess(
            Output(self.number, self._ended),
            sys.executable,
            [sys.executable, "-I", "-c", PROGRAM, path, kind],
            env=None,
            childFDs={0: "w", 1: "r", 2: "r", **descriptors},
        )
        assert self._process is not None
        # It forgets that when it ends.
        self.pid = self._process.pid or 0
        self._process.closeStdin()

    def send(self, message: Message) -> None:
        """
        Tell it something, in vain if it has ended.
        """
        self._channel.send(message)

    def change(self, change: Change, descriptors: Sequence[int]) -> Deferred[None]:
        """
        Have it serve other pools; one that takes too long is killed.

        @param descriptors: those that the message speaks of.
        @return: fires when it serves them, or is gone.
        """
        if self._channel.transport is None:
            return succeed(None)
        changed = self._changing = Deferred()
        self._channel.send(change, descriptors)
        impatience = self._reactor.callLater(CHANGE, self.kill)
        return changed.addCallback(lambda _: impatience.cancel() if impatience.active() else None)

    def _hasChanged(self) -> None:
        changing, self._changing = self._changing, None
        if changing is not None:
            changing.callback(None)

    def stop(self) -> None:
        """
        Have it end in good order; one that does not serve yet ends at once.
        """
        if self.ready:
            self.send(Stop())
        else:
            self.kill()

    def kill(self) -> None:
        """
        Have it end at once.
        """
        if self._process is None:
            return
        try:
            self._process.signalProcess("KILL")
        except ProcessExitedAlready:
            return

    def ask(self, *, look: bool = False, tap: bool = False) -> Deferred[None]:
        """
        Have C{figures} be those of this moment.

        @param look: C{seen} too.
        @param tap: C{samples} too.

        @return: fires when they are, or when the worker does not tell.
        """
        if not self.ready:
            return succeed(None)
        number = next(self._numbers)
        asked = self._asked[number] = Deferred()
        self.send(Ask(number, look, tap))
        asked.addTimeout(ANSWER, self._reactor)
        asked.addErrback(lambda _: self._forget(number))
        return asked

    def takeSamples(self) -> list[dict[str, Any]]:
        """
        The samples that it told, which are then forgotten.
        """
        samples, self.samples = self.samples, []
        return samples

    def _forget(self, number: int) -> None:
        del self._asked[number]

    def _received(self, message: Message) -> None:
        # An error that got to the reactor would close the channel, and so end the worker.
        try:
            handler = self._handlers.get(type(message))
            if handler is None:
                self._owner.heard(self, message)
            else:
                handler(message)
        except Exception:  # noqa: BLE001  the log has it
            MESSAGE_FAILED.failed(_log, order=type(message).__name__)

    def _unreadable(self, line: bytes) -> None:
        WORKER_UNREADABLE(_log, worker=self.number, line=line[:SHOWN])

    def _isReady(self, _: Ready) -> None:
        self.ready = True
        WORKER_READY(_log, worker=self.number, pid=self.pid)

    def _told(self, told: Told) -> None:
        self.figures = told.pools
        self.seen = told.seen or self.seen
        self.samples += told.samples
        asked = self._asked.pop(told.number, None)
        if asked is not None:
            asked.callback(None)

    def _lost(self) -> None:
        self.ready = False
        self._hasChanged()
        asked, self._asked = self._asked, {}
        for each in asked.values():
            each.callback(None)

    def _ended(self, reason: Failure) -> None:
        if self._channel.transport is not None:
            self._channel.transport.loseConnection()
        self._owner.ended(self, reason)
