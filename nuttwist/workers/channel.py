"""
The line between the parent and a worker.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, connectionDone
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure

from nuttwist.workers.messages import Message, decode, encode


class Channel(LineOnlyReceiver):
    """
    Messages over a stream, the same at both ends.
    """

    delimiter = b"\n"

    #: Bytes; a configuration of thousands of servers is one line.
    MAX_LENGTH = 1 << 28

    def __init__(self, receive: Callable[[Message], None], lost: Callable[[], None]) -> None:
        """
        @param receive: takes each message.
        @param lost: called when the other end is gone.
        """
        self._receive = receive
        self._lost = lost

    def lineReceived(self, line: bytes) -> None:
        self._receive(decode(line))

    def send(self, message: Message) -> None:
        """
        Say something; nobody hears it once the other end is gone.
        """
        self.sendLine(encode(message))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._lost()


class ChannelFactory(Factory):
    """
    Hands over the one channel that there is.
    """

    noisy = False

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def buildProtocol(self, addr: IAddress | None) -> Channel:
        return self._channel
