"""Store every key that redis-benchmark asks for, through a proxy."""

from __future__ import annotations

import socket

from benchmarks.cases import Case
from benchmarks.loads import LoadFailed

BATCH = 500


def fill(case: Case, port: int) -> None:
    """
    SET the case's keys to values of its size.

    @raise LoadFailed: a SET was not answered with OK.
    """
    value = b"x" * case.valueSize
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for first in range(0, case.keys, BATCH):
            batch = range(first, min(first + BATCH, case.keys))
            connection.sendall(b"".join(_set(key, value) for key in batch))
            _await(connection, b"+OK\r\n" * len(batch))


def _set(number: int, value: bytes) -> bytes:
    # As redis-benchmark writes __rand_int__.
    words = (b"SET", b"key:%012d" % number, value)
    return b"*3\r\n" + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def _await(connection: socket.socket, expected: bytes) -> None:
    got = b""
    while len(got) < len(expected):
        data = connection.recv(65536)
        got += data
        if not data or not expected.startswith(got):
            raise LoadFailed(f"a SET was answered {got[-80:]!r}")
