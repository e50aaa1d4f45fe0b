"""
A plain conversation with a redis-server that is started for it.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from types import TracebackType

from tests.e2e.servers import HOST, startRedis

#: What RESP2 can say: a status and an error keep their first byte.
Reply = bytes | int | None | list["Reply"]


class Conversation:
    """
    A redis-server of its own, and a connection to it.
    """

    def __enter__(self) -> Conversation:  # noqa: PYI034  # typing has no Self in Python 3.10
        self._server = startRedis()
        self._socket = socket.create_connection((HOST, self._server.port))
        self._file = self._socket.makefile("rb")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        self._socket.close()
        self._server.close()

    def ask(self, *args: bytes) -> Reply:
        """
        Send a command and wait for its reply.
        """
        self._socket.sendall(_written(args))
        return self._read()

    def _read(self) -> Reply:
        line = self._file.readline()[:-2]
        if line[:1] in b"+-":
            return line
        number = int(line[1:])
        if line[:1] == b":":
            return number
        if number < 0:
            return None
        if line[:1] == b"$":
            return self._file.read(number + 2)[:-2]
        return [self._read() for _ in range(number)]


def _written(args: Sequence[bytes]) -> bytes:
    words = [b"$%d\r\n%s\r\n" % (len(each), each) for each in args]
    return b"*%d\r\n%s" % (len(args), b"".join(words))
