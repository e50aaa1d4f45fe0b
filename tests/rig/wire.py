"""What is bound and connected in one imagined machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING, TypeAlias

from attrs import define, field

if TYPE_CHECKING:
    from .sockets import FakeSocket

Address: TypeAlias = tuple[str, int] | tuple[str, int, int, int] | str

WILDCARDS = {"", "0.0.0.0", "::"}
"""Hosts that stand for every local address."""


@define(eq=False)
class Wire:
    """
    Everything that is bound and connected in one imagined machine.

    @ivar window: how many unread bytes a socket holds before its peer cannot send more.
    @ivar piece: how many bytes one read returns at most.
    @ivar silent: addresses that never answer a connection attempt.
    @ivar lack: the C{errno} value that every further connection attempt ends with, if not 0.
    """

    window: int = 4 * 1024 * 1024
    piece: int = 4 * 1024 * 1024
    silent: set[Address] = field(factory=set)
    lack: int = 0
    listeners: dict[Address, FakeSocket] = field(factory=dict)
    sockets: dict[int, FakeSocket] = field(factory=dict)
    _numbers: Iterator[int] = field(factory=lambda: count(100_000))
    _ports: Iterator[int] = field(factory=lambda: count(50_000))

    def freePort(self) -> int:
        """Give a port number that was never given before."""
        return next(self._ports)

    def freeNumber(self) -> int:
        """Give a descriptor number that was never given before."""
        return next(self._numbers)

    def listenerAt(self, address: Address) -> FakeSocket | None:
        """
        Find who listens on an address, itself or through a wildcard.

        @param address: a socket address, as C{connect} takes it.
        """
        found = self.listeners.get(plain(address))
        if found is None and not isinstance(address, str):
            candidates = ((host, address[1]) for host in sorted(WILDCARDS))
            found = next(filter(None, map(self.listeners.get, candidates)), None)
        return found

    def ownedBy(self, owner: object) -> list[FakeSocket]:
        """
        List the open sockets of one process.

        @param owner: what was given to the sockets as their owner.
        """
        return [each for each in self.sockets.values() if each.owner is owner]


def plain(address: Address | bytes) -> Address:
    """
    Reduce an address to what tells it from others: host and port, or a path.

    @param address: as given to C{bind} or C{connect}.
    """
    if isinstance(address, bytes):
        return os.fsdecode(address)
    return address if isinstance(address, str) else address[:2]
