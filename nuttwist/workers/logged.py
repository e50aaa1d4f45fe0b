"""
The log of the workers, in the log of the parent.
"""

from __future__ import annotations

import attrs
from twisted.logger import Logger, LogLevel

from nuttwist.logs.jsonlog import OTHER
from nuttwist.workers.messages import Logged


@attrs.frozen
class Told:
    """
    As much of a failure as observers of the log ask for.
    """

    text: str

    def getTraceback(self) -> str:
        """
        The traceback, as the worker has told it.
        """
        return self.text


def relay(worker: int, logged: Logged) -> None:
    """
    Log an event of a worker's as if it were one of this process, with the worker's number.
    """
    fields = {**logged.fields, "worker": worker}
    failure = {"log_failure": Told(logged.traceback)} if logged.traceback else {}
    Logger(namespace=logged.namespace).emit(
        LogLevel.levelWithName(logged.level),
        "worker {worker}: {log_told}",
        event=logged.event or OTHER,
        fields=fields,
        worker=worker,
        log_told=logged.text,
        **failure,
    )
