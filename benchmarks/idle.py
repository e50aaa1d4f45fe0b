"""What clients cost that have been served once and then stay."""

from __future__ import annotations

import resource
import socket
from contextlib import ExitStack

from benchmarks.loads import LoadFailed
from benchmarks.meter import resident

#: More than the clients of a case: each is a descriptor here and one in the proxy.
DESCRIPTORS = 16_000
#: Served before memory is first read, so that what is made once is made.
WARMING = 100
REQUEST = b"get idle\r\n"
REPLY = b"END\r\n"
TIMEOUT = 20


def raiseLimit() -> None:
    """
    Allow this process, and those it starts, the descriptors that idle clients need.

    @raise ValueError: the machine's hard limit is lower.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, DESCRIPTORS), hard))


def bytesPerClient(pid: int, port: int, clients: int) -> float:
    """
    Connect clients, have each served one request, and leave them.

    @param pid: the proxy's.
    @return: what its resident memory grew by for each.
    @raise LoadFailed: one was not served.
    """
    with ExitStack() as warm:
        for _ in range(WARMING):
            warm.enter_context(_served(port))
        before = resident(pid)
        with ExitStack() as stay:
            for _ in range(clients):
                stay.enter_context(_served(port))
            return (resident(pid) - before) / clients


def _served(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
    client.sendall(REQUEST)
    reply = client.recv(64)
    if reply != REPLY:
        client.close()
        raise LoadFailed(f"an idle client's request was answered {reply!r}")
    return client
