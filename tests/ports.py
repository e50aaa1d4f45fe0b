"""
Loopback ports that tests have servers and proxies listen on.

A test asks for a port, and another process binds it a while later. So that nobody else does so in
between, each process of tests has a block of ports of its own: it keeps the first of them bound,
which no other process can do as long, and gives out the rest, one after the other. A port comes
again when all of the block have had their turn, and thus long after its server has gone.
"""

from __future__ import annotations

import itertools
import socket
from functools import cache

HOST = "127.0.0.1"

# Below the ports a kernel gives to outgoing connections. Among those, a connection attempt could
# take the port of a server that was killed, or even find itself at the other end. The demo's own
# port is below these.
_BLOCKS = range(23000, 32000, 250)


class NoPortError(AssertionError):
    """All ports are taken; the message says which."""


class Block:
    """
    Ports that no other process of tests uses.

    @ivar first: the first of them, which is not given out.
    """

    def __init__(self, blocks: range) -> None:
        """
        Take the first block that nobody has.

        @param blocks: the first port of each; the step is their size.
        @raise NoPortError: somebody has each of them.
        """
        self._held, self.first = _held(blocks)
        self._turn = itertools.cycle(range(self.first + 1, self.first + blocks.step))
        self._size = blocks.step - 1

    def next(self) -> int:
        """
        Find a port on which nothing listens now, and which was not given out lately.

        @raise NoPortError: something listens on every one.
        """
        for port in itertools.islice(self._turn, self._size):
            if _isFree(port):
                return port
        raise NoPortError(f"something listens on all of the {self._size} ports after {self.first}")

    def close(self) -> None:
        """Let another process have it."""
        self._held.close()


def _held(blocks: range) -> tuple[socket.socket, int]:
    for first in blocks:
        holder = socket.socket()
        try:
            # Without SO_REUSEADDR: it is to be had once.
            holder.bind((HOST, first))
        except OSError:
            holder.close()
        else:
            return holder, first
    raise NoPortError(f"every {blocks.step}th port from {blocks.start} to {blocks.stop} is taken")


def _isFree(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


@cache
def _ours() -> Block:
    return Block(_BLOCKS)


def freePort() -> int:
    """Find a loopback port that nobody listens on, and that nobody else is given."""
    return _ours().next()
