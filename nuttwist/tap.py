"""
The service that C{twistd nutproxy} and C{python -m twisted nutproxy} run.

Both runners take a service and know nothing of how it may fail; what they lack is in
L{nuttwist.command}. A program of its own composes L{nuttwist.service} and has no use for either.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from twisted.application.service import IService
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTCP
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger, LogLevel, globalLogPublisher

from nuttwist.command import CommandService, StartError, inOneLine
from nuttwist.config.file import ConfigError, loadConfig
from nuttwist.demo.service import DemoService
from nuttwist.http.local import LocalSource
from nuttwist.http.service import HttpService
from nuttwist.http.settings import HttpSettings
from nuttwist.logs.events import NOT_RELOADABLE
from nuttwist.logs.jsonlog import logInJson
from nuttwist.logs.levels import logFilter
from nuttwist.logs.process import Verbosity
from nuttwist.options import Options
from nuttwist.reactors import processReactor
from nuttwist.reloading import Reloading, Together
from nuttwist.sampling import Sampling
from nuttwist.service import ProxyService
from nuttwist.signals import stopEarly
from nuttwist.workers.crew import WorkersService
from nuttwist.workers.source import CrewSource

__all__ = ["Options", "StartError", "makeService"]

_log = Logger(namespace="nuttwist.tap")


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
        sampling,
    )


def makeService(options: Options, reactor: IReactorTCP | None = None) -> IService:
    """
    Build the service of one C{nutproxy} command.

    @param options: The parsed command line.
    @param reactor: The reactor to listen, connect and wait with; the process's own by default.
    @return: The service, which has opened nothing yet.
    @raise StartError: For a configuration that is wrong.
    """
    own = reactor is None
    reactor = reactor or processReactor()
    if options["log-format"] == "json":
        logInJson(globalLogPublisher)
    verbosity = Verbosity(options["verbose"], globalLogPublisher)
    with inOneLine():
        proxy = _proxy(options, reactor)
    whenStarted = _logLimit(options, verbosity)
    http = None
    if options["http-settings"] is not None:
        http = _http(proxy, options["http-settings"], reactor)
    reload = _reload(options, proxy, http, reactor)
    command = CommandService(reactor, verbosity, whenStarted, reload)
    command.runs(proxy)
    verbosity.changed = proxy.setVerbosity
    proxy.setVerbosity(options["verbose"])
    if http is not None:
        http.setServiceParent(command)
    if own:
        # The next that twistd does is to write its pid file.
        stopEarly(reactor)
    return command


def _reload(
    options: Options,
    proxy: ProxyService | DemoService | WorkersService,
    http: HttpService | None,
    reactor: Any,
) -> Callable[[], None]:
    """What is done at SIGHUP."""
    if isinstance(proxy, DemoService):
        return lambda: NOT_RELOADABLE(_log)

    def read(path: str) -> Deferred[Any]:
        # A large file takes a while, and clients are not to wait for it.
        return deferToThreadPool(reactor, reactor.getThreadPool(), loadConfig, path)

    changing = proxy if http is None else Together(proxy, http.entrance)
    # A daemon may be somewhere else by then.
    return Reloading(os.path.abspath(options["config"]), read, changing).reload  # noqa: PTH100  a Path would resolve links


def _http(
    proxy: ProxyService | DemoService | WorkersService, settings: HttpSettings, reactor: IReactorTCP
) -> HttpService:
    """
    @raise StartError: The endpoint is none.
    """
    try:
        if isinstance(proxy, WorkersService):
            return HttpService(CrewSource(proxy, reactor), settings, reactor)
        return HttpService(LocalSource(proxy), settings, reactor)
    except ValueError as wrong:
        raise StartError(f"nutproxy: option --http: {settings.endpoint!r}: {wrong}") from None


def _logLimit(options: Options, verbosity: Verbosity) -> Callable[[], None]:
    """
    Follow --verbose as the runner allows.

    C{python -m twisted} begins its log after the start and has an option for the level, which
    holds unless --verbose asks for something else than the default. twistd has neither.

    @return: What is left to do once the start has succeeded.
    """
    level = logFilter(options["verbose"]).defaultLogLevel
    parent = options.parent
    if parent is None or "logLevel" not in parent:
        return verbosity.apply
    if level is not LogLevel.info:
        parent["logLevel"] = level
    return lambda: None
