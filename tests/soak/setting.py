"""The proxy and its servers, and the two configurations that take turns."""

from __future__ import annotations

import json
import os
import signal
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.e2e.command import SECONDS, TWISTD, untilClosed
from tests.e2e.servers import HOST, RealServer, freePort, startMemcached, startRedis

POOLS = {"memcached": startMemcached, "redis": startRedis}
KEYS = {
    "memcached": ("auto_eject_hosts: true", "server_failure_limit: 2"),
    "redis": ("redis: true", "server_connections: 2"),
}
#: What differs: the number of servers, and these keys.
TURNS = (
    (3, ("timeout: 400", "server_retry_timeout: 1000")),
    (4, ("timeout: 600", "server_retry_timeout: 1500")),
)
SERVERS = max(count for count, _ in TURNS)


class SoakProxy(RealServer):
    """
    A proxy with two pools, and at times a third that nobody uses.

    @ivar ports: of the pools, by dialect.
    """

    def __init__(self, folder: Path, servers: dict[str, list[RealServer]]) -> None:
        self.ports = {kind: freePort() for kind in POOLS}
        self.statsPort = freePort()
        self._idlePort = freePort()
        self._servers = servers
        self._path = folder / "soak.yml"
        self._turn = 0
        self._write()
        place = ["-c", str(self._path), "-a", HOST, "-s", str(self.statsPort)]
        command = [*TWISTD, "-n", "--pidfile=", "nutproxy", *place]
        RealServer.__init__(self, command, self.ports["redis"], self.statsPort)

    def reload(self) -> None:
        """Have it read the other configuration."""
        self._turn = 1 - self._turn
        self._write()
        os.kill(self.pid, signal.SIGHUP)

    def stats(self) -> dict[str, Any]:
        """Ask for its counters."""
        with socket.create_connection((HOST, self.statsPort), SECONDS) as client:
            return json.loads(untilClosed(client))

    def _write(self) -> None:
        count, keys = TURNS[self._turn]
        text = "".join(
            self._pool(kind, self.ports[kind], servers[:count], *KEYS[kind], *keys)
            for kind, servers in self._servers.items()
        )
        if self._turn:
            text += self._pool("idle", self._idlePort, self._servers["memcached"][:1])
        fresh = self._path.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(self._path)

    def _pool(self, name: str, port: int, servers: list[RealServer], *keys: str) -> str:
        lines = [f"{name}:", f"listen: {HOST}:{port}", *keys, "servers:"]
        lines += [f"  - {HOST}:{each.port}:1 s{number}" for number, each in enumerate(servers)]
        return "\n  ".join(lines) + "\n"


class Setting:
    """
    All processes.

    @ivar servers: by dialect.
    """

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.servers = {
            kind: [stack.enter_context(start()) for _ in range(SERVERS)]
            for kind, start in POOLS.items()
        }
        self.proxy = stack.enter_context(SoakProxy(folder, self.servers))
