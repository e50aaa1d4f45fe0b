"""
The configuration file read again: all of it, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.logger import Logger
from twisted.python.failure import Failure

from nuttwist.changes import Changes, Renewal
from nuttwist.config import PoolConfig, SettingError
from nuttwist.config.credentials import Credentials
from nuttwist.config.file import ConfigError
from nuttwist.logs.events import (
    RELOAD_CHANGE,
    RELOAD_FAILED,
    RELOAD_MISTAKE,
    RELOAD_REFUSED,
    RELOAD_UNCHANGED,
    RELOADED,
    RELOADING,
)

_log = Logger(namespace="nuttwist.reloading")


class Reconfigurable(Protocol):
    """
    Whoever has the pools.
    """

    def reconfigure(self, pools: Sequence[PoolConfig]) -> Deferred[Changes]:
        """
        Have these pools from now on, or fail and have those of before.
        """


class Renewable(Protocol):
    """
    Whoever has a certificate of its own.
    """

    def read(self) -> Credentials:
        """
        What is in its files by now, with L{SettingError} if that cannot be used.
        """

    def renew(self, fresh: Credentials) -> tuple[Renewal, ...]:
        """
        Show this from now on.
        """


class Together:
    """
    The pools, and who has a certificate beside them: all of it changes, or nothing.
    """

    def __init__(self, proxy: Reconfigurable, beside: Renewable) -> None:
        self._proxy = proxy
        self._beside = beside

    def reconfigure(self, pools: Sequence[PoolConfig]) -> Deferred[Changes]:
        """
        Have these pools and what the files of the other have in them by now, or fail.
        """
        return Deferred.fromCoroutine(self._reconfigure(pools))

    async def _reconfigure(self, pools: Sequence[PoolConfig]) -> Changes:
        fresh = self._beside.read()
        changes = await self._proxy.reconfigure(pools)
        return attrs.evolve(changes, renewed=(*changes.renewed, *self._beside.renew(fresh)))


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
        RELOADING(_log, path=self._path)
        try:
            changes = await self._proxy.reconfigure(await self._read(self._path))
        except ConfigError as wrong:
            self._refuse(str(wrong).splitlines())
        except (CannotListenError, SettingError) as error:
            self._refuse([str(error)])
        else:
            self._tell(changes)

    def _tell(self, changes: Changes) -> None:
        for line in changes.lines():
            RELOAD_CHANGE(_log, change=line)
        if changes:
            RELOADED(_log, path=self._path)
        else:
            RELOAD_UNCHANGED(_log)

    def _refuse(self, reasons: Sequence[str]) -> None:
        for reason in reasons:
            RELOAD_MISTAKE(_log, reason=reason)
        RELOAD_REFUSED(_log, path=self._path)


def _unexpected(failure: Failure) -> None:
    RELOAD_FAILED.failed(_log, failure)
