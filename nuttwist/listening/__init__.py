"""
Ports that are bound when a service starts, or else the start fails.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import attrs
from twisted.application.service import Service
from twisted.internet import tcp
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.fdesc import setNonBlocking
from twisted.internet.interfaces import IAddress, IListeningPort, IProtocolFactory
from twisted.internet.main import CONNECTION_DONE
from twisted.internet.protocol import ServerFactory
from twisted.logger import Logger
from twisted.python.failure import Failure

from nuttwist.config import Listen, SettingError
from nuttwist.config.credentials import isEncrypted
from nuttwist.config.endpoint import Endpoint, readEndpoint
from nuttwist.listening.refusal import NoListener
from nuttwist.logs.events import LISTENING, NOT_LISTENING, Event
from nuttwist.net.addresses import placeOf
from nuttwist.net.adopting import Inherited, adoptPort
from nuttwist.reactors import Sockets

_log = Logger(namespace="nuttwist.listening")

#: The host of an endpoint that names none, by its kind.
ANYWHERE: Mapping[str, str] = {"tcp": "0.0.0.0", "ssl": "0.0.0.0", "tcp6": "::"}  # noqa: S104  as in Twisted


class Door(ServerFactory):
    """
    Where those who connect are let in. It may be somebody else's door later.

    @ivar leadsTo: makes their protocols.
    @ivar shown: how their connections are encrypted, where they are.
    """

    noisy = False

    def __init__(self, leadsTo: ServerFactory, shown: Any = None) -> None:
        self.leadsTo = leadsTo
        self.shown = shown

    def logPrefix(self) -> str:
        return type(self.leadsTo).__name__

    def buildProtocol(self, addr: IAddress | None) -> Any:
        return self.leadsTo.buildProtocol(addr)


class ListeningService(Service):
    """
    Listens while it runs.

    @ivar listen: where.
    @ivar label: who.
    @ivar port: the bound port, or L{None}.
    """

    def __init__(
        self,
        listen: Listen,
        factory: ServerFactory,
        sockets: Sockets,
        label: str,
        backlog: int = 512,
        inherited: Inherited | None = None,
        shown: Any = None,
    ) -> None:
        """
        @param label: who listens, for the log.
        @param inherited: the socket, when another process has bound it.
        @param shown: for an C{ssl:} endpoint, see L{nuttwist.config.credentials.Credentials}.
        @raise nuttwist.config.SettingError: the socket of a C{systemd:} endpoint was not passed.
        """
        self.listen = listen
        self.label = label
        # Of a socket that another process of the proxy has bound, that one tells.
        self._tells = inherited is None
        # Looked for now: a process that becomes a daemon gets another number.
        isPassed = inherited is None and listen.endpoint.startswith("systemd:")
        self._inherited = passedSocket(listen, label) if isPassed else inherited
        self._door = door = Door(factory, shown)
        self._factory = (
            encrypted(door, lambda: door.shown, sockets) if isEncrypted(listen) else door
        )
        self._sockets = sockets
        self._backlog = backlog
        self.port: IListeningPort | None = None
        self._closed: Deferred[Any] = succeed(None)

    def show(self, shown: Any) -> None:
        """
        Encrypt in this way what is accepted from now on.
        """
        self._door.shown = shown

    def privilegedStartService(self) -> None:
        """
        Bind, while the process may still have the right to.

        @raise CannotListenError: the address is taken or is not to be had.
        """
        Service.privilegedStartService(self)
        self.bind()

    def startService(self) -> None:
        self.bind()
        Service.startService(self)

    async def close(self) -> None:
        """
        Listen no more, until it is bound again; it is over when the address is free.
        """
        port, self.port = self.port, None
        if port is not None:
            self._tell(NOT_LISTENING, port)
            self._closed = Deferred.fromCoroutine(stopped(port))
        await self._closed

    def stopService(self) -> Deferred[None]:
        Service.stopService(self)
        return Deferred.fromCoroutine(self.close())

    def bind(self) -> None:
        """
        Listen from now on, unless it does already.

        @raise CannotListenError: the address is taken or is not to be had.
        """
        if self.port is not None:
            return
        try:
            self.port = self._bound()
        except CannotListenError as error:
            raise NoListener(self.label, error) from None
        self._tell(LISTENING, self.port)

    def _bound(self) -> IListeningPort | None:
        listen = self.listen
        if self._inherited is not None:
            return adoptPort(self._sockets, self._inherited, self._factory)
        if listen.endpoint:
            return self._bindEndpoint(readEndpoint(listen.endpoint))
        if listen.path:
            return self._bindPath(listen.path, listen.mode, self._backlog)
        return self._bindPort(listen.host, listen.port, self._backlog)

    def _tell(self, what: Event, port: IListeningPort | None) -> None:
        if self._tells and port is not None:
            what(_log, listener=self.label, address=placeOf(port.getHost()))

    def mayTakeOver(self, other: ListeningService) -> bool:
        """
        Whether the port of the other one is where this one is to listen.
        """
        here, there = (attrs.evolve(each.listen, mode=None) for each in (self, other))
        return here == there and self._inherited is None and other.port is not None

    def permit(self, other: ListeningService) -> None:
        """
        Give the socket of another one, which is at the same path, the permissions of this one.

        @raise CannotListenError: that may not be, or somebody has removed the path.
        """
        if self.listen.mode == other.listen.mode:
            return
        try:
            Path(self.listen.path).chmod(_modeOr(self.listen.mode))
        except OSError as error:
            refused = CannotListenError("", self.listen.path, error)
            raise NoListener(self.label, refused) from None

    def takeOver(self, other: ListeningService) -> None:
        """
        Listen on the port of another one, which goes on without. Nobody who connects meanwhile is
        turned away.
        """
        port: Any = other.port
        self.port, other.port = port, None
        mine, self._door = self._door, other._door
        self._door.leadsTo, self._door.shown = mine.leadsTo, mine.shown
        if self._backlog != other._backlog:
            port.socket.listen(self._backlog)
        self._tell(LISTENING, port)

    def _bindEndpoint(self, endpoint: Endpoint) -> IListeningPort:
        settings, backlog = endpoint.settings, endpoint.backlog(self._backlog)
        if endpoint.kind == "unix":
            return self._bindPath(settings["address"], int(settings.get("mode", "666"), 8), backlog)
        host = settings.get("interface", ANYWHERE[endpoint.kind])
        return self._bindPort(host, int(settings["port"]), backlog)

    def _bindPort(self, host: str, port: int, backlog: int) -> IListeningPort:
        return self._sockets.listenTCP(port, self._factory, backlog=backlog, interface=host)

    def _bindPath(self, path: str, mode: int | None, backlog: int) -> IListeningPort:
        removeStale(path)
        wanted = _modeOr(mode)
        # With the umask there is no moment in which the socket is open to more than the mode.
        usual = os.umask(0o777 & ~wanted)
        try:
            return self._sockets.listenUNIX(path, self._factory, backlog=backlog, mode=wanted)
        finally:
            os.umask(usual)


async def stopped(port: Any) -> None:
    """
    Listen no more, also where somebody has removed the path of the socket: Twisted then gives up
    halfway.
    """
    try:
        await maybeDeferred(port.stopListening)
    except FileNotFoundError:
        tcp.Port.connectionLost(port, Failure(CONNECTION_DONE))


def _modeOr(mode: int | None) -> int:
    """
    The permissions of a socket, by the umask if they are not said.
    """
    usual = os.umask(0o777)
    os.umask(usual)
    return 0o777 & ~usual if mode is None else mode


def encrypted(factory: IProtocolFactory, shown: Callable[[], Any], clock: Any) -> ServerFactory:
    """
    Have those who connect speak TLS.

    @param shown: how, asked for each of them.
    """
    from nuttwist.net.encryption import Encryption  # noqa: PLC0415  needs an extra

    wrapped: Any = Encryption(factory, shown, clock)
    return cast(ServerFactory, wrapped)


def passedSocket(listen: Listen, pool: str) -> Inherited:
    """
    Find the listening socket that systemd, or whoever started the process, has passed.

    @param listen: with a C{systemd:} endpoint.
    @param pool: the name of the pool that listens there.
    @raise nuttwist.config.SettingError: it is not among those that were passed.
    """
    try:
        # Twisted has read what was passed, and keeps it; the endpoint is not to do the listening,
        # as it would close the socket for the next start.
        endpoint: Any = serverFromString(None, listen.endpoint)
    except LookupError:
        allowed = "a socket that was passed to this process (sd_listen_fds(3))"
        raise SettingError("listen", listen.endpoint, allowed, pool) from None
    setNonBlocking(endpoint.fileno)
    return Inherited(endpoint.fileno)


def removeStale(path: str) -> None:
    """
    Remove a socket that a dead process has left behind, and nothing else.

    @raise CannotListenError: what is there is no socket, or somebody listens on it.
    """
    place = Path(path)
    if not place.exists():
        return
    if not place.is_socket():
        raise CannotListenError("", path, "a file that is no socket is in the way")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            place.unlink()
            return
        except OSError as unexpected:
            raise CannotListenError("", path, unexpected) from None
    raise CannotListenError("", path, "another process listens there")
