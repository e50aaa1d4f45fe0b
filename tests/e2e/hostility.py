"""
What the tests of hostile clients have in common: how much memory the proxy takes, and clients who
mean well and see to it that they are served meanwhile.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.e2e.command import SECONDS
from tests.e2e.proxy import Proxy

MEBIBYTE = 1 << 20


class Memory:
    """
    The memory of a process, as the system counts it.
    """

    def __init__(self, proxy: Proxy) -> None:
        self._folder = Path(f"/proc/{proxy.pid}")
        # The peak begins anew at what there is (proc(5), clear_refs).
        (self._folder / "clear_refs").write_text("5")
        self._before = self._read("VmRSS")

    def _read(self, name: str) -> int:
        status = (self._folder / "status").read_text()
        found = re.search(rf"^{name}:\s+(\d+) kB$", status, re.MULTILINE)
        assert found is not None, status
        return int(found[1]) * 1024

    def grown(self) -> int:
        """How many bytes more it takes than at first."""
        return self._read("VmRSS") - self._before

    def peak(self) -> int:
        """How many bytes more it took, at its worst."""
        return self._read("VmHWM") - self._before


def answered(client: socket.socket, request: bytes, size: int) -> bytes:
    """Send a request and wait for so many bytes, or for the end."""
    client.sendall(request)
    return heard(client, size)


def heard(client: socket.socket, size: int) -> bytes:
    """Wait for so many bytes, or for the end."""
    pieces: list[bytes] = []
    while size > 0:
        piece = client.recv(min(size, MEBIBYTE))
        if not piece:
            break
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def untilEnd(client: socket.socket) -> bytes:
    """Everything until the other side closes or resets."""
    pieces: list[bytes] = []
    try:
        while piece := client.recv(MEBIBYTE):
            pieces.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(pieces)


def pushed(client: socket.socket, data: bytes) -> bool:
    """
    Send all of it to somebody who may close.

    @return: whether it was taken to the last byte.
    """
    try:
        client.sendall(data)
    except ConnectionError:
        return False
    return True


class _Bystander(threading.Thread):
    """Writes and reads values that carry its own name, until it is told to stop."""

    def __init__(self, proxy: Proxy, redis: bool, number: int) -> None:
        super().__init__(daemon=True)
        self._proxy = proxy
        self._exchange = self._redis if redis else self._memcached
        self._name = b"bystander%d" % number
        self.over = threading.Event()
        self.rounds = 0
        self.wrong: list[bytes | str] = []

    def run(self) -> None:
        try:
            with closing(self._proxy.connect()) as client:
                # The test may be over sooner than this thread has begun.
                while not (self.rounds and self.over.is_set()) and not self.wrong:
                    self._exchange(client, b"%s:%d" % (self._name, self.rounds))
                    self.rounds += 1
        except OSError as failure:
            self.wrong.append(repr(failure))

    def _expect(self, client: socket.socket, request: bytes, reply: bytes) -> None:
        got = answered(client, request, len(reply))
        if got != reply:
            self.wrong.append(got)

    def _memcached(self, client: socket.socket, value: bytes) -> None:
        name, size = self._name, len(value)
        self._expect(client, b"set %s 0 0 %d\r\n%s\r\n" % (name, size, value), b"STORED\r\n")
        found = b"VALUE %s 0 %d\r\n%s\r\nEND\r\n" % (name, size, value)
        self._expect(client, b"get %s\r\n" % name, found)

    def _redis(self, client: socket.socket, value: bytes) -> None:
        name, size = self._name, len(value)
        self._expect(client, b"SET %s %s\r\n" % (name, value), b"+OK\r\n")
        self._expect(client, b"GET %s\r\n" % name, b"$%d\r\n%s\r\n" % (size, value))


@contextmanager
def bystanders(proxy: Proxy, redis: bool = False) -> Iterator[None]:
    """Have others be served meanwhile, each with its own values; fail if one of them is not."""
    threads = [_Bystander(proxy, redis, number) for number in range(3)]
    for each in threads:
        each.start()
    try:
        yield
    finally:
        for each in threads:
            each.over.set()
            each.join(2 * SECONDS)
    assert [each.wrong for each in threads] == [[]] * 3
    assert all(each.rounds > 0 for each in threads)
