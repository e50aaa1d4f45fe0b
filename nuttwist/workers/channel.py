"""
The line between the parent and a worker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

from twisted.internet.interfaces import IAddress, IFileDescriptorReceiver, IUNIXTransport
from twisted.internet.protocol import Factory, connectionDone
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from nuttwist.workers.messages import Message, WrongMessage, decode, encode


@implementer(IFileDescriptorReceiver)
class Channel(LineOnlyReceiver):
    """
    Messages over a stream, the same at both ends, and file descriptors that come with them.
    """

    delimiter = b"\n"

    #: Bytes; a configuration of thousands of servers is one line.
    MAX_LENGTH = 1 << 28

    def __init__(
        self,
        receive: Callable[[Message], None],
        lost: Callable[[], None],
        unreadable: Callable[[bytes], None] | None = None,
    ) -> None:
        """
        @param receive: takes each message.
        @param lost: called when the other end is gone.
        @param unreadable: takes each line that is no message; L{None}: it closes the channel.
        """
        self._descriptors: list[int] = []
        self._receive = receive
        self._lost = lost
        self._unreadable = unreadable

    def lineReceived(self, line: bytes) -> None:
        try:
            message = decode(line)
        except WrongMessage:
            if self._unreadable is None:
                raise
            self._unreadable(line)
        else:
            self._receive(message)

    def fileDescriptorReceived(self, descriptor: int) -> None:
        """
        One more came.
        """
        self._descriptors.append(descriptor)

    def taken(self, count: int) -> list[int]:
        """
        Take so many descriptors that came with a message, in their order. They are there when the
        message is: each goes with a byte that is not behind the end of it.
        """
        taken, self._descriptors = self._descriptors[:count], self._descriptors[count:]
        return taken

    def send(self, message: Message, descriptors: Iterable[int] = ()) -> None:
        """
        Say something; nobody hears it once the other end is gone.

        @param descriptors: go with it, and must stay open until there is an answer.
        """
        if self.transport is None:
            return
        for each in descriptors:
            cast(IUNIXTransport, self.transport).sendFileDescriptor(each)
        self.sendLine(encode(message))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.transport = None
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
