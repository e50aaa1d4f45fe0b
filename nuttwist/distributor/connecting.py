"""
How connections to servers are started: by path, by address or by name, plainly or with TLS.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IConnector
from twisted.internet.protocol import ClientFactory

from nuttwist.config import PoolConfig, ServerConfig
from nuttwist.config.credentials import Credentials, certificateName
from nuttwist.config.rules import numericHost
from nuttwist.net.attempt import Attempt, Wrapping, plainly
from nuttwist.reactors import Sockets

#: Starts a connection for a factory, with so many seconds for all of it.
Connect = Callable[[ClientFactory, float], IConnector]


def connectTo(
    server: ServerConfig,
    pool: PoolConfig,
    sockets: Sockets,
    credentials: Callable[[], Credentials],
) -> Connect:
    """
    How a connection to a server of a pool is started.

    @param credentials: asked for each connection with TLS.
    """
    if server.path:
        return lambda factory, timeout: sockets.connectUNIX(server.path, factory, timeout)
    isNumeric = numericHost(server.host) is not None
    if isNumeric and not pool.tls:
        # Twisted's own connector has nothing to add to.
        return lambda factory, timeout: sockets.connectTCP(
            server.host, server.port, factory, timeout
        )
    wrapping = _securing(server, pool, sockets, credentials) if pool.tls else plainly
    return lambda factory, timeout: Attempt(
        server.host, server.port, factory, sockets, wrapping
    ).start(isNumeric, timeout)


def _securing(
    server: ServerConfig,
    pool: PoolConfig,
    sockets: Sockets,
    credentials: Callable[[], Credentials],
) -> Wrapping:
    from nuttwist.net.handshake import securing  # noqa: PLC0415  needs an extra

    name = pool.tls_name or server.host
    return securing(lambda: credentials().towards, certificateName(name), name, sockets)
