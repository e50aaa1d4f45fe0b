"""
What the log has of the clients of a pool: when each comes, and when and why it goes.
"""

from __future__ import annotations

from typing import Protocol

from twisted.internet.interfaces import IAddress
from twisted.logger import Logger
from twisted.python.failure import Failure

from nuttwist.logs.events import (
    CLIENT_ACCEPTED,
    CLIENT_CLOSED,
    CLIENT_REFUSED,
    CLIENT_SLOW,
    CLIENT_SUSPECT,
)
from nuttwist.net.addresses import placeOf
from nuttwist.net.lines import StreamTransport
from nuttwist.net.troubles import CLOSED, NONSENSE, troubleOf
from nuttwist.wire.replyqueue import ReplyQueue

_log = Logger(namespace="nuttwist.client")


#: Why the proxy closes a client.
DRAINED, SILENT, SLOW = "the pool stops", "silent for too long", "took too little of its replies"


class Visitor(Protocol):
    """
    A client.

    @ivar farewell: why the proxy closes it; empty unless there is a reason of its own.
    """

    transport: StreamTransport
    replies: ReplyQueue
    received: int
    farewell: str


class Visits:
    """
    Tells of them.

    @ivar shown: whether each client has its lines. An event that nobody wants costs as much as
        two requests, so whoever calls L{accepted}, L{closed} or L{refused} looks here first.
    """

    def __init__(self, pool: str) -> None:
        self.shown = False
        self._pool = pool

    def accepted(self, client: Visitor) -> None:
        """
        A client has connected.
        """
        CLIENT_ACCEPTED(_log, pool=self._pool, client=placeOf(client.transport.getPeer()))

    def closed(self, client: Visitor, reason: Failure, left: int) -> None:
        """
        A client has gone.

        @param left: how many there are by now.
        """
        CLIENT_CLOSED(
            _log,
            pool=self._pool,
            client=placeOf(client.transport.getPeer()),
            reason=_why(client, reason),
            received=client.received,
            clients=left,
        )

    def refused(self, address: IAddress | None, clients: int) -> None:
        """
        A client came that is one too many.
        """
        CLIENT_REFUSED(_log, pool=self._pool, client=placeOf(address), clients=clients)

    def slow(self, client: Visitor, held: int) -> None:
        """
        A client is closed, shown or not, because it takes too little of its replies.

        @param held: bytes of them.
        """
        peer = placeOf(client.transport.getPeer())
        CLIENT_SLOW(_log, pool=self._pool, client=peer, held=held)

    def suspect(self, client: Visitor) -> None:
        """
        A client is closed, shown or not, for what it said.
        """
        peer = placeOf(client.transport.getPeer())
        CLIENT_SUSPECT(_log, pool=self._pool, client=peer, reason=client.replies.suspicion)


def _why(client: Visitor, reason: Failure) -> str:
    if client.farewell:
        return client.farewell
    if client.replies.ending:
        return "not understood" if client.replies.fault else "quit"
    trouble = troubleOf(reason.value)
    if trouble is NONSENSE:
        # No way of losing a server: what the library that encrypts says, above all.
        return str(reason.value)
    return "closed by the client" if trouble is CLOSED else trouble.reason
