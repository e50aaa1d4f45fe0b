"""
The side of the clients: a pool's door.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress, ITCPTransport
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.python.failure import Failure

from nuttwist.net.deadline import Clock
from nuttwist.net.idleness import Idleness
from nuttwist.net.notices import Notices
from nuttwist.net.serverprotocol import ServerProtocol, Terms
from nuttwist.net.turn import Turn
from nuttwist.net.visits import DRAINED, Visits
from nuttwist.wire.counters import PoolCounters
from nuttwist.wire.dialect import RequestGrammar
from nuttwist.wire.replyqueue import ReplyQueue

#: Seconds that clients have, when the time to drain is over, to take what was written to them.
GRACE = 0.5


class Frontend(ServerFactory):
    """
    Accepts the clients of one pool.

    @ivar clients: those connected at the moment.
    @ivar terms: what they are held to.
    @ivar visits: what the log has of them.
    """

    noisy = False

    def __init__(
        self,
        grammar: Callable[[ReplyQueue], RequestGrammar],
        counters: PoolCounters,
        turn: Turn,
        clock: Clock,
        refusal: bytes,
        terms: Terms,
        visits: Visits,
        readSize: int = 65536,
    ) -> None:
        """
        @param refusal: what a client over the limit is told.
        @param readSize: bytes read at a time.
        """
        self.grammar = grammar
        self.counters = counters
        self.turn = turn
        self.clock = clock
        self.clients: set[ServerProtocol] = set()
        self._refusal = refusal
        self._refusals = Notices(clock)
        self.terms = terms
        self.visits = visits
        self._idleness = Idleness(clock, lambda: self.clients, lambda: self.terms.idleTimeout)
        self._readSize = readSize
        self._whenEmpty: list[Deferred[None]] = []

    def change(self, terms: Terms) -> None:
        """
        Hold clients to other terms, those that are connected too. Their silence counts from now if
        the time for it is another.
        """
        before, self.terms = self.terms, terms
        if terms.idleTimeout != before.idleTimeout:
            self._idleness.stop()
            self._idleness.watch()
        for client in self.clients:
            self._probed(client)
            client.follow()

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        if self.terms.limit and len(self.clients) >= self.terms.limit:
            self.counters.client_refused += 1
            if self.visits.shown:
                self.visits.refused(addr, len(self.clients))
            return self._refusals.notice(lambda: self._refusal)
        return ServerProtocol(self)

    def opened(self, client: ServerProtocol) -> None:
        """
        A client has connected.
        """
        self.clients.add(client)
        self._idleness.watch()
        self.counters.client_connections += 1
        self.counters.opened += 1
        transport = client.transport
        transport.bufferSize = self._readSize
        if ITCPTransport.providedBy(transport):
            transport.setTcpNoDelay(True)
        self._probed(client)
        if self.visits.shown:
            self.visits.accepted(client)

    def _probed(self, client: ServerProtocol) -> None:
        if ITCPTransport.providedBy(client.transport):
            client.transport.setTcpKeepAlive(self.terms.keepAlive)

    def closed(self, client: ServerProtocol, reason: Failure) -> None:
        """
        A client has gone.
        """
        self.clients.discard(client)
        if not self.clients:
            self._idleness.stop()
        self.counters.client_connections -= 1
        if reason.check(ConnectionDone) and not client.replies.fault:
            self.counters.client_eof += 1
        else:
            self.counters.client_err += 1
        if self.visits.shown:
            self.visits.closed(client, reason, len(self.clients))
        self._tellIfEmpty()

    def drain(self, seconds: float) -> Deferred[None]:
        """
        Close every client behind the last reply that it is owed; what it asks from now on is not
        taken.

        @param seconds: how long the servers have for those replies; after it clients get what
            there is.
        @return: fires when none is left.
        """
        for client in list(self.clients):
            client.farewell = DRAINED
            client.replies.end()
        return Deferred.fromCoroutine(self._drain(seconds))

    async def _drain(self, seconds: float) -> None:
        empty: Deferred[None] = Deferred()
        self._whenEmpty.append(empty)
        timers = [
            self.clock.callLater(seconds, self._close),
            self.clock.callLater(seconds + GRACE, self.abort),
        ]
        self._tellIfEmpty()
        await empty
        for each in timers:
            if each.active():
                each.cancel()
        await self._refusals.abort()

    def _close(self) -> None:
        for client in list(self.clients):
            client.close()

    def abort(self) -> None:
        """
        Close every client at once, whatever it is owed.
        """
        for client in list(self.clients):
            client.abort()

    def _tellIfEmpty(self) -> None:
        if not self.clients:
            waiting, self._whenEmpty = self._whenEmpty, []
            for each in waiting:
                each.callback(None)
