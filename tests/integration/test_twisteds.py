"""
Twisted's own tests of reactors, run on transports that the turn batcher serves.

They need PyHamcrest, as all of Twisted's tests do.
"""

from __future__ import annotations

from twisted.internet import tcp
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.test.reactormixins import ReactorBuilder
from twisted.internet.test.test_tcp import (
    AbortConnectionMixin,
    ListenTCPMixin,
    TCP4ClientTestsBuilder as ClientBuilder,
    TCP4ConnectorTestsBuilder as ConnectorBuilder,
    TCPConnectionTestsBuilder as ConnectionBuilder,
    TCPCreator,
    TCPPortTestsMixin,
    TCPTransportTestsBuilder as TransportBuilder,
)
from twisted.trial.unittest import SynchronousTestCase

from nuttwist.net.batcher import TurnBatcher


class BatchedReactor(EPollReactor):
    """A reactor all of whose TCP connections are served by a turn batcher."""

    def __init__(self):
        EPollReactor.__init__(self)
        self.batcher = TurnBatcher(self)

    def listenTCP(self, port, factory, backlog=50, interface=""):
        return self.batcher.listenTCP(port, factory, backlog, interface)

    def connectTCP(self, host, port, factory, timeout=30, bindAddress=None):
        connector = tcp.Connector(host, port, factory, timeout, bindAddress, self.batcher)
        connector.connect()
        return connector

    def getReaders(self):
        return EPollReactor.getReaders(self) + self.batcher.getReaders()

    def getWriters(self):
        return EPollReactor.getWriters(self) + self.batcher.getWriters()


class OnBatcher:
    """Twisted's tests for reactors, of transports on the batcher."""

    reactorFactory = BatchedReactor
    skippedReactors: dict[str, str] = {}  # noqa: RUF012  as Twisted's tests have it


class ClientTests(OnBatcher, ClientBuilder, SynchronousTestCase):
    """Connections to servers."""

    def test_logPrefix(self):
        """The one that fails: the batcher makes no log context for each event, to save time."""
        self.assertRaises(self.failureException, ClientBuilder.test_logPrefix, self)


class ConnectionTests(OnBatcher, ConnectionBuilder, SynchronousTestCase):
    """Pausing, resuming and half closes."""


class AbortTests(OnBatcher, ReactorBuilder, AbortConnectionMixin, SynchronousTestCase):
    """Connections that are given up."""

    endpoints = TCPCreator()


class ConnectorTests(OnBatcher, ConnectorBuilder, SynchronousTestCase):
    """Connecting, failing and connecting again."""


class PortTests(OnBatcher, ReactorBuilder, ListenTCPMixin, TCPPortTestsMixin, SynchronousTestCase):
    """Ports."""


class WritingTests(OnBatcher, TransportBuilder, SynchronousTestCase):
    """Producers, sequences and addresses."""
