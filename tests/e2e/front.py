"""
A proxy whose one pool listens on an endpoint.
"""

from __future__ import annotations

import os
import re
import signal
import ssl
from pathlib import Path

import pytest

from tests.e2e.command import TWISTD
from tests.e2e.servers import HOST, RealServer, freePort
from tests.rig.authority import Authority

#: Options of the command: one process, and several.
WAYS = pytest.mark.parametrize("options", [(), ("--workers=2",)], ids=["alone", "workers"])


class Front(RealServer):
    """
    A proxy whose one pool listens on an endpoint.

    @ivar port: one that the endpoint may have.
    """

    def __init__(
        self,
        folder: Path,
        server: str,
        endpoint: str,
        *keys: str,
        options: tuple[str, ...] = (),
        before: tuple[str, ...] = (),
        last: int | None = None,
    ) -> None:
        """
        Start it and wait until it listens everywhere.

        @param server: the pool's line of C{servers}.
        @param endpoint: PORT in it stands for the port.
        @param keys: further lines of the pool.
        @param options: further ones of the command.
        @param before: a program that starts it, with its first arguments; PORT as in C{endpoint}.
        @param last: the port that it binds last, if that is not the one of the statistics.
        """
        port, stats = freePort(), freePort()
        lines = [f"listen: {endpoint}", *keys, "servers:", f"  - {server}"]
        path = folder / f"front-{port}.yml"
        path.write_text("\n  ".join(["pool:", *lines]).replace("PORT", f"{port}") + "\n")
        place = ["-c", str(path), "-a", HOST, "-s", str(stats), *options]
        command = [*before, *TWISTD, "-n", "--pidfile=", "nutproxy", *place]
        self._reloaded = re.compile(rf"{path} is (in force|refused)|nothing changed$", re.MULTILINE)
        super().__init__([word.replace("PORT", f"{port}") for word in command], port, last or stats)

    def place(self, endpoint: str) -> str:
        """An endpoint as it stands in the file."""
        return endpoint.replace("PORT", f"{self.port}")

    def reload(self) -> str:
        """Have it read its file again, and give what it says meanwhile."""
        since = len(self.log())
        os.kill(self.pid, signal.SIGHUP)
        return self.untilSaid(self._reloaded, since)


def encrypted(authority: Authority) -> tuple[str, ssl.SSLContext]:
    """An endpoint for clients that speak TLS, and what such a client needs."""
    certificate, key = authority.sign(HOST, file="front")
    context = ssl.create_default_context(cafile=str(authority.path))
    return f"ssl:PORT:interface={HOST}:privateKey={key}:certKey={certificate}", context
