"""
What stands before every resource: who may ask, by which name, and how much.
"""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request, Site

from nuttwist.http.answering import Everywhere, Said, Wrong

#: Bytes of a request's body.
BODY_MAX = 4096

#: Connections at a time, and seconds that one may be silent.
CONNECTIONS_MAX = 128
SILENCE = 60

HEADERS = (
    (b"Cache-Control", b"no-store"),
    (b"X-Content-Type-Options", b"nosniff"),
    (b"X-Frame-Options", b"DENY"),
    (b"Referrer-Policy", b"no-referrer"),
    (
        b"Content-Security-Policy",
        b"default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'",
    ),
)

TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def nameIn(host: str) -> str:
    """
    The name or address of a C{Host} header, without its port.
    """
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower().rstrip(".")


def isLoopback(name: str) -> bool:
    """
    True for what can only be this machine.
    """
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


class BoundedRequest(Request):
    """
    A request whose body is small; one that is not is answered at once, and does nothing.
    """

    _refused = False

    def handleContentChunk(self, data: bytes) -> None:
        assert self.content is not None
        if self._refused or self.content.tell() + len(data) > BODY_MAX:
            self._refuse()
        else:
            Request.handleContentChunk(self, data)

    def _refuse(self) -> None:
        if not self._refused and self.channel is not None:
            self._refused = True
            self.channel.write(TOO_LARGE)
            self.channel.loseConnection()

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        if not self._refused:
            Request.requestReceived(self, command, path, version)


class Connections(WrappingFactory[ProtocolWrapper]):
    """
    The connections of a site: not too many, and all gone when it ends.
    """

    noisy = False

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._whenEmpty: list[Deferred[None]] = []

    def buildProtocol(  # type: ignore[override]  # Twisted allows None, its wrapper forgets
        self, addr: IAddress | None
    ) -> ProtocolWrapper | None:
        if len(self.protocols) >= CONNECTIONS_MAX:
            return None
        return super().buildProtocol(addr)

    def unregisterProtocol(self, protocol: ProtocolWrapper) -> None:
        super().unregisterProtocol(protocol)
        self._tellIfEmpty()

    def abort(self) -> Deferred[None]:
        """
        Close all of them at once.

        @return: fires when none is left.
        """
        empty: Deferred[None] = Deferred()
        self._whenEmpty.append(empty)
        for each in list(self.protocols):
            each.abortConnection()
        self._tellIfEmpty()
        return empty

    def _tellIfEmpty(self) -> None:
        if not self.protocols:
            waiting, self._whenEmpty = self._whenEmpty, []
            for each in waiting:
                each.callback(None)


class GuardedSite(Site):
    """
    Answers only who asks for this machine by a name of its own. A web page that has its name
    lead here (DNS rebinding) asks by that name.
    """

    noisy = False

    def __init__(self, root: IResource, hosts: Collection[str], reactor: Any) -> None:
        """
        @param hosts: further names that are allowed, in lower case.
        """
        Site.__init__(self, root, BoundedRequest, timeout=SILENCE, reactor=reactor)
        self._hosts = hosts

    def log(self, request: object) -> None:
        """
        Requests are not logged: those of Prometheus alone would fill it.
        """

    def getResourceFor(self, request: Request) -> Resource:
        for name, value in HEADERS:
            request.setHeader(name, value)
        if not self._isOurs(request):
            return Everywhere(_misdirected)
        found: Resource = Site.getResourceFor(self, request)
        return found

    def _isOurs(self, request: Request) -> bool:
        host = (request.getHeader(b"host") or b"").decode("latin-1")
        name = nameIn(host)
        local = getattr(request.getHost(), "host", None)
        if local is None:
            # A unix socket: no web page gets there.
            return True
        return isLoopback(name) or name in self._hosts or name == local


async def _misdirected(_: Request) -> Said:
    raise Wrong(
        HTTPStatus.MISDIRECTED_REQUEST,
        "the Host header must be an address of this machine, 'localhost', or a name given with"
        " --http-host",
    )
