"""
The side of the clients: arrows (a) and (d) of the drawing.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import (
    IAddress,
    IHalfCloseableProtocol,
    IPushProducer,
    ITCPTransport,
)
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from nuttwist.net.deadline import Clock
from nuttwist.net.lines import ChunkReceiver
from nuttwist.net.turn import Turn
from nuttwist.wire.counters import PoolCounters
from nuttwist.wire.dialect import RequestGrammar
from nuttwist.wire.replyqueue import ReplyQueue

#: Seconds that clients have, when the proxy stops, to take what has been written to them.
GRACE = 0.5

# Why a client is not read at the moment, as bits.
FULL, OUTSTANDING, CROWDED = 1, 2, 4


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

    def __init__(self, frontend: Frontend) -> None:
        self._frontend = frontend
        self.replies = ReplyQueue(self, frontend.counters)
        ChunkReceiver.__init__(self, frontend.grammar(self.replies))

    def connectionMade(self) -> None:
        self._frontend.opened(self)
        self.transport.registerProducer(self, True)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.replies.abandon()
        self._frontend.closed(self, reason)

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
            self._frontend.turn.add(self)

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


class Refusal(Protocol):
    """
    One client too many: told so, and sent away.
    """

    def __init__(self, line: bytes) -> None:
        self._line = line

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(self._line)
        self.transport.loseConnection()


class Frontend(ServerFactory):
    """
    Accepts the clients of one pool.

    @ivar clients: those connected at the moment.
    """

    noisy = False

    def __init__(
        self,
        grammar: Callable[[ReplyQueue], RequestGrammar],
        counters: PoolCounters,
        turn: Turn,
        clock: Clock,
        refusal: bytes,
        limit: int = 0,
        keepAlive: bool = False,
        readSize: int = 65536,
    ) -> None:
        """
        @param refusal: what a client over the limit is told.
        @param limit: clients at a time; 0 is no limit.
        @param keepAlive: have the system probe idle clients (SO_KEEPALIVE).
        @param readSize: bytes read at a time.
        """
        self.grammar = grammar
        self.counters = counters
        self.turn = turn
        self._clock = clock
        self.clients: set[ServerProtocol] = set()
        self._refusal = refusal
        self._limit = limit
        self._keepAlive = keepAlive
        self._readSize = readSize
        self._whenEmpty: list[Deferred[None]] = []

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        if self._limit and len(self.clients) >= self._limit:
            self.counters.client_refused += 1
            return Refusal(self._refusal)
        return ServerProtocol(self)

    def opened(self, client: ServerProtocol) -> None:
        """
        A client has connected.
        """
        self.clients.add(client)
        self.counters.client_connections += 1
        self.counters.opened += 1
        transport = client.transport
        transport.bufferSize = self._readSize
        if ITCPTransport.providedBy(transport):
            transport.setTcpNoDelay(True)
            transport.setTcpKeepAlive(self._keepAlive)

    def closed(self, client: ServerProtocol, reason: Failure) -> None:
        """
        A client has gone.
        """
        self.clients.discard(client)
        self.counters.client_connections -= 1
        if reason.check(ConnectionDone) and not client.replies.fault:
            self.counters.client_eof += 1
        else:
            self.counters.client_err += 1
        self._tellIfEmpty()

    def stop(self) -> Deferred[None]:
        """
        Close every client.

        @return: fires when none is left.
        """
        for client in list(self.clients):
            client.close()
        empty: Deferred[None] = Deferred()
        self._whenEmpty.append(empty)
        abort = self._clock.callLater(GRACE, self._abort)
        empty.addCallback(lambda _: abort.cancel() if abort.active() else None)
        self._tellIfEmpty()
        return empty

    def _abort(self) -> None:
        for client in list(self.clients):
            client.transport.abortConnection()

    def _tellIfEmpty(self) -> None:
        if not self.clients:
            waiting, self._whenEmpty = self._whenEmpty, []
            for each in waiting:
                each.callback(None)
