"""
The configuration file read again: all of it, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.logger import Logger
from twisted.python.failure import Failure

from nuttwist.changes import Changes
from nuttwist.config import PoolConfig, SettingError
from nuttwist.configfile import ConfigError

_log = Logger(namespace="nuttwist.reloading")


class Reconfigurable(Protocol):
    """
    Whoever has the pools.
    """

    def reconfigure(self, pools: Sequence[PoolConfig]) -> Deferred[Changes]:
        """
        Have these pools from now on, or fail and have those of before.
        """


class Reloading:
    """
    Has the pools of a file, as it is each time that this is asked for.
    """

    def __init__(
        self,
        path: str,
        read: Callable[[str], Deferred[Sequence[PoolConfig]]],
        proxy: Reconfigurable,
    ) -> None:
        """
        @param read: reads the file, with L{ConfigError} for a wrong one.
        """
        self._path = path
        self._read = read
        self._proxy = proxy
        self._busy = self._again = False

    def reload(self) -> None:
        """
        Read the file, and log what has changed, or why nothing has. While one is being read, the
        next is read after it; several are one.
        """
        if self._busy:
            self._again = True
        else:
            Deferred.fromCoroutine(self._reload()).addErrback(_unexpected)

    async def _reload(self) -> None:
        self._busy = True
        try:
            self._again = True
            while self._again:
                self._again = False
                await self._once()
        finally:
            self._busy = False

    async def _once(self) -> None:
        _log.info("reading {path} again", path=self._path)
        try:
            changes = await self._proxy.reconfigure(await self._read(self._path))
        except ConfigError as wrong:
            self._refuse(str(wrong).splitlines())
        except (CannotListenError, SettingError) as error:
            self._refuse([str(error)])
        else:
            for line in changes.lines():
                _log.info("{line}", line=line)
            _log.info("{path} is in force" if changes else "nothing changed", path=self._path)

    def _refuse(self, reasons: Sequence[str]) -> None:
        for reason in reasons:
            _log.error("{reason}", reason=reason)
        _log.error("{path} is refused, nothing changed", path=self._path)


def _unexpected(failure: Failure) -> None:
    _log.failure("the configuration could not be changed", failure)
