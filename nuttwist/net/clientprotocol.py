"""
The connection to a server: arrow (c) of the drawing.
"""

from __future__ import annotations

from typing import Protocol

from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from nuttwist.logs.events import SERVER_NONSENSE
from nuttwist.net.lines import ChunkReceiver
from nuttwist.net.troubles import NONSENSE, Trouble, troubleOf
from nuttwist.wire.framing import BadReply, Grammar

_log = Logger(namespace="nuttwist.backend")


class Life(Protocol):
    """
    The backend whose connection it is.
    """

    def about(self) -> dict[str, object]:
        """
        What the log has to say of whose connection it is.
        """

    def connected(self, protocol: ClientProtocol) -> None:
        """
        The connection is made.
        """

    def drop(self, trouble: Trouble) -> None:
        """
        It is to be given up.
        """

    def lost(self, protocol: ClientProtocol, trouble: Trouble) -> None:
        """
        It is gone.
        """


class ClientProtocol(ChunkReceiver):
    """
    A server's bytes become replies.

    @ivar heard: the server has said something.
    """

    heard = False

    def __init__(self, backend: Life, grammar: Grammar) -> None:
        ChunkReceiver.__init__(self, grammar)
        self._backend = backend

    def connectionMade(self) -> None:
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)
        self._backend.connected(self)

    def dataReceived(self, data: bytes) -> None:
        self.heard = True
        try:
            ChunkReceiver.dataReceived(self, data)
        except BadReply as reply:
            SERVER_NONSENSE(_log, **self._backend.about(), reply=reply.args[0])
            self._backend.drop(NONSENSE)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._backend.lost(self, troubleOf(reason.value))
