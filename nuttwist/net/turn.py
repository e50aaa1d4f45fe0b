"""
What is to be done once at the end of a turn: one write for each connection that has something.
"""

from __future__ import annotations

from typing import Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from nuttwist.logs.events import TASK_FAILED

_log = Logger(namespace="nuttwist.turn")


class Task(Protocol):
    """
    Something that collects work during a turn.
    """

    def turnEnded(self) -> None:
        """
        Do what has been collected.
        """


class Turn:
    """
    The tasks of the current pass over the ready connections.

    @ivar held: True while somebody runs a turn and will end it; otherwise the first task
        schedules the end itself.
    @ivar ending: True while the tasks are told.
    """

    def __init__(self, reactor: IReactorTime) -> None:
        self._reactor = reactor
        self._tasks: list[Task] = []
        self.held = False
        self.ending = False

    def add(self, task: Task) -> None:
        """
        Have C{task} told when the turn ends. It must not be added twice in a turn.
        """
        if not self._tasks and not self.held:
            self._reactor.callLater(0, self.end)
        self._tasks.append(task)

    def end(self) -> None:
        """
        Tell all tasks, and those that they add. A task that raises is logged, the others go on.
        """
        self.ending = True
        while self._tasks:
            tasks = self._tasks
            self._tasks = []
            for task in tasks:
                try:
                    task.turnEnded()
                except Exception:  # noqa: BLE001, PERF203  the others go on
                    TASK_FAILED.failed(_log, task=task)
        self.ending = False
