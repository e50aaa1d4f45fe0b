"""
Requests for very many keys: those of real clients work, and those that mean harm take no more
memory than docs/limits.md says, whatever the servers do meanwhile.
"""

from __future__ import annotations

import itertools
import socket
import string
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import attrs
import pytest

from nuttwist.ring.distributions import RingServer
from nuttwist.ring.ring import Ring
from tests.e2e.command import SECONDS
from tests.e2e.hostility import MEBIBYTE, Memory, answered, heard, untilEnd
from tests.e2e.proxy import Proxy
from tests.e2e.servers import HOST, startMemcached

CLIENT_BYTES = LARGEST = MEBIBYTE
KEYS = ("hash: md5", f"client_bytes_max: {CLIENT_BYTES}", f"item_size_max: {LARGEST}")

#: What reading one line of 1 MiB takes for a moment, beside what is kept of it: only one is read at
#: a time. One client alone costs 7 to 10 MiB at its worst, eight 33 to 38 in all.
MOMENT = 10 * MEBIBYTE

LETTERS = string.ascii_letters.encode()


@attrs.frozen
class Silent:
    """A server that takes all it is sent, and says nothing."""

    port: int


@contextmanager
def startSilent() -> Iterator[Silent]:
    """Have one until the end of the test."""

    def swallow(connection: socket.socket) -> None:
        with closing(connection):
            while connection.recv(MEBIBYTE):
                pass

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=swallow, args=(connection,), daemon=True).start()

    with closing(socket.create_server((HOST, 0))) as listening:
        threading.Thread(target=accept, daemon=True).start()
        try:
            yield Silent(listening.getsockname()[1])
        finally:
            listening.shutdown(socket.SHUT_RDWR)


def keysOf(number: int) -> Iterator[bytes]:
    """Keys of one of two servers."""
    ring = Ring([RingServer(b"s0", 1), RingServer(b"s1", 1)], "md5", "ketama", None)
    ring.rebuild([0, 1])
    return (
        key for key in (b"key%d" % each for each in itertools.count()) if ring.locate(key) == number
    )


def push(client: socket.socket, data: bytes) -> None:
    """Send it to somebody who does not take it all, until the connection is closed."""
    with suppress(OSError):
        client.settimeout(None)
        client.sendall(data)


def settled(proxy: Proxy) -> int:
    """How many parts of requests were sent to servers, when there come no more."""
    last, same, deadline = 0, 0, time.monotonic() + SECONDS
    while not last or same < 100:
        assert time.monotonic() < deadline
        now = int(proxy.stats()["pool"]["fragments"])
        same = same + 1 if now == last else 0
        last = now
    return last


def test_aGetOfTenThousandKeys(tmp_path: Path) -> None:
    """It is split, and answered in the order of the request."""
    keys = [b"key%d" % number for number in range(10_000)]
    with ExitStack() as started:
        servers = [started.enter_context(startMemcached()) for _ in range(2)]
        proxy = started.enter_context(Proxy(tmp_path, servers, "hash: md5"))
        client = started.enter_context(closing(proxy.connect()))
        client.sendall(b"".join(b"set %s 0 0 %d noreply\r\n%s\r\n" % (k, len(k), k) for k in keys))
        expected = b"".join(b"VALUE %s 0 %d\r\n%s\r\n" % (k, len(k), k) for k in keys) + b"END\r\n"
        assert answered(client, b"version\r\n", 9) == b"VERSION 1"
        client.recv(100)
        for _ in range(3):
            request = b"get " + b" ".join(keys) + b"\r\n"
            assert answered(client, request, len(expected)) == expected
        assert proxy.stats()["pool"]["fragments"] == 6


@pytest.mark.parametrize(("count", "verb"), [(1, b"get "), (1, b"get  "), (8, b"get ")])
def test_linesOfTinyKeys(tmp_path: Path, count: int, verb: bytes) -> None:
    """Each client may have about C{client_bytes_max} of them, however many objects they become."""
    tiny = [bytes(each) for each in itertools.product(LETTERS, repeat=2)]
    keys = itertools.islice(itertools.cycle(tiny), (MEBIBYTE - 5) // 3)
    line = verb + b" ".join(keys) + b"\r\n"
    with ExitStack() as started:
        servers = [started.enter_context(startSilent()) for _ in range(2)]
        proxy = started.enter_context(Proxy(tmp_path, servers, *KEYS))
        memory = Memory(proxy)
        clients = [started.enter_context(closing(proxy.connect())) for _ in range(count)]
        for each in clients:
            threading.Thread(target=push, args=(each, line * 8), daemon=True).start()
        assert 2 * count <= settled(proxy) <= 4 * count
        # Each holds a request of four times its line, and the line that comes next.
        assert memory.peak() < count * 5 * MEBIBYTE + MOMENT


def test_whatOneServerSaysWhileAnotherIsSilent(tmp_path: Path) -> None:
    """It is held for a reply that cannot leave, up to the bound of who asked for it."""
    large, (silent, *_) = list(itertools.islice(keysOf(0), 8)), itertools.islice(keysOf(1), 1)
    value = b"v" * (LARGEST - 1024)
    with ExitStack() as started:
        servers = [started.enter_context(startMemcached()), started.enter_context(startSilent())]
        proxy = started.enter_context(Proxy(tmp_path, servers, *KEYS))
        client = started.enter_context(closing(proxy.connect()))
        for key in large:
            request = b"set %s 0 0 %d\r\n%s\r\n" % (key, len(value), value)
            assert answered(client, request, 8) == b"STORED\r\n"
        memory = Memory(proxy)
        with closing(proxy.connect()) as greedy:
            greedy.sendall(b"get %s %s\r\n" % (b" ".join(large), silent) * 16)
            assert untilEnd(greedy) == b""
        # Sixteen times client_bytes_max, what has come since that was weighed, and one reply.
        assert memory.peak() < (16 + 8 + 8 + 8) * MEBIBYTE
        size = len(value) + len(b"VALUE %s 0 %d\r\n\r\nEND\r\n" % (large[0], len(value)))
        client.sendall(b"get %s\r\n" % large[0])
        assert len(heard(client, size)) == size
