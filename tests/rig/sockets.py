"""
Stream sockets in memory, as a kernel keeps them.

    client FakeSocket                               server FakeSocket
      send() ------------------------------------------> inbox, recv()
      shutdown(), close() -----------------------------> ended: recv() is b""
      close() with SO_LINGER 0, or with unread bytes --> broken: recv() raises

Only what Twisted's own TCP transports call is here, so those transports run on it unchanged.
Bytes that arrived before a reset can still be read, as on Linux; the end of the stream comes before
a reset that followed it.
"""

from __future__ import annotations

import errno
import os
import socket
from collections import deque

from attrs import define, field

from .wire import Address, Wire, plain


def trouble(number: int) -> OSError:
    """
    Make the exception a system call raises.

    @param number: an C{errno} value.
    """
    return OSError(number, os.strerror(number))


@define(eq=False, repr=False)
class FakeSocket:
    """
    One end of a connection, or a listening socket.

    @ivar owner: the process the socket belongs to.
    """

    wire: Wire
    owner: object
    family: int = socket.AF_INET
    inbox: bytearray = field(factory=bytearray)
    backlog: deque[FakeSocket] = field(factory=deque)
    options: dict[tuple[int, int], object] = field(factory=dict)
    peer: FakeSocket | None = None
    local: Address = ("0.0.0.0", 0)
    remote: Address = ("0.0.0.0", 0)
    ended: bool = False
    broken: int = 0
    shut: bool = False
    closed: bool = False
    listening: bool = False
    number: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.number = self.wire.freeNumber()
        self.wire.sockets[self.number] = self

    def __repr__(self) -> str:
        return f"<FakeSocket {self.local} from {self.remote}>"

    # What a reactor polls for.

    def readable(self) -> bool:
        """Would C{recv} or C{accept} return or raise something at once?"""
        return bool(self.inbox or self.backlog or self.ended or self.broken)

    def writable(self) -> bool:
        """Would C{send} take something, or is a connection attempt decided?"""
        return bool(self.broken or self.shut or (self.peer and self._room() > 0))

    def _room(self) -> int:
        assert self.peer is not None
        return self.wire.window - len(self.peer.inbox)

    # The calls of a socket.

    def fileno(self) -> int:
        """Give a number no real descriptor has."""
        return self.number

    def setblocking(self, flag: bool) -> None:
        """Accept what every transport asks first; these sockets never block."""

    def getsockname(self) -> Address:
        """Give the local address."""
        return self.local

    def getpeername(self) -> Address:
        """Give the address of the other end."""
        return self.remote

    def setsockopt(self, level: int, name: int, value: object) -> None:
        """Remember an option; SO_LINGER is the one that changes anything."""
        self.options[level, name] = value

    def getsockopt(self, level: int, name: int) -> object:
        """Give an option back; SO_ERROR is read and cleared."""
        if name != socket.SO_ERROR:
            return self.options.get((level, name), 0)
        broken, self.broken = self.broken, 0
        return broken

    def bind(self, address: Address | bytes) -> None:
        """
        Take a local address; port 0 asks for a free one.

        @raise OSError: EADDRINUSE.
        """
        local = plain(address)
        if not isinstance(local, str):
            local = (local[0] or "0.0.0.0", local[1] or self.wire.freePort())
        if self.wire.listenerAt(local) is not None:
            raise trouble(errno.EADDRINUSE)
        self.local = self._shaped(local)

    def _shaped(self, address: Address) -> Address:
        if self.family == socket.AF_INET6 and len(address) == 2:
            return (*address, 0, 0)
        return address

    def listen(self, backlog: int) -> None:
        """Start to take connections; the queue of those not accepted yet has no bound."""
        self.listening = True
        self.wire.listeners[plain(self.local)] = self

    def accept(self) -> tuple[FakeSocket, Address]:
        """
        Take the oldest connection not taken yet.

        @raise OSError: EWOULDBLOCK when there is none.
        """
        if not self.backlog:
            raise trouble(errno.EWOULDBLOCK)
        taken = self.backlog.popleft()
        return taken, taken.remote

    def connect_ex(self, address: Address | bytes) -> int:
        """
        Connect; a TCP connection is decided at once but reported through a second call or SO_ERROR.

        @return: an C{errno} value, 0 for a unix socket that is connected.
        """
        if self.peer is not None:
            return errno.EISCONN
        target = plain(address)
        if self.wire.lack:
            return self.wire.lack
        if target in self.wire.silent:
            return errno.EINPROGRESS
        listener = self.wire.listenerAt(target)
        if isinstance(target, str):
            return errno.ENOENT if listener is None else self._join(listener, target)
        if listener is None:
            self.broken = errno.ECONNREFUSED
        else:
            self._join(listener, target)
        return errno.EINPROGRESS

    def _join(self, listener: FakeSocket, target: Address) -> int:
        self.local = self._ephemeral()
        self.remote = self._shaped(target)
        other = FakeSocket(
            self.wire, listener.owner, self.family, local=self.remote, remote=self.local
        )
        self.peer, other.peer = other, self
        listener.backlog.append(other)
        return 0

    def _ephemeral(self) -> Address:
        if self.family == socket.AF_UNIX:
            return ""
        host = "::1" if self.family == socket.AF_INET6 else "127.0.0.1"
        return self._shaped((host, self.wire.freePort()))

    def recv(self, size: int) -> bytes:
        """
        Read what has arrived.

        @raise OSError: EWOULDBLOCK when nothing has, ECONNRESET after a reset.
        """
        if self.inbox:
            data = bytes(self.inbox[: min(size, self.wire.piece)])
            del self.inbox[: len(data)]
            return data
        if self.ended:
            return b""
        number, self.broken = self.broken or errno.EWOULDBLOCK, 0
        raise trouble(number)

    def send(self, data: bytes | memoryview) -> int:
        """
        Write as much as the other end has room for.

        @raise OSError: EWOULDBLOCK when it has none, EPIPE when nobody can read it any more.
        """
        if self.shut or self.broken or self.peer is None:
            raise trouble(errno.EPIPE)
        if self.peer.closed:
            self.shatter()
            return len(data)
        if self._room() <= 0:
            raise trouble(errno.EWOULDBLOCK)
        taken = bytes(data[: self._room()])
        self.peer.inbox += taken
        return len(taken)

    def shutdown(self, how: int) -> None:
        """
        Say that no more bytes will follow.

        @raise OSError: ENOTCONN.
        """
        if self.peer is None:
            raise trouble(errno.ENOTCONN)
        if not self.shut and how != socket.SHUT_RD:
            self.shut = self.peer.ended = True

    def shatter(self) -> None:
        """Take note of a reset by the other end."""
        self.broken = errno.EPIPE if self.ended else errno.ECONNRESET

    def abort(self) -> None:
        """Close with a reset."""
        self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1")
        self.close()

    def close(self) -> None:
        """Close as the kernel does: quietly, or with a reset if asked to or if bytes are unread."""
        if self.closed:
            return
        self.closed = True
        del self.wire.sockets[self.number]
        if self.listening:
            del self.wire.listeners[plain(self.local)]
        for waiting in self.backlog:
            waiting.abort()
        if self.peer is not None and not self.peer.closed:
            self._leave(self.peer)
        self.inbox.clear()

    def _leave(self, peer: FakeSocket) -> None:
        if self.inbox or (socket.SOL_SOCKET, socket.SO_LINGER) in self.options:
            peer.shatter()
        else:
            peer.ended = True
