"""
The service that C{twistd nutproxy} and C{python -m twisted nutproxy} run.

Both runners take a service and know nothing of how it may fail; what they lack is here: one
line instead of a traceback when the start fails, and the log level of --verbose. A program of
its own composes L{nuttwist.service} and has no use for this module.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from twisted.application.service import IService, MultiService
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IReactorTCP
from twisted.logger import (
    FilteringLogObserver,
    Logger,
    LogLevel,
    LogLevelFilterPredicate,
    LogPublisher,
    globalLogPublisher,
)

from nuttwist.config import SettingError
from nuttwist.configfile import ConfigError, loadConfig
from nuttwist.demo.service import DemoService
from nuttwist.http.local import LocalSource
from nuttwist.http.service import HttpService
from nuttwist.http.settings import HttpSettings
from nuttwist.options import Options, logFilter
from nuttwist.reactors import processReactor
from nuttwist.sampling import Sampling
from nuttwist.service import ProxyService
from nuttwist.workers.crew import WorkersService

__all__ = ["Options", "StartError", "makeService"]

_log = Logger(namespace="nuttwist.tap")


class StartError(SystemExit, Exception):
    """
    The proxy cannot start; the argument says why, in words for who started it.

    It is an L{Exception} because twistd removes its pid file, and a daemon reports to the
    waiting terminal, for no less; and a L{SystemExit} because Python then prints the argument
    instead of a traceback and exits with status 1.
    """


def _listenTrouble(error: CannotListenError) -> str:
    port = os.fsdecode(error.port) if isinstance(error.port, bytes) else error.port
    place = f"{error.interface}:{port}" if error.interface else f"{port}"
    why = getattr(error.socketError, "strerror", None) or error.socketError
    return f"nutproxy: cannot listen on {place}: {why}"


@contextmanager
def _inOneLine() -> Iterator[None]:
    """Turn a port or a certificate that cannot be had into a L{StartError}."""
    try:
        yield
    except SettingError as error:
        raise StartError(f"nutproxy: {error}") from None
    except CannotListenError as error:
        raise StartError(_listenTrouble(error)) from None


def limitLog(publisher: LogPublisher, allowed: LogLevelFilterPredicate) -> None:
    """
    Hold back what is not allowed from every observer of C{publisher}.

    The runners choose the observers and have no option for a level, so what they chose is
    wrapped; a publisher has no public list of its observers.
    """
    for observer in tuple(publisher._observers):  # noqa: SLF001
        publisher.removeObserver(observer)
        publisher.addObserver(FilteringLogObserver(observer, [allowed]))


class CommandService(MultiService):
    """
    What the command started, with a failure in one line.

    C{python -m twisted} calls only C{startService}, twistd C{privilegedStartService} first.

    @ivar whenStarted: Called once the whole start has succeeded, so that the log is complete
        for a start that fails.
    """

    def __init__(self, whenStarted: Callable[[], None]) -> None:
        MultiService.__init__(self)
        self.whenStarted = whenStarted
        self._usualHangUp: Any = None

    def privilegedStartService(self) -> None:
        with _inOneLine():
            MultiService.privilegedStartService(self)

    def startService(self) -> None:
        with _inOneLine():
            MultiService.startService(self)
        # Scripts made for twemproxy send it to reopen the log; by default it ends the process.
        self._usualHangUp = signal.signal(signal.SIGHUP, _ignoreHangUp)
        self.whenStarted()

    def stopService(self) -> Any:
        if self._usualHangUp is not None:
            signal.signal(signal.SIGHUP, self._usualHangUp)
        return MultiService.stopService(self)


def _ignoreHangUp(*_: object) -> None:
    _log.warn("SIGHUP does nothing here: twistd begins a new log file on SIGUSR1")


def _proxy(options: Options, reactor: IReactorTCP) -> ProxyService | DemoService | WorkersService:
    """
    @raise StartError: For a configuration that is wrong, with every mistake.
    """
    statsAddress = (options["stats-addr"], options["stats-port"])
    sampling = None if options["http-settings"] is None else Sampling()
    if options["demo"]:
        return DemoService(reactor, statsAddress, options["mbuf-size"], sampling)
    try:
        pools = loadConfig(options["config"])
    except ConfigError as wrong:
        raise StartError(
            f"nutproxy: configuration file {options['config']!r} is invalid\n{wrong}"
        ) from None
    if options["workers"] == 1:
        return ProxyService(pools, reactor, statsAddress, options["mbuf-size"], sampling=sampling)
    return WorkersService(
        pools,
        reactor,
        options["workers"],
        statsAddress,
        options["workers-stats-port"],
        options["mbuf-size"],
        options["verbose"],
    )


def makeService(options: Options, reactor: IReactorTCP | None = None) -> IService:
    """
    Build the service of one C{nutproxy} command.

    @param options: The parsed command line.
    @param reactor: The reactor to listen, connect and wait with; the process's own by default.
    @return: The service, which has opened nothing yet.
    @raise StartError: For a configuration that is wrong.
    """
    command = CommandService(_logLimit(options))
    with _inOneLine():
        reactor = reactor or processReactor()
    proxy = _proxy(options, reactor)
    proxy.setServiceParent(command)
    if options["http-settings"] is not None:
        _http(proxy, options["http-settings"], reactor).setServiceParent(command)
    return command


def _http(
    proxy: ProxyService | DemoService | WorkersService, settings: HttpSettings, reactor: IReactorTCP
) -> HttpService:
    """
    @raise StartError: The endpoint is none.
    """
    if isinstance(proxy, WorkersService):
        raise StartError("nutproxy: --http needs one worker")
    try:
        return HttpService(LocalSource(proxy), settings, reactor)
    except ValueError as wrong:
        raise StartError(f"nutproxy: option --http: {settings.endpoint!r}: {wrong}") from None


def _logLimit(options: Options) -> Callable[[], None]:
    """
    Follow --verbose as the runner allows.

    C{python -m twisted} begins its log after the start and has an option for the level, which
    holds unless --verbose asks for something else than the default. twistd has neither.

    @return: What is left to do once the start has succeeded.
    """
    allowed = logFilter(options["verbose"])
    parent = options.parent
    if parent is None or "logLevel" not in parent:
        return lambda: limitLog(globalLogPublisher, allowed)
    if allowed.defaultLogLevel is not LogLevel.info:
        parent["logLevel"] = allowed.defaultLogLevel
    return lambda: None
