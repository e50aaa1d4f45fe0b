"""
Which servers of a pool stay when its configuration changes.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from nuttwist.config import ServerConfig
from nuttwist.distributor.server import Server
from nuttwist.net.backend import Backend


def _identity(config: ServerConfig) -> tuple[str, str]:
    return config.name, config.address


@attrs.frozen
class Succession:
    """
    From some servers to others. A server is the same with the same name and address; its weight
    and its place in the pool may change.

    @ivar places: each line of the new configuration, with the server that there was before.
    @ivar gone: the servers that are in none of them.
    """

    places: Sequence[tuple[ServerConfig, Server | None]]
    gone: Sequence[Server]

    @classmethod
    def between(cls, servers: Sequence[Server], configs: Sequence[ServerConfig]) -> Succession:
        """
        Find out who stays, and tell them their lines and places.
        """
        known = {_identity(each.config): each for each in servers}
        places = [(each, known.pop(_identity(each), None)) for each in configs]
        for index, (config, server) in enumerate(places):
            if server is not None:
                server.place(config, index)
        return cls(places, list(known.values()))

    def old(self, *, differs: bool) -> list[Backend]:
        """
        Part with the connections that have to go.

        @param differs: those of servers that stay have to go too.
        """
        old = [backend for server in self.gone for backend in server.leave()]
        if differs:
            old += [backend for server in self.kept() for backend in server.renew()]
        return old

    def kept(self) -> list[Server]:
        """
        The servers that stay.
        """
        return [server for _, server in self.places if server is not None]
