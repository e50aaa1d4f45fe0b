"""
What the process does at signals, for as long as a service runs.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

Action = Callable[[], None]

#: The signals that stop the reactor.
ENDING = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """
    Actions by signal, each called in a turn of the reactor; a signal that comes again before that
    is the same one.
    """

    def __init__(self, reactor: Any, actions: Mapping[signal.Signals, Action]) -> None:
        self._reactor = reactor
        self._actions = actions
        self._usual: dict[int, Any] = {}
        self._waiting: set[int] = set()

    def install(self) -> None:
        """
        From now on these signals have these actions, and no others.
        """
        for number in self._actions:
            self._usual[number] = signal.signal(number, self._received)

    def restore(self) -> None:
        """
        The signals have the actions again that they had before.
        """
        usual, self._usual = self._usual, {}
        with _heldBack(usual):
            for number, handler in usual.items():
                signal.signal(number, handler)

    def _received(self, number: int, _: FrameType | None) -> None:
        # The next signal may come during this call, so it is short for all but the first.
        if number not in self._waiting:
            self._waiting.add(number)
            self._reactor.callFromThread(self._act, number)

    def _act(self, number: int) -> None:
        self._waiting.discard(number)
        self._actions[signal.Signals(number)]()


class Insistence:
    """
    The signals that stop the reactor. It hears of the first of them only: to stop it again is an
    error, and means that it is to be quick.
    """

    def __init__(self, reactor: Any, hurry: Action) -> None:
        """
        @param hurry: done once, in a turn of the reactor, when a second one comes.
        """
        self._reactor = reactor
        self._hurry = hurry
        self._usual: dict[int, Any] = {}
        self._isTold = self._isHurried = False

    def install(self) -> None:
        """
        Stand before the reactor, which has its own handlers for them by now.
        """
        self._isTold = self._isHurried = False
        for number in ENDING:
            usual = signal.signal(number, self._received)
            if usual != self._received:
                self._usual[number] = usual

    def begun(self) -> None:
        """
        The stop has begun, whoever began it.
        """
        self._isTold = True

    def _received(self, number: int, frame: FrameType | None) -> None:
        if self._isHurried:
            return
        usual = self._usual[number]
        # A shell has what it starts in the background ignore SIGINT, and so does the reactor.
        isIgnored = not callable(usual)
        # The next signal may come during any call, so there is none between the two halves of this.
        told, self._isTold = self._isTold, self._isTold or not isIgnored
        if told:
            self._isHurried = True
            self._reactor.callFromThread(self._hurry)
        elif not isIgnored:
            usual(number, frame)


def stopEarly(reactor: Any) -> None:
    """
    Have a SIGTERM or SIGINT that comes before the reactor runs stop it as soon as it does, instead
    of ending a process that has begun to leave files behind. One that is ignored, as SIGINT is in
    the background of a shell, stays so.

    @param reactor: one of Twisted's, whose own actions these are.
    """
    actions = {signal.SIGTERM: reactor.sigTerm, signal.SIGINT: reactor.sigInt}
    heard: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        # To stop it twice is an error.
        if not heard:
            heard.append(number)
            actions[signal.Signals(number)](number, frame)

    for each in actions:
        if signal.getsignal(each) != signal.SIG_IGN:
            signal.signal(each, stop)


@contextmanager
def _heldBack(numbers: Iterable[int]) -> Iterator[None]:
    # Python writes a traceback for one that comes just before its handler goes (trip_signal and
    # _PyErr_CheckSignalsTstate in CPython's signalmodule.c).
    usual = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, usual)


def ignore(numbers: Collection[signal.Signals]) -> None:
    """
    From now on these do nothing; some would end a process that is about to end by itself.
    """
    with _heldBack(numbers):
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)


def neverTooMany() -> None:
    """
    Let signals come faster than the reactor runs. Python writes a byte for each to the descriptor
    that wakes the reactor, and is to say nothing when that is full: then it is awake already.
    """
    # Of a child that ends meanwhile nothing else would wake it.
    with _heldBack({signal.SIGCHLD}):
        signal.set_wakeup_fd(signal.set_wakeup_fd(-1), warn_on_full_buffer=False)
