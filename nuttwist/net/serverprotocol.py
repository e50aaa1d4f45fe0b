"""
The connection of a client: arrows (a) and (d) of the drawing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.interfaces import IHalfCloseableProtocol, IPushProducer
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from nuttwist.net.lines import ChunkReceiver
from nuttwist.net.turn import Turn
from nuttwist.wire.counters import PoolCounters
from nuttwist.wire.dialect import RequestGrammar
from nuttwist.wire.replyqueue import ReplyQueue

# Why a client is not read at the moment, as bits.
FULL, OUTSTANDING, CROWDED = 1, 2, 4


class House(Protocol):
    """
    Where the client has come in; see L{nuttwist.net.frontend.Frontend}.
    """

    grammar: Callable[[ReplyQueue], RequestGrammar]
    counters: PoolCounters
    turn: Turn

    def opened(self, client: ServerProtocol) -> None:
        """
        A client has connected.
        """

    def closed(self, client: ServerProtocol, reason: Failure) -> None:
        """
        A client has gone.
        """


@implementer(IHalfCloseableProtocol, IPushProducer)
class ServerProtocol(ChunkReceiver):
    """
    One client: its bytes become requests, its replies leave in order.

    @ivar replies: what this client is owed.
    """

    grammar: RequestGrammar
    _added = False
    _holds = 0
    _halfClosed = False

    def __init__(self, house: House) -> None:
        self._house = house
        self.replies = ReplyQueue(self, house.counters)
        ChunkReceiver.__init__(self, house.grammar(self.replies))

    def connectionMade(self) -> None:
        self._house.opened(self)
        self.transport.registerProducer(self, True)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.replies.abandon()
        self._house.closed(self, reason)

    # -- (a) requests in

    def stopped(self) -> bool:
        """
        True behind a quit or a hang-up, and when nobody is left to answer.
        """
        return self.replies.ending or self.replies.gone

    def full(self) -> bool:
        """
        True when the client is owed so much that it is not read any further.
        """
        return self.replies.isFull()

    def dataReceived(self, data: bytes) -> None:
        ChunkReceiver.dataReceived(self, data)
        feeding = self.grammar.feeding
        if feeding is not None:
            self.grammar.feeding = None
            if feeding.crowded:
                self._hold(CROWDED)
                feeding.heldBack.append(self)
        if self.replies.isFull():
            self._hold(OUTSTANDING)

    def readConnectionLost(self) -> None:
        """
        The client has said all it will say: answer that, then close.
        """
        self._halfClosed = True
        self._closeWhenDone()

    def writeConnectionLost(self) -> None:
        """
        Never happens: the proxy does not half-close.
        """

    # -- (d) replies out

    def wake(self) -> None:
        """
        There are replies; they are written when the turn ends.
        """
        if not self._added:
            self._added = True
            self._house.turn.add(self)

    def turnEnded(self) -> None:
        """
        Write the replies that may leave.
        """
        self._added = False
        data = self.replies.take()
        if data:
            self.transport.write(data)
        if self._holds & OUTSTANDING and len(self.replies.waiting) <= self.replies.room // 2:
            self._release(OUTSTANDING)
        if self._halfClosed or self.replies.ending:
            self._closeWhenDone()

    def _closeWhenDone(self) -> None:
        unread = self._holds and not self.replies.ending
        if not self.replies.waiting and not unread:
            self.close()

    def close(self) -> None:
        """
        Close once what has been written is sent.
        """
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    # -- reading stops for as long as there is a reason

    def pauseProducing(self) -> None:
        """
        The transport has more to send than it likes: this client does not read its replies.
        """
        self._hold(FULL)

    def resumeProducing(self) -> None:
        """
        The transport has sent it all.
        """
        self._release(FULL)

    def stopProducing(self) -> None:
        """
        The transport is gone; L{connectionLost} follows.
        """

    def relieved(self) -> None:
        """
        The crowded pipeline that this client fed has room again.
        """
        self._release(CROWDED)

    def _hold(self, why: int) -> None:
        if not self._holds:
            ChunkReceiver.pauseProducing(self)
        self._holds |= why

    def _release(self, why: int) -> None:
        if self._holds == why:
            self._holds = 0
            ChunkReceiver.resumeProducing(self)
            if self._halfClosed:
                self._closeWhenDone()
        else:
            self._holds &= ~why
