"""
The side of the servers: arrows (b) and (c) of the drawing, and a backend's life.

A backend is one connection to a server (C{server_connections} says how many a server has) with
the two queues of that connection. Its life::

    idle --something to send, or preconnect--> connecting --connected--> connected
      ^                                            |                         |
      +--- refused, unresolvable, timed out -------+                         |
      +--- end of file, reset, timed out, stray or unparsable reply ---------+

However it is lost, everything in its queues gets one error each and the loss is reported once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IConnector, IPushProducer
from twisted.internet.protocol import ClientFactory
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from nuttwist.logs.events import SERVER_REFUSED
from nuttwist.net.clientprotocol import ClientProtocol
from nuttwist.net.crowd import CROWD, Crowd
from nuttwist.net.deadline import Clock, Deadline
from nuttwist.net.ending import Ending, Watched
from nuttwist.net.greeting import greet
from nuttwist.net.troubles import DEADLINE, STOPPED, Loss, Trouble, troubleOf
from nuttwist.net.turn import Turn
from nuttwist.net.watcher import State, Watcher
from nuttwist.wire.framing import Grammar
from nuttwist.wire.pipeline import Pipeline

_log = Logger(namespace="nuttwist.backend")

#: Seconds to wait for a connection in a pool without a timeout of its own.
CONNECT_TIMEOUT = 30.0


@implementer(IPushProducer)
class Backend(ClientFactory):
    """
    One connection to a server, made when there is something to send.

    @ivar pipeline: its queues.
    @ivar state: where it is in its life.
    """

    noisy = False

    def __init__(
        self,
        connect: Callable[[ClientFactory, float], IConnector],
        grammar: Callable[[Pipeline], Grammar],
        greeting: tuple[bytes, ...],
        watcher: Watcher,
        turn: Turn,
        clock: Clock,
        timeout: float | None,
        readSize: int = 65536,
    ) -> None:
        """
        @param connect: starts a connection for a factory, with so many seconds for it.
        @param greeting: requests that must succeed before any other is sent.
        @param watcher: told of every loss.
        @param timeout: seconds from queueing a request to its reply; L{None} waits for ever.
        @param readSize: bytes read at a time.
        """
        self.state = State.IDLE
        self._connect = connect
        self._grammar = grammar
        self._greeting = greeting
        self._watcher = watcher
        self._turn = turn
        self._clock = clock
        self._timeout = timeout
        self._readSize = readSize
        self._connector: IConnector | None = None
        self._protocol: ClientProtocol | None = None
        self._writable = False

    def about(self) -> dict[str, object]:
        """
        What the log has to say of whose connection it is.
        """
        return self._watcher.about()

    def attach(self, pipeline: Pipeline, crowd: int = CROWD) -> None:
        """
        Take the queues that this backend serves, and that wake it.

        @param crowd: bytes of unwritten requests over which the clients that feed it are held back.
        """
        self.pipeline = pipeline
        self._crowd = Crowd(pipeline, self._watcher.crowd, crowd)
        self._ending = Ending(self, pipeline, self._clock)
        self._deadline = Deadline(
            self._clock, self._timeout, pipeline, partial(self.drop, DEADLINE)
        )

    def follow(self, timeout: float | None, crowd: int) -> None:
        """
        Have other bounds from now on, also for what waits. A connect goes on with its own time.

        @param timeout: as at first.
        @param crowd: as for L{attach}.
        """
        self._crowd.most = crowd
        if timeout != self._timeout:
            self._timeout = timeout
            self._deadline.change(timeout)

    # -- (b) requests out

    def wake(self) -> None:
        """
        There are requests; they are written when the turn ends.
        """
        self._turn.add(self)

    def turnEnded(self) -> None:
        """
        Write what the turn has brought, or see to it that it can be written.
        """
        self.pipeline.awake = False
        if not self.pipeline.inQueue:
            self._ending.look()
            return
        if self._writable:
            self._write()
        elif self.state is State.IDLE:
            self.connect()
        if self.pipeline.inQueue:
            self._crowd.measure()
        self._deadline.watch()

    def _write(self) -> None:
        assert self._protocol is not None
        data = self.pipeline.take()
        self.relieve()
        self._protocol.transport.write(data)

    def relieve(self) -> None:
        """
        Let the clients go on that were held back.
        """
        self._crowd.relieve()

    def pauseProducing(self) -> None:
        """
        The transport has enough to send.
        """
        self._writable = False

    def resumeProducing(self) -> None:
        """
        The transport has sent it all.
        """
        self._writable = True
        if self.pipeline.inQueue:
            self._write()

    def stopProducing(self) -> None:
        """
        The transport is gone; the protocol hears of it too.
        """

    # -- the connection

    def connect(self) -> None:
        """
        Start connecting, unless that has been done.
        """
        if self.state is State.IDLE:
            self.state = State.CONNECTING
            self._connector = self._connect(self, self._timeout or CONNECT_TIMEOUT)

    def buildProtocol(self, addr: IAddress | None) -> ClientProtocol:
        return ClientProtocol(self, self._grammar(self.pipeline))

    def connected(self, protocol: ClientProtocol) -> None:
        """
        The connection is made: send what has waited for it.
        """
        self.state = State.CONNECTED
        self._protocol = protocol
        self._ending.opened()
        self._watcher.backendMade()
        protocol.transport.bufferSize = self._readSize
        if self._greeting:
            greet(self, protocol.transport, self._greeting, self._clock.seconds())
            self._deadline.watch()
        else:
            self.greeted()

    def greeted(self) -> None:
        """
        The server has accepted the greeting: send what has waited.
        """
        assert self._protocol is not None
        self._protocol.transport.registerProducer(self, True)
        self.resumeProducing()

    def refused(self, text: str) -> None:
        """
        The server has refused the greeting.

        @param text: what it said.
        """
        SERVER_REFUSED(_log, **self.about(), reason=text)
        self.drop(Trouble(text))

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        if connector is self._connector:
            self._gone(troubleOf(reason.value))
            self._ending.look()

    def lost(self, protocol: ClientProtocol, trouble: Trouble) -> None:
        """
        A connection is gone; it may be one that was given up before.
        """
        if protocol is self._protocol:
            self._gone(trouble)
        self._ending.closed(protocol.transport)

    def drop(self, trouble: Trouble) -> None:
        """
        Give the connection up at once: nothing that still comes on it can be paired.
        """
        protocol, connector, state = self._protocol, self._connector, self.state
        self._gone(trouble)
        if state is State.CONNECTED and protocol is not None:
            protocol.transport.abortConnection()
        elif state is State.CONNECTING and connector is not None:
            connector.stopConnecting()

    def _gone(self, trouble: Trouble) -> None:
        loss = Loss(
            trouble,
            made=self.state is State.CONNECTED,
            worked=bool(self.pipeline.inQueue or self.pipeline.outQueue),
            heard=self._protocol is not None and self._protocol.heard,
        )
        self.state = State.IDLE
        self._connector = self._protocol = None
        self._writable = False
        self._deadline.stop()
        self._watcher.backendLost(self, loss)
        # Then: what is repeated goes where the keys are routed by now.
        self.pipeline.fail(trouble.text)
        # Last: what was held back goes there too, behind it.
        self.relieve()

    # -- the end

    def stop(self) -> Deferred[None]:
        """
        Close the connection and fail what waits on it.

        @return: fires when no socket is left.
        """
        return self._ending.now()

    def retire(self, seconds: float) -> Deferred[None]:
        """
        Finish what waits on the connection, and close it. Others take what comes from now on.

        @param seconds: how long that may take at most; what is left then fails.
        @return: fires when no socket is left.
        """
        grammar = self._grammar
        self._grammar = lambda pipeline: Watched(grammar(pipeline), self._heard)
        if self._protocol is not None:
            self._protocol.grammar = Watched(self._protocol.grammar, self._heard)
        self.relieve()
        return self._ending.whenDone(seconds)

    def _heard(self) -> None:
        if not self.pipeline.awake:
            self.pipeline.awake = True
            self.wake()

    def leave(self) -> None:
        """
        Close in good order, now that nothing waits.
        """
        protocol = self._protocol
        if protocol is None:
            self.drop(STOPPED)
        else:
            self._gone(STOPPED)
            self._ending.parting = protocol.transport
            protocol.transport.unregisterProducer()
            protocol.transport.loseConnection()
