"""
Asks an ejected server whether it is well again, on a connection of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IConnector
from twisted.internet.protocol import ClientFactory, connectionDone
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

from nuttwist.net.deadline import Clock
from nuttwist.net.lines import StreamTransport


class ProbeProtocol(LineReceiver):
    """
    Some questions at once, one line for each answer.
    """

    delimiter = b"\r\n"
    transport: StreamTransport  # type: ignore[assignment]  # Twisted's may be None

    def __init__(self, probe: Probe) -> None:
        self._probe = probe

    def connectionMade(self) -> None:
        self.transport.write(self._probe.question)

    def lineReceived(self, line: bytes) -> None:
        self._probe.heard(line)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._probe.over(False)


class Probe(ClientFactory):
    """
    One attempt, successful when the server answers the question in time.

    @ivar question: what is asked.
    @ivar closed: fires when no socket is left.
    """

    noisy = False

    def __init__(
        self,
        question: bytes,
        answers: Sequence[bytes],
        clock: Clock,
        timeout: float,
        done: Callable[[bool], None],
    ) -> None:
        """
        @param answers: how each of the lines begins that a healthy server answers.
        @param timeout: seconds for all of it.
        @param done: called once with whether the server is well.
        """
        self.question = question
        self.closed: Deferred[None] = Deferred()
        self._answers = list(answers)
        self._done: Callable[[bool], None] | None = done
        self._connector: IConnector | None = None
        self._timer = clock.callLater(timeout, self.over, False)

    def startedConnecting(self, connector: IConnector) -> None:
        self._connector = connector

    def buildProtocol(self, addr: IAddress | None) -> ProbeProtocol:
        return ProbeProtocol(self)

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        self.over(False)
        self.closed.callback(None)

    def clientConnectionLost(self, connector: IConnector, reason: Failure) -> None:
        self.closed.callback(None)

    def heard(self, line: bytes) -> None:
        """
        The server has answered.
        """
        if not (self._answers and line.startswith(self._answers.pop(0))):
            self.over(False)
        elif not self._answers:
            self.over(True)

    def over(self, well: bool) -> None:
        """
        It is decided; close what is open, and say so, once.
        """
        done, self._done = self._done, None
        if done is None:
            return
        if self._timer.active():
            self._timer.cancel()
        if self._connector is not None:
            self._connector.disconnect()
        done(well)
