"""
Ports that are bound when a service starts, or else the start fails.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import ServerFactory

from nuttwist.config import Listen
from nuttwist.net.adopting import Inherited, adoptPort
from nuttwist.reactors import Sockets


class ListeningService(Service):
    """
    Listens while it runs.

    @ivar port: the bound port, or L{None}.
    """

    def __init__(
        self,
        listen: Listen,
        factory: ServerFactory,
        sockets: Sockets,
        backlog: int = 512,
        inherited: Inherited | None = None,
    ) -> None:
        """
        @param inherited: the socket, when another process has bound it.
        """
        self._listen = listen
        self._inherited = inherited
        self._factory = factory
        self._sockets = sockets
        self._backlog = backlog
        self.port: IListeningPort | None = None

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

    async def _close(self) -> None:
        port, self.port = self.port, None
        closed = None if port is None else port.stopListening()
        if closed is not None:
            await closed

    def stopService(self) -> Deferred[None]:
        Service.stopService(self)
        return Deferred.fromCoroutine(self._close())

    def _bind(self) -> None:
        if self.port is not None:
            return
        listen = self._listen
        if self._inherited is not None:
            self.port = adoptPort(self._sockets, self._inherited, self._factory)
        elif listen.path:
            self.port = self._bindPath(listen.path, listen.mode)
        else:
            self.port = self._sockets.listenTCP(
                listen.port, self._factory, backlog=self._backlog, interface=listen.host
            )

    def _bindPath(self, path: str, mode: int | None) -> IListeningPort:
        removeStale(path)
        usual = os.umask(0o777)
        os.umask(usual)
        wanted = 0o777 & ~usual if mode is None else mode
        # With the umask there is no moment in which the socket is open to more than the mode.
        os.umask(0o777 & ~wanted)
        try:
            return self._sockets.listenUNIX(path, self._factory, backlog=self._backlog, mode=wanted)
        finally:
            os.umask(usual)


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
