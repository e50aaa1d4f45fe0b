"""
The command as a service: how its start fails, and what it does at signals.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from twisted.application.service import IServiceCollection, MultiService, Service
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.logger import Logger, globalLogPublisher

from nuttwist.config import SettingError
from nuttwist.form import described
from nuttwist.listening.refusal import cannotListen
from nuttwist.logs.events import STARTED, STARTING, STOPPED, STOPPING, STOPPING_AT_ONCE
from nuttwist.logs.process import Verbosity, reopenLogs
from nuttwist.signals import ENDING, Insistence, Signals, ignore, neverTooMany

_log = Logger(namespace="nuttwist.command")


class StartError(SystemExit, Exception):
    """
    The proxy cannot start; the argument says why, in words for who started it.

    It is an L{Exception} because twistd removes its pid file, and a daemon reports to the
    waiting terminal, for no less; and a L{SystemExit} because Python then prints the argument
    instead of a traceback and exits with status 1.
    """


@contextmanager
def inOneLine() -> Iterator[None]:
    """Turn a port or a certificate that cannot be had into a L{StartError}."""
    try:
        yield
    except SettingError as error:
        raise StartError(f"nutproxy: {error}") from None
    except CannotListenError as error:
        raise StartError(f"nutproxy: {cannotListen(error)}") from None


class Proxy(Protocol):
    """
    What the command runs: a service.
    """

    def setServiceParent(self, parent: IServiceCollection) -> None:
        """
        Become a child of the command.
        """

    def abort(self) -> None:
        """
        Close every client at once, also while it is stopped.
        """


class CommandService(MultiService):
    """
    What the command started, with a failure in one line.

    C{python -m twisted} calls only C{startService}, twistd C{privilegedStartService} first.
    """

    def __init__(
        self,
        reactor: Any,
        verbosity: Verbosity,
        whenStarted: Callable[[], None],
        reload: Callable[[], None],
    ) -> None:
        """
        @param verbosity: what SIGTTIN raises and SIGTTOU lowers.
        @param whenStarted: Called once the whole start has succeeded, so that the log is complete
            for a start that fails.
        @param reload: Called at SIGHUP.
        """
        MultiService.__init__(self)
        self._reactor = reactor
        self._verbosity = verbosity
        self._whenStarted = whenStarted
        self._proxy: Proxy | None = None
        self._begun = self._hurries = False
        self._stopped: Deferred[Any] | None = None
        self._actions = {
            signal.SIGHUP: reload,
            signal.SIGUSR1: lambda: reopenLogs(globalLogPublisher),
            signal.SIGTTIN: verbosity.more,
            signal.SIGTTOU: verbosity.less,
        }
        self._signals = Signals(reactor, self._actions)
        self._insistence = Insistence(reactor, self._hurry)

    def runs(self, proxy: Proxy) -> None:
        """
        Take the proxy that the command is for.
        """
        self._proxy = proxy
        proxy.setServiceParent(self)

    def privilegedStartService(self) -> None:
        # Of python -m twisted, which does not call this, the log has not begun yet.
        self._verbosity.begin()
        with self._starting():
            MultiService.privilegedStartService(self)

    @contextmanager
    def _starting(self) -> Iterator[None]:
        self._begin()
        try:
            with inOneLine():
                yield
        except StartError:
            self._signals.restore()
            raise

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            # What comes before the reactor runs is done when it does.
            self._signals.install()
            self._reactor.callWhenRunning(self._insistence.install)
            self._reactor.callWhenRunning(neverTooMany)
            ended = (*self._actions, *ENDING)
            self._reactor.addSystemEventTrigger("after", "shutdown", ignore, ended)
            STARTING(_log, version=described(), pid=os.getpid())

    def startService(self) -> None:
        with self._starting():
            MultiService.startService(self)
        STARTED(_log)
        self._whenStarted()

    def _hurry(self) -> None:
        self._hurries = True
        if self._stopped is not None and not self._stopped.called:
            self.abort()

    def abort(self) -> None:
        """
        Do not wait any longer for what is in flight.
        """
        if self._proxy is not None:
            STOPPING_AT_ONCE(_log)
            self._proxy.abort()

    async def _stop(self) -> None:
        # One after another: the HTTP side, which comes last, tells that the proxy drains.
        for each in self.services:
            await DeferredList([maybeDeferred(each.stopService)])

    def stopService(self) -> Deferred[Any]:
        """
        Stop in good order; a SIGTERM or SIGINT after the one that began it means at once.
        """
        self._begun = False
        Service.stopService(self)
        STOPPING(_log)
        self._insistence.begun()
        self._stopped = Deferred.fromCoroutine(self._stop()).addBoth(self._over)
        if self._hurries:
            self._hurry()
        return self._stopped

    def _over(self, result: Any) -> Any:
        STOPPED(_log)
        return result
