"""
What can go wrong with a server, in the words that a client is to see.

The texts are twemproxy's: the C library's text of the errno, and "unknown" for an end of file,
which has none.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence

import attrs
from twisted.internet import error


class InsecureError(Exception):
    """
    A connection could not be encrypted, or the other end is not who it should be; the argument
    says why.
    """


class UnreachableError(Exception):
    """
    None of the addresses of a name can be reached.
    """

    def __init__(self, failures: Sequence[tuple[str, BaseException | None]]) -> None:
        """
        @param failures: each address, at least one, with why it cannot; in the order in which they
            were tried.
        """
        super().__init__(failures)
        self.failures = failures


@attrs.frozen
class Trouble:
    """
    One way of losing a server.

    @ivar text: for the client.
    @ivar told: for the log, where C{text} says little.
    @ivar isOwn: it is the proxy that lacks something, and no failure of the server's.
    @ivar counter: the name of the server counter that it adds to; empty when the proxy itself
        ended the connection.
    """

    text: str
    counter: str = "server_err"
    told: str = ""
    isOwn: bool = False

    @property
    def reason(self) -> str:
        """
        The trouble in words for the log.
        """
        return self.told or self.text


@attrs.frozen
class Loss:
    """
    A connection to a server is gone, or did not come to be.

    @ivar made: it had been made.
    @ivar worked: something was waiting on it.
    @ivar heard: the server had said something on it.
    """

    trouble: Trouble
    made: bool
    worked: bool
    heard: bool


#: What the system says when the process has no descriptor or memory left for one more connection.
_LACKS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


def _byErrno(number: int) -> Trouble:
    return Trouble(os.strerror(number), isOwn=number in _LACKS)


CLOSED = Trouble("unknown", "server_eof", "closed by the server")
DEADLINE = Trouble(os.strerror(errno.ETIMEDOUT), "server_timedout")
NONSENSE = _byErrno(errno.EINVAL)
STOPPED = Trouble(os.strerror(errno.ECONNABORTED), "")
REFUSED = _byErrno(errno.ECONNREFUSED)

#: Tried in this order: some of these are kinds of others.
_KINDS: tuple[tuple[type[BaseException], Trouble], ...] = (
    (error.ConnectionDone, CLOSED),
    (error.ConnectionLost, _byErrno(errno.ECONNRESET)),
    (error.ConnectionRefusedError, REFUSED),
    (error.NoRouteError, _byErrno(errno.EHOSTUNREACH)),
    (error.TimeoutError, DEADLINE),
    (error.TCPTimedOutError, DEADLINE),
)


def troubleOf(exception: BaseException | None) -> Trouble:
    """
    Put one of Twisted's connection errors into words.
    """
    for kind, trouble in _KINDS:
        if isinstance(exception, kind):
            return trouble
    if isinstance(exception, (error.DNSLookupError, error.UnknownHostError)):
        return Trouble(os.strerror(errno.EHOSTDOWN), told=str(exception).rstrip("."))
    if isinstance(exception, InsecureError):
        return Trouble(os.strerror(errno.EPROTO), told=f"TLS: {exception}")
    if isinstance(exception, UnreachableError):
        return _ofAll(exception)
    number = getattr(exception, "osError", None)
    return _byErrno(number) if isinstance(number, int) else NONSENSE


def _ofAll(exception: UnreachableError) -> Trouble:
    # A client is told of the address that was to be had first, the log of each.
    troubles = [(address, troubleOf(why)) for address, why in exception.failures]
    told = "; ".join(f"{address}: {trouble.reason}" for address, trouble in troubles)
    return attrs.evolve(troubles[0][1], told=told)
