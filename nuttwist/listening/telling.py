"""
Ports that tell everyone who connects the same thing.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol, ServerFactory

from nuttwist.config import Listen
from nuttwist.listening import ListeningService
from nuttwist.net.deadline import Clock
from nuttwist.net.notices import Notices, Text
from nuttwist.reactors import Sockets


class StatisticsFactory(ServerFactory):
    """
    Answers each connection to the stats port with the counters, as they are by then.

    @ivar notices: those that are connected.
    """

    noisy = False

    def __init__(self, document: Text, clock: Clock) -> None:
        self.notices = Notices(clock)
        self._document = document

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        return self.notices.notice(self._document)


class TellingService(ListeningService):
    """
    Listens while it runs, and leaves no connection behind.
    """

    def __init__(self, listen: Listen, document: Text, sockets: Sockets) -> None:
        """
        @param document: what there is to say.
        """
        factory = StatisticsFactory(document, sockets)
        ListeningService.__init__(self, listen, factory, sockets, "statistics")
        self._notices = factory.notices

    async def _end(self) -> None:
        await ListeningService.stopService(self)
        await self._notices.abort()

    def stopService(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._end())
