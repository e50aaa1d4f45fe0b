"""
What every integration test stands on: pools in this process, with nothing left behind.
"""

from __future__ import annotations

import gc
import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTCP, IReactorTime, IReactorUNIX
from twisted.trial.unittest import TestCase
from zope.interface import implementer

from nuttwist.config import Listen, PoolConfig
from nuttwist.service import ProxyService
from tests.ports import freePort

from .servers import LOOPBACK, KeptFactory, Peer, ScriptedFactory, turn
from .talking import connectTo

#: Seconds that the end of a connection may take on a busy machine.
PATIENCE = 60.0

#: Seconds that a whole test may take, in which workers may start twice: two, or more than sixty
#: where there is a twentieth of a processor for them. A test that trial has given up goes on when
#: its cleanup ends what it waited for, and is told as an AlreadyCalledError too.
LONGEST = 2 * PATIENCE

#: How many turns of the reactor a timer may last that was stopped.
TURNS = 50


@implementer(IReactorTCP, IReactorUNIX, IReactorTime)
class PlainReactor:
    """
    The reactor of the process without its descriptors, so that no turn batcher comes in.
    """

    passed = (
        "callLater", "connectTCP", "connectUNIX", "getDelayedCalls", "listenTCP", "listenUNIX",
        "nameResolver", "seconds",
    )  # fmt: skip

    def __init__(self, reactor):
        for name in self.passed:
            setattr(self, name, getattr(reactor, name))


def descriptors():
    """The open file descriptors of this process, and what each is."""
    found = {}
    for each in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found[each.name] = str(each.readlink())
    # Twisted keeps one on /dev/null to close when there are no others left for an accept.
    return {
        name: what for name, what in found.items() if "/proc/" not in what and what != os.devnull
    }


class ProxyCase(TestCase):
    """
    A test with pools, servers and clients, all of them gone when it ends.

    @cvar reactorOfProxy: made into the reactor that the proxy is given.
    """

    timeout = LONGEST
    reactorOfProxy = staticmethod(lambda reactor: reactor)

    async def setUp(self):
        from twisted.internet import reactor  # noqa: PLC0415  importing it chooses it

        self.reactor = reactor
        # A running reactor has some of its own, and who gives ports out has one.
        await self.turn()
        freePort()
        # What earlier tests have left to the garbage collector is not to go during this one.
        gc.collect()
        before = descriptors()
        self.addCleanup(self._leavesNothing, before)
        self.addCleanup(self._closeClients)
        self._clients = []

    async def _leavesNothing(self, before):
        # Twisted leaves the socket of a path that cannot be bound to the garbage collector.
        gc.collect()
        # The other end of a connection hears of its close when the kernel has time to tell it.
        deadline = self.reactor.seconds() + PATIENCE
        while descriptors() != before and self.reactor.seconds() < deadline:
            await self.turn()
        for _ in range(TURNS):
            if not self.delayedCalls():
                break
            await self.turn()
        self.assertEqual(descriptors(), before)
        self.assertEqual(self.delayedCalls(), [])

    async def _closeClients(self):
        for each in self._clients:
            if each.lost is None:
                each.transport.abortConnection()
            await each.untilLost()

    def demo(self, name="one", **kw):
        """Start an embedded memcached."""
        return self._kept(Peer(self.reactor, KeptFactory(), name, **kw))

    def scripted(self, script=lambda _: None, connected=lambda _: None, name="one"):
        """Start a server that does as told."""
        return self._kept(Peer(self.reactor, ScriptedFactory(script, connected), name))

    def _kept(self, peer):
        self.addCleanup(peer.stop)
        return peer

    def configure(self, *peers, name="pool", listen=None, drain_timeout=0, **settings):
        """The configuration of a pool on a free port, in front of these servers."""
        return PoolConfig(
            name=name,
            listen=listen or Listen(host=LOOPBACK),
            servers=tuple(each.config for each in peers),
            drain_timeout=drain_timeout,
            **settings,
        )

    def unstarted(self, *pools, **kw):
        """A proxy of these pools that nobody has started; it is stopped when the test ends."""
        made = ProxyService(pools, self.reactorOfProxy(self.reactor), **kw)
        self.addCleanup(made.stopService)
        return made

    def proxy(self, *pools, **kw):
        """Start a proxy of these pools."""
        made = self.unstarted(*pools, **kw)
        made.startService()
        return made

    def pool(self, *peers, **settings):
        """Start a proxy of one pool, and give that."""
        config = self.configure(*peers, **settings)
        return self.proxy(config).pools[config.name]

    async def client(self, pool):
        """Connect to a pool, or to whatever else listens."""
        address = pool.address() if hasattr(pool, "address") else pool.getHost()
        made = await connectTo(self.reactor, address)
        self._clients.append(made)
        return made

    def delayedCalls(self):
        """What waits for its time in the reactor, but for trial's own deadline."""
        calls = self.reactor.getDelayedCalls()
        return [each for each in calls if each.func.__module__ != "twisted.trial._asynctest"]

    def connect(self, pool):
        """A Deferred client, to connect many at once."""
        return Deferred.fromCoroutine(self.client(pool))

    def turn(self):
        """One turn of the reactor."""
        return turn(self.reactor)

    def directory(self):
        """A new directory with a short name: the path of a unix socket has 107 bytes at most."""
        made = TemporaryDirectory(prefix="nuttwist")
        self.addCleanup(made.cleanup)
        return Path(made.name)


def keyOf(pool, server, prefix="key"):
    """A key that the pool keeps on the server with this name."""
    for number in range(10_000):
        key = f"{prefix}{number}".encode()
        if pool.distributor.locate(key).config.name == server:
            return key
    raise AssertionError(f"no key for {server!r}")
