"""
What the functions of L{nuttwist.wire.redis.local} share: whom they answer, and their refusals.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from typing import Protocol

from nuttwist.wire.redis import resp
from nuttwist.wire.redis.session import Session

#: Whose replies the proxy's own are like, and whose commands are in the table.
REDIS_VERSION = b"7.0.15"

#: The only user there is, as in a redis without an ACL.
USER = b"default"

SYNTAX = resp.error(b"ERR syntax error")
NOT_A_NUMBER = resp.error(b"ERR value is not an integer or out of range")
OK = resp.status(b"OK")

#: A name of a client, or of its library, consists of these.
VISIBLE = bytes(range(ord("!"), ord("~") + 1))


class LocalClient(Protocol):
    """
    The client a command came from, as far as its answer depends on it.
    """

    @property
    def session(self) -> Session:
        """
        What the client has set.
        """

    @property
    def password(self) -> bytes | None:
        """
        The pool's C{redis_auth}, or L{None} when whoever comes may ask.
        """

    def about(self) -> Sequence[tuple[str, Sequence[tuple[str, str]]]]:
        """
        What INFO tells of the process, the pools and the servers: sections by name, each with
        its fields. What is said of a section that every redis has is added to it.
        """

    def time(self) -> float:
        """
        Seconds since 1970.
        """

    def clients(self) -> int:
        """
        How many clients are connected.
        """


#: Makes the whole reply to a command whose number of arguments is right.
Answer = Callable[[LocalClient, Sequence[bytes]], bytes]


def unsupported(name: bytes) -> bytes:
    """
    The error for a command of redis that a client cannot have from the proxy.

    @param name: as in the command table: C{client|kill}.
    """
    words = name.replace(b"|", b" ").upper()
    return resp.error(b"ERR %s is not supported through the proxy" % words)


def isPermitted(client: LocalClient) -> bool:
    """
    True when the client need not say a password any more.
    """
    return client.password is None or client.session.authenticated


def logIn(client: LocalClient, user: bytes, password: bytes) -> bool:
    """
    Permit a client that knows the password, and no longer permit one that does not.

    @return: whether user and password are right. Every password is when the pool has none.
    """
    right = user == USER and (
        client.password is None or hmac.compare_digest(password, client.password)
    )
    client.session.authenticated = right
    return right


def isName(word: bytes) -> bool:
    """
    True for what may stand as a name in a line about a client.
    """
    return not word.translate(None, VISIBLE)
