"""
The proxy as a process of its own, for as long as a test wants it.

    with Proxy(tmp_path, servers, "auto_eject_hosts: true") as proxy:
        ...talk to 127.0.0.1, proxy.port...
        assert proxy.stats()["pool"]["server_ejects"] == 0

It is a server like memcached is one, so it starts, is held, killed and brought back in the same
way; its log is what it wrote.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.command import SECONDS, TWISTD, untilClosed
from tests.e2e.servers import HOST, RealServer, freePort


def poolText(port: int, servers: Iterable[RealServer], *keys: str, name: str = "pool") -> str:
    """
    Write the configuration of one pool, with servers named C{s0}, C{s1} and so on.

    @param port: where it listens.
    @param keys: further lines C{key: value}.
    """
    lines = [f"listen: {HOST}:{port}", *keys, "servers:"]
    lines += [f"  - {HOST}:{each.port}:1 s{number}" for number, each in enumerate(servers)]
    return "\n  ".join([f"{name}:", *lines]) + "\n"


class Proxy(RealServer):
    """
    One C{twistd -n nutproxy} with one pool.

    @ivar port: where the pool listens, on 127.0.0.1.
    @ivar statsPort: where the counters are told.
    """

    def __init__(
        self,
        folder: Path,
        servers: Iterable[RealServer],
        *keys: str,
        others: str = "",
        http: int | None = None,
        token: str | None = None,
    ) -> None:
        """
        Start it and wait until it listens.

        @param folder: where its configuration is written.
        @param servers: the pool's servers, which may be dead.
        @param keys: further lines of the pool, C{key: value}.
        @param others: the text of further pools.
        @param http: the port of its HTTP side, if it is to have one.
        @param token: who shows it there may steer servers.
        """
        port, self.statsPort = freePort(), freePort()
        path = folder / f"pool-{port}.yml"
        path.write_text(poolText(port, servers, *keys) + others)
        place = ["-c", str(path), "-a", HOST, "-s", str(self.statsPort)]
        place += [f"--http=tcp:{http}"] if http else []
        if token is not None:
            path.with_suffix(".token").write_text(token)
            place.append(f"--http-token-file={path.with_suffix('.token')}")
        command = [*TWISTD, "-n", "--pidfile=", "nutproxy", *place]
        # The last one that it binds.
        RealServer.__init__(self, command, port, http or self.statsPort)

    def stats(self) -> dict[str, Any]:
        """Ask for the counters, at the stats port."""
        with self.connect(self.statsPort) as client:
            return json.loads(untilClosed(client))

    def connect(self, port: int | None = None) -> socket.socket:
        """Open a plain connection, to the pool unless another port is given."""
        return socket.create_connection((HOST, port or self.port), timeout=SECONDS)

    def waitFor(self, isSo: Callable[[dict[str, Any]], bool]) -> None:
        """
        Ask for the counters until they are as wanted.

        @param isSo: judges the pool's counters.
        """
        deadline = time.monotonic() + SECONDS
        while not isSo(counters := self.stats()["pool"]):
            assert time.monotonic() < deadline, f"the counters stay {counters}"


@contextmanager
def watched(proxy: Proxy) -> Iterator[None]:
    """
    Have a test that fails show what the proxy wrote meanwhile, and fail one in whose time the
    proxy wrote a traceback.
    """
    before = len(proxy.log())
    yield
    wrote = proxy.log()[before:]
    sys.stderr.write(wrote)
    assert "Traceback" not in wrote
