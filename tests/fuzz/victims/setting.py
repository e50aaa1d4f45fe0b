"""The processes: real servers, and a real proxy before them."""

from __future__ import annotations

import json
import socket
import ssl
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import attrs
from twisted.internet.endpoints import TCP4ClientEndpoint, wrapClientTLS
from twisted.internet.ssl import Certificate, optionsForClientTLS

from tests.e2e.command import SECONDS, TWISTD, exchange, untilClosed
from tests.e2e.front import encrypted
from tests.e2e.proxy import poolText
from tests.e2e.servers import (
    HOST,
    RealServer,
    freePort,
    startMemcached,
    startRedis,
    startTLSRedis,
)
from tests.rig.authority import Authority

MEBIBYTE = 1 << 20

#: One connection to each server, and bounds that are reached.
KEYS = (
    "hash: md5",
    "server_connections: 1",
    "timeout: 10000",
    f"item_size_max: {MEBIBYTE}",
    f"client_bytes_max: {MEBIBYTE}",
)


@attrs.frozen
class Choice:
    """
    What is run.

    @ivar compiled: the folder of an unpacked wheel; None for the tree.
    """

    dialect: str
    servers: int = 2
    workers: int = 1
    tls: bool = False
    compiled: Path | None = None
    keys: tuple[str, ...] = ()


class _Proxy(RealServer):
    """
    The command, with one pool.

    @ivar port: of the pool.
    """

    def __init__(self, text: str, folder: Path, port: int, choice: Choice) -> None:
        self.statsPort = freePort()
        path = folder / "victims.yml"
        path.write_text(text)
        # The tree is on the path by a file of the environment, which comes behind this.
        form = ["env", f"PYTHONPATH={choice.compiled}"] if choice.compiled else []
        place = ["-c", str(path), "-a", HOST, "-s", str(self.statsPort)]
        place += [f"--workers={choice.workers}"] if choice.workers > 1 else []
        command = [*form, *TWISTD, "-n", "--pidfile=", "nutproxy", *place]
        RealServer.__init__(self, command, port, self.statsPort)

    def counters(self) -> dict[str, Any]:
        """Those of the pool."""
        with socket.create_connection((HOST, self.statsPort), SECONDS) as client:
            return json.loads(untilClosed(client))["pool"]


class Setting:
    """
    All processes.

    @ivar proxy: the command.
    @ivar form: as the proxy's log has it.
    """

    def __init__(self, stack: ExitStack, folder: Path, choice: Choice) -> None:
        self._choice = choice
        self._authority = Authority(folder) if choice.tls else None
        self._context: ssl.SSLContext | None = None
        self._servers = [stack.enter_context(self._server()) for _ in range(choice.servers)]
        self._before = [self._connections(each) for each in self._servers]
        port = freePort()
        self.proxy = stack.enter_context(_Proxy(self._text(port), folder, port, choice))
        self.form = "compiled" if "compiled core" in self.proxy.log() else "pure"

    @property
    def _isRedis(self) -> bool:
        return self._choice.dialect == "redis"

    def _server(self) -> RealServer:
        if not self._isRedis:
            return startMemcached("-m", "256")
        if self._authority is None:
            return startRedis("--proto-max-bulk-len", "1mb")
        return startTLSRedis(*self._authority.sign(HOST), self._authority.path, "no")

    def _text(self, port: int) -> str:
        keys = [*KEYS, *self._choice.keys, *(["redis: true"] if self._isRedis else [])]
        if self._authority is not None and self._isRedis:
            keys += ["tls: true", f"tls_ca: {self._authority.path}"]
        text = poolText(port, self._servers, *keys)
        if self._authority is None:
            return text
        endpoint, self._context = encrypted(self._authority)
        return text.replace(
            f"listen: {HOST}:{port}", f"listen: {endpoint}".replace("PORT", f"{port}")
        )

    def endpoint(self, reactor: Any) -> Any:
        """Where clients connect, in the clear or not."""
        plain = TCP4ClientEndpoint(reactor, HOST, self.proxy.port)
        if self._authority is None:
            return plain
        trusted = Certificate.loadPEM(self._authority.path.read_bytes())
        return wrapClientTLS(optionsForClientTLS(HOST, trustRoot=trusted), plain)

    def made(self) -> list[int]:
        """How many connections the proxy has made to each server."""
        pairs = zip(self._servers, self._before, strict=True)
        return [self._connections(server) - before - 1 for server, before in pairs]

    def _connections(self, server: RealServer) -> int:
        """How many a server has had, this one included."""
        with socket.create_connection((HOST, server.port), SECONDS) as plain:
            client = plain
            if self._authority is not None and self._isRedis:
                context = ssl.create_default_context(cafile=str(self._authority.path))
                client = context.wrap_socket(plain, server_hostname=HOST)
            if self._isRedis:
                told = exchange(client, b"INFO stats\r\nECHO over\r\n", b"over\r\n")
                return int(told.split(b"total_connections_received:")[1].split()[0])
            told = exchange(client, b"stats\r\n", b"END\r\n")
            return int(told.split(b"STAT total_connections ")[1].split()[0])
