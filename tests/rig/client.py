"""A client of the proxy, by hand: bytes in, bytes out, and when."""

from __future__ import annotations

import errno

from attrs import define, field

from .network import FakeNetwork
from .sockets import FakeSocket
from .wire import Address

DRIBBLE_MAX = 2000
"""Longer pieces are delivered byte by byte at both ends only, and their middle in odd pieces."""

ODD_PIECE = 4099


@define(eq=False)
class RawClient:
    """
    A connection that reads only when it is told to, and closes when the other side has.

    @ivar ended: has the other side closed or reset the connection?
    """

    network: FakeNetwork
    target: Address
    ended: bool = False
    _socket: FakeSocket = field(init=False)
    _unsent: bytearray = field(factory=bytearray)
    _received: bytearray = field(factory=bytearray)
    _sentAt: float = 0.0
    _changedAt: float = 0.0

    def __attrs_post_init__(self) -> None:
        self._socket = self.network.connect(self.target)
        self._sentAt = self._changedAt = self.network.seconds()

    @property
    def took(self) -> float:
        """Give the seconds from the last send to the last thing received."""
        return self._changedAt - self._sentAt

    def send(self, data: bytes, *, dribble: bool = False, fin: bool = False) -> None:
        """
        Send bytes; what the other side has no room for goes out while this client waits.

        @param dribble: byte by byte, each served before the next is sent.
        @param fin: nothing more will be sent, and the other side hears so with the last piece.
        """
        *pieces, last = dribbled(data) if dribble else (data,)
        for piece in pieces:
            self._write(piece)
            self.network.settle()
        self._write(last)
        if fin:
            self.shutdown()
        self.network.settle()
        self._sentAt = self._changedAt = self.network.seconds()

    def receive(self, size: int, *, closed: bool, limit: float, quiet: float) -> bytes:
        """
        Wait for an answer, then see what else comes.

        @param size: how many bytes there should be.
        @param closed: should the connection end afterwards?
        @param limit: seconds to wait for that.
        @param quiet: seconds to wait for more.
        @return: all bytes received.
        """

        def complete() -> bool:
            self._pull()
            return self.ended or (len(self._received) >= size and not closed)

        self.network.wait(limit, complete)
        self.network.wait(quiet, lambda: self._pull() or self.ended)
        got = bytes(self._received)
        self._received.clear()
        return got

    def shutdown(self) -> None:
        """Say that nothing more will be sent."""
        self._push()
        self._socket.shutdown(1)

    def close(self) -> None:
        """Close both directions."""
        self._socket.close()

    def abort(self) -> None:
        """Close with a reset."""
        self._socket.abort()

    def _write(self, data: bytes) -> None:
        self._unsent += data
        self._push()

    def _push(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: self._socket.send(self._unsent)]
        except OSError as reason:
            if reason.errno != errno.EWOULDBLOCK:
                self._unsent.clear()  # the other side closed: reading shows it

    def _pull(self) -> bool:
        self._push()
        try:
            while not self.ended and self._socket.readable():
                data = self._socket.recv(1 << 20)
                self._received += data
                self.ended = not data
                self._changedAt = self.network.seconds()
        except OSError:
            self.ended = True
            self._changedAt = self.network.seconds()
        if self.ended:
            self._socket.close()
        return False


def dribbled(data: bytes) -> list[bytes]:
    """Cut bytes into single ones, but for the middle of long data."""
    half = DRIBBLE_MAX // 2
    if len(data) <= DRIBBLE_MAX:
        return [data[:1], *(data[at : at + 1] for at in range(1, len(data)))]
    middle = data[half:-half]
    pieces = [middle[at : at + ODD_PIECE] for at in range(0, len(middle), ODD_PIECE)]
    return [*dribbled(data[:half]), *pieces, *dribbled(data[-half:])]
