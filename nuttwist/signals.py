"""
What the process does at signals, for as long as a service runs.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

Action = Callable[[], None]


class Signals:
    """
    Actions by signal, each called in a turn of the reactor.
    """

    def __init__(self, reactor: Any, actions: Mapping[signal.Signals, Action]) -> None:
        self._reactor = reactor
        self._actions = actions
        self._usual: dict[int, Any] = {}

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
        for number, handler in usual.items():
            signal.signal(number, handler)

    def _received(self, number: int, _: FrameType | None) -> None:
        self._reactor.callFromThread(self._actions[signal.Signals(number)])


@contextmanager
def keptForLater(reactor: Any, number: signal.Signals) -> Iterator[None]:
    """
    Have a signal that comes before the reactor runs do then what it does while it runs, instead
    of ending a process that has begun to leave files behind. The reactor replaces this.
    """

    def again() -> None:
        # In a turn of the reactor: while it starts it may not have taken the signal over yet.
        reactor.callLater(0, os.kill, os.getpid(), number)

    usual = signal.signal(number, lambda *_: reactor.callWhenRunning(again))
    try:
        yield
    except BaseException:
        signal.signal(number, usual)
        raise
