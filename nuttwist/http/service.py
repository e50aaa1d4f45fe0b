"""
The HTTP side as a service.

    >>> proxy = ProxyService(pools, reactor, sampling=Sampling())
    >>> proxy.setServiceParent(application)
    >>> http = HttpService(LocalSource(proxy), HttpSettings("tcp:8222"), reactor)
    >>> http.setServiceParent(application)
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.internet.task import LoopingCall
from twisted.logger import Logger, globalLogPublisher
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import Request

from nuttwist import VERSION
from nuttwist.form import form
from nuttwist.http import figures
from nuttwist.http.answering import Answer, Branch, Said, inJson
from nuttwist.http.api import Api
from nuttwist.http.entrance import LABEL, Entrance
from nuttwist.http.history import STEP, History
from nuttwist.http.journal import Journal
from nuttwist.http.metrics import CONTENT_TYPE, Collector, exposition
from nuttwist.http.pages import Pages, staticFiles
from nuttwist.http.settings import HttpSettings
from nuttwist.http.site import Connections, GuardedSite
from nuttwist.http.source import Look, Source
from nuttwist.http.tap import TapResource
from nuttwist.listening.refusal import NoListener
from nuttwist.logs.events import COUNTING_FAILED, LISTENING, NOT_LISTENING
from nuttwist.net.addresses import placeOf

_log = Logger(namespace="nuttwist.http")


class HttpService(Service):
    """
    Serves metrics, the API and the dashboard while it runs.

    @ivar port: where it listens, or L{None}.
    @ivar entrance: its endpoint.
    @ivar journal: the last events.
    @ivar history: the last minutes.
    """

    def __init__(self, source: Source, settings: HttpSettings, reactor: Any) -> None:
        """
        @param reactor: with what the endpoint needs, and time.
        @raise ValueError: the endpoint is none, or its certificate cannot be used.
        """
        self.port: IListeningPort | None = None
        self.journal = Journal()
        self.history = History()
        self._source = source
        self._forgetful = False
        hosts = frozenset(each.lower() for each in settings.hosts)
        site = GuardedSite(self._root(settings.token, reactor), hosts, reactor)
        self._connections = Connections(site)
        self.entrance = Entrance(settings.endpoint, self._connections, reactor)
        self._looking = LoopingCall(self._remember)
        self._looking.clock = reactor

    def _root(self, token: str | None, clock: Any) -> Resource:
        root = Pages(staticFiles())
        root.putChild(b"metrics", Answer(self._metrics))
        root.putChild(b"healthz", Answer(self._health))
        root.putChild(b"readyz", Answer(self._readiness))
        version = Api(self._source, self.journal, self.history, token).resource()
        version.putChild(b"tap", TapResource(self._source, clock))
        api = Branch()
        api.putChild(b"v1", version)
        root.putChild(b"api", api)
        return root

    # -- the service

    def privilegedStartService(self) -> None:
        """
        Bind, while the process may still have the right to.

        @raise CannotListenError: the address is taken or is not to be had.
        """
        Service.privilegedStartService(self)
        self._bind()

    def startService(self) -> None:
        self._bind()
        Service.startService(self)
        globalLogPublisher.addObserver(self.journal)
        self._looking.start(STEP)

    def _bind(self) -> None:
        if self.port is not None:
            return
        failures: list[Failure] = []
        self.entrance.listen().addCallbacks(self._bound, failures.append)
        for each in failures:
            if isinstance(each.value, CannotListenError):
                raise NoListener(LABEL, each.value) from None
            each.raiseException()

    def _bound(self, port: IListeningPort) -> None:
        self.port = port
        LISTENING(_log, listener=LABEL, address=placeOf(port.getHost()))

    def address(self) -> IAddress:
        """
        Where it listens, with the port that the system chose if that was left to it.

        @raise RuntimeError: it does not listen.
        """
        if self.port is None:
            raise RuntimeError("the HTTP side is not listening: start it first")
        return self.port.getHost()

    def stopService(self) -> Deferred[None]:
        """
        Stop listening, and close all connections.

        @return: fires when no socket is left.
        """
        if self.running:
            globalLogPublisher.removeObserver(self.journal)
            self._looking.stop()
        Service.stopService(self)
        return Deferred.fromCoroutine(self._close())

    async def _close(self) -> None:
        port, self.port = self.port, None
        if port is not None:
            NOT_LISTENING(_log, listener=LABEL, address=placeOf(port.getHost()))
        closed = None if port is None else port.stopListening()
        if closed is not None:
            await closed
        await self._connections.abort()

    # -- what is served besides the API

    def _remember(self) -> Deferred[None]:
        look = maybeDeferred(self._source.look, deep=False)
        return look.addCallback(self._remembered).addErrback(self._forgot)

    def _remembered(self, look: Look) -> None:
        self.history.add(look)
        self._forgetful = False

    def _forgot(self, why: Failure) -> None:
        # The next second is another try, and the log has a line for the first of them.
        if not self._forgetful:
            COUNTING_FAILED.failed(_log, why, what="remembering the last second")
        self._forgetful = True

    async def _metrics(self, _: Request) -> Said:
        look = await self._source.look(deep=True)
        reloads = self.journal.counts["reloaded"]
        collector = Collector(look, self._source.started, reloads, VERSION, form())
        return HTTPStatus.OK, CONTENT_TYPE, exposition(collector)

    async def _health(self, _: Request) -> Said:
        return inJson({"status": "up"})

    async def _readiness(self, _: Request) -> Said:
        reasons = figures.unready(await self._source.look(deep=False))
        status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
        return inJson({"ready": not reasons, "reasons": reasons}, status)
