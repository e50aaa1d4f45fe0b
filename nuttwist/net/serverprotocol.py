"""
The connection of a client: arrows (a) and (d) of the drawing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import attrs
from twisted.internet.interfaces import IHalfCloseableProtocol, IPushProducer
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from nuttwist.net.deadline import Clock
from nuttwist.net.lines import ChunkReceiver
from nuttwist.net.lingering import Lingering, unsent
from nuttwist.net.turn import Turn
from nuttwist.net.visits import SILENT, SLOW, Visits
from nuttwist.wire.counters import PoolCounters
from nuttwist.wire.dialect import RequestGrammar
from nuttwist.wire.replyqueue import BUDGET, MOST, PATIENCE, ReplyQueue

# Why a client is not read at the moment, as bits.
FULL, OUTSTANDING, CROWDED, HEAVY = 1, 2, 4, 8


@attrs.frozen
class Terms:
    """
    What the clients of a pool are held to.

    @ivar limit: clients at a time; 0 is no limit.
    @ivar keepAlive: have the system probe silent clients (SO_KEEPALIVE).
    @ivar budget: bytes that one client's outstanding requests and their replies may take.
    @ivar most: outstanding requests of one client.
    @ivar idleTimeout: seconds after which a client is closed that is silent and owed nothing;
        L{None} is no limit.
    """

    limit: int = 0
    keepAlive: bool = False
    budget: int = BUDGET
    most: int = MOST
    idleTimeout: float | None = None


class House(Protocol):
    """
    Where the client has come in; see L{nuttwist.net.frontend.Frontend}.
    """

    grammar: Callable[[ReplyQueue], RequestGrammar]
    counters: PoolCounters
    clock: Clock
    turn: Turn
    terms: Terms
    visits: Visits

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
    @ivar received: bytes that it has sent.
    @ivar farewell: why the proxy closes it, if it does; for the log.
    """

    grammar: RequestGrammar
    farewell = ""
    _added = False
    _holds = 0
    _halfClosed = False
    _lingering: Lingering | None = None

    def __init__(self, house: House) -> None:
        self._house = house
        terms = house.terms
        self.replies = ReplyQueue(self, house.counters, terms.budget, terms.most)
        self.received = 0
        # Of what was written since the transport had enough: the most at once.
        self._largest = 0
        ChunkReceiver.__init__(self, house.grammar(self.replies))

    def connectionMade(self) -> None:
        self._house.opened(self)
        self.transport.registerProducer(self, True)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.replies.abandon()
        if self._lingering is not None:
            self._lingering.lost()
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
        replies = self.replies
        if replies.isFull():
            self._hold(OUTSTANDING)
        self.received += len(data)
        if self.received > replies.weighAt:
            self._weighRequests()

    def _weighRequests(self) -> None:
        # Small requests that come one by one are weighed once in a budget's worth of them.
        replies = self.replies
        left = replies.budget - replies.weight()
        replies.weighAt = self.received + max(left, replies.budget // 2)
        if left < 0:
            self._hold(HEAVY)

    def follow(self) -> None:
        """
        The terms of the house are others by now: hold this client to them.
        """
        terms = self._house.terms
        self.replies.change(terms.budget, terms.most)
        self.replies.weighAt = self.received
        # For what it was held back may be within bounds.
        self.wake()

    def readConnectionLost(self) -> None:
        """
        The client has said all it will say: answer that, then close.
        """
        self._halfClosed = True
        if self._lingering is None:
            self._closeWhenDone()
        else:
            self._lingering.end()

    def writeConnectionLost(self) -> None:
        """
        All is sent to a client that is closed.
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
        if self._holds & FULL or self.replies.blocked:
            self._weighReplies(len(data))
        if self._holds & HEAVY and self.replies.weight() <= self.replies.budget // 2:
            self._release(HEAVY)
        if self._holds & OUTSTANDING and len(self.replies.waiting) <= self.replies.room // 2:
            self._release(OUTSTANDING)
        if self._halfClosed or self.replies.ending:
            self._tellOfSuspicion()
            self._closeWhenDone()

    def _tellOfSuspicion(self) -> None:
        if self.replies.suspicion and not self.farewell:
            self.farewell = self.replies.suspicion
            self._house.visits.suspect(self)

    def _weighReplies(self, written: int) -> None:
        # One reply may be as large as it is, so the largest is not held against the client.
        self._largest = max(self._largest, written)
        held = unsent(self.transport) - self._largest + self.replies.blocked
        if held > PATIENCE * self.replies.budget:
            self._house.visits.slow(self, held)
            self.farewell = SLOW
            self.replies.fault = True
            self.transport.abortConnection()

    def _closeWhenDone(self) -> None:
        unread = self._holds and not self.replies.ending
        if not self.replies.waiting and not unread:
            self.close()

    def expire(self) -> None:
        """
        Close a client that has been silent for too long, or that takes no replies.
        """
        held = unsent(self.transport)
        if self._lingering is None or held:
            self.replies.fault = True
            self.farewell = SILENT
            if held:
                self.transport.abortConnection()
            else:
                self.close()

    def sign(self) -> tuple[int, int] | None:
        """
        Something that changes whenever a client sends bytes or takes some; L{None} while a server
        owes it a reply.
        """
        return None if self.replies.waiting else (self.received, unsent(self.transport))

    def close(self) -> None:
        """
        Close once what has been written is sent, and take nothing more.
        """
        if self._lingering is not None or self.replies.gone:
            return
        self.transport.unregisterProducer()
        if self._halfClosed:
            self.transport.loseConnection()
            return
        self._holds = 0
        self._buffer = b""
        self._lingering = Lingering(self.transport, self._house.clock)
        # From now on, without a question that every chunk before would have to be asked.
        self.dataReceived = self._lingering.received  # type: ignore[method-assign]

    def abort(self) -> None:
        """
        Close at once, whatever the client is owed.
        """
        if self._lingering is None:
            self.transport.abortConnection()
        else:
            self._lingering.abort()

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
        self._largest = 0
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
