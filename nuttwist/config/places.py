"""
Where things are: the address that a pool listens on, and the servers behind it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Protocol, TypeVar

import attrs

from nuttwist.config import rules
from nuttwist.config.endpoint import readEndpoint
from nuttwist.config.rules import SettingError

KETAMA_PORT = 11211
"""The port that twemproxy, after libmemcached, leaves out of a server's name."""

ONE_PLACE = "either host and port, or path"

_Item = TypeVar("_Item", bound=Hashable)


class Named(Protocol):
    """What has a place in twemproxy's internal order: a pool or a server."""

    @property
    def nameBytes(self) -> bytes:
        """The name that decides the place."""


def internalOrder(named: Named) -> tuple[int, bytes]:
    """
    The sort key that twemproxy orders servers and pools by: shorter names first, equal lengths by
    bytes. modula indexes this order, ketama breaks ties by it, statistics print it.
    """
    return len(named.nameBytes), named.nameBytes


def repeated(items: Iterable[_Item]) -> Iterator[tuple[int, int]]:
    """Find what was there before: the index of each such item, and the index of its first twin."""
    first: dict[_Item, int] = {}
    for index, item in enumerate(items):
        if first.setdefault(item, index) != index:
            yield index, first[item]


def _address(host: str, port: int, path: str) -> str:
    return path or (f"[{host}]:{port}" if ":" in host else f"{host}:{port}")


def _nameByAddress(server: ServerConfig) -> str:
    if server.path:
        return f"{server.path}:"
    return server.host if server.port == KETAMA_PORT else f"{server.host}:{server.port}"


@attrs.frozen
class ServerConfig:
    """
    One server of a pool.

    @ivar host: a host name or a numeric address without brackets; empty for a unix socket. Names
        are not looked up here.
    @ivar port: 1 to 65535; 0 for a unix socket.
    @ivar path: the absolute path of a unix socket, at most 107 bytes; empty for TCP.
    @ivar weight: its share of the keys relative to the others, 1 or more.
    @ivar name: what routing hashes and statistics show; L{nameBytes} are its bytes, UTF-8 with
        C{surrogateescape}. Left out, it is what twemproxy makes of the address: C{host} for port
        11211, C{host:port} for others, C{path:}, colon included, for unix sockets.

    @raise SettingError: from the constructor, if a value is not allowed.
    """

    host: str = ""
    port: int = 0
    path: str = ""
    weight: int = 1
    name: str = attrs.Factory(_nameByAddress, takes_self=True)

    def __attrs_post_init__(self) -> None:
        _checkPlace(self, rules.TEXT, rules.PORT)
        rules.WEIGHT.check("weight", self.weight)
        rules.TEXT.check("name", self.name)

    @property
    def nameBytes(self) -> bytes:
        """The name as routing hashes it."""
        return self.name.encode("utf-8", "surrogateescape")

    @property
    def address(self) -> str:
        """Where it is, for people: C{127.0.0.1:11211}, C{[::1]:11211} or C{/path}."""
        return _address(self.host, self.port, self.path)


@attrs.frozen
class Listen:
    """
    Where a pool listens.

    @ivar host: a numeric address without brackets or a host name; empty for a unix socket.
    @ivar port: 1 to 65535, or 0 for one that the system chooses; 0 for a unix socket.
    @ivar path: the absolute path of a unix socket, at most 107 bytes; empty for TCP.
    @ivar mode: the permissions of the unix socket, C{None} to leave them to the umask.
    @ivar endpoint: one of Twisted's endpoint strings, in place of all the others; see
        L{nuttwist.config.endpoint}.

    @raise SettingError: from the constructor, if a value is not allowed.
    """

    host: str = ""
    port: int = 0
    path: str = ""
    mode: int | None = None
    endpoint: str = ""

    def __attrs_post_init__(self) -> None:
        if self.endpoint:
            self._checkEndpoint()
            return
        _checkPlace(self, rules.LISTEN_HOST, rules.LISTEN_PORT)
        rules.optional(rules.MODE).check("mode", self.mode)
        if self.mode is not None and not self.path:
            raise SettingError("mode", self.mode, "only with the path of a unix socket")

    def _checkEndpoint(self) -> None:
        readEndpoint(self.endpoint)
        others = self.host, self.port, self.path, self.mode
        if others != ("", 0, "", None):
            raise SettingError("address", others, "nothing besides endpoint")

    @property
    def address(self) -> str:
        """Where it is, for people: C{127.0.0.1:22121}, C{[::1]:22121}, C{/path} or the endpoint."""
        return self.endpoint or _address(self.host, self.port, self.path)


def _checkPlace(place: ServerConfig | Listen, host: rules.Rule, port: rules.Rule) -> None:
    if bool(place.host) == bool(place.path) or (place.path and place.port):
        raise SettingError("address", (place.host, place.port, place.path), ONE_PLACE)
    if place.path:
        rules.SOCKET_PATH.check("path", place.path)
    else:
        host.check("host", place.host)
        port.check("port", place.port)
