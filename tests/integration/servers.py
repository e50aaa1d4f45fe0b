"""
Servers behind the proxy, in this process: memcached embedded, and scripted ones that misbehave.
"""

from __future__ import annotations

import time

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone

from nuttwist.config import ServerConfig
from nuttwist.demo.cache import Cache
from nuttwist.demo.protocol import DemoFactory, MemcacheServer

LOOPBACK = "127.0.0.1"


class KeptServer(MemcacheServer):
    """A connection to an embedded server that can be found again."""

    def connectionMade(self):
        MemcacheServer.connectionMade(self)
        self.factory.kept.add(self)

    def connectionLost(self, reason=connectionDone):
        MemcacheServer.connectionLost(self, reason)
        self.factory.kept.discard(self)


class KeptFactory(DemoFactory):
    """
    An embedded memcached.

    @ivar kept: its connections.
    """

    def __init__(self):
        DemoFactory.__init__(self, Cache(64 << 20, time.time, itemSizeMax=2 << 20))
        self.kept = set()

    def buildProtocol(self, addr):
        made = KeptServer(self.host)
        made.factory = self
        return made


class ScriptedServer(Protocol):
    """A connection to a server that does what its factory's script says."""

    received = b""

    def connectionMade(self):
        self.factory.kept.add(self)
        self.factory.connected(self)

    def dataReceived(self, data):
        self.received += data
        self.factory.script(self)

    def connectionLost(self, reason=connectionDone):
        self.factory.kept.discard(self)


class ScriptedFactory(ServerFactory):
    """
    A server by script.

    @ivar script: called with a connection whenever it has received something; all of that is
        its C{received}.
    @ivar connected: called with a connection when it is made.
    """

    noisy = False
    protocol = ScriptedServer

    def __init__(self, script=lambda _: None, connected=lambda _: None):
        self.script = script
        self.connected = connected
        self.kept = set()


class Peer:
    """
    A server's process, as far as the proxy can tell: it listens, dies and comes back on its port.

    @ivar factory: what answers.
    @ivar config: its line of a pool's configuration.
    """

    def __init__(self, reactor, factory, name, host=LOOPBACK):
        self.factory = factory
        self._reactor = reactor
        self._port = None
        self._number = 0
        self._host = host
        self.start()
        self.config = ServerConfig(host=host, port=self._number, name=name)

    def start(self):
        """Listen, on the same port as before."""
        self._port = self._reactor.listenTCP(self._number, self.factory, interface=self._host)
        self._number = self._port.getHost().port

    def getHost(self):
        """Where it listens."""
        return self._port.getHost()

    async def stop(self):
        """End as after SIGKILL: the port is closed, the connections are reset."""
        port, self._port = self._port, None
        if port is not None:
            await port.stopListening()
        await self.cut()

    async def cut(self):
        """Reset every connection."""
        for each in list(self.factory.kept):
            each.transport.abortConnection()
        while self.factory.kept:
            await turn(self._reactor)


class UnixPeer(Peer):
    """A server on a unix socket."""

    def __init__(self, reactor, factory, name, path):
        self.factory = factory
        self._reactor = reactor
        self._path = path
        self.start()
        self.config = ServerConfig(path=path, name=name)

    def start(self):
        self._port = self._reactor.listenUNIX(self._path, self.factory)


def turn(reactor):
    """One turn of the reactor."""
    passed = Deferred()
    reactor.callLater(0, passed.callback, None)
    return passed
