"""The proxy as a service among others: started, stopped, started again, several in a process."""

from __future__ import annotations

from twisted.application.service import MultiService
from twisted.internet.error import CannotListenError

from nuttwist.config import Listen

from .case import PlainReactor, ProxyCase, descriptors, keyOf
from .servers import LOOPBACK
from .test_failures import REFUSED


class Composing:
    """A proxy in a program that is not its own."""

    def assertIdle(self):
        """The reactor has nothing to do for anybody."""
        self.assertEqual(self.delayedCalls(), [])

    async def test_itStartsAndStopsWithItsParent(self):
        """Attached to a MultiService it works again after every start."""
        parent = MultiService()
        one = self.demo()
        proxy = self.unstarted(self.configure(one, timeout=5000, preconnect=True))
        proxy.setServiceParent(parent)
        for _ in range(3):
            parent.startService()
            client = await self.client(proxy.pools["pool"])
            await client.answers(b"set k 0 0 1\r\nx\r\n", b"STORED\r\n")
            await parent.stopService()
            await client.untilLost()
            self.assertIdle()
            self.assertEqual(proxy.pools["pool"].distributor.counters.client_connections, 0)

    async def test_attachedToARunningParentItStarts(self):
        """A proxy that joins a running MultiService starts at once, and stops when it leaves."""
        parent = MultiService()
        parent.startService()
        proxy = self.unstarted(self.configure(self.demo()))
        proxy.setServiceParent(parent)
        client = await self.client(proxy.pools["pool"])
        await client.answers(b"get k\r\n", b"END\r\n")
        await proxy.disownServiceParent()
        self.assertIsNone(proxy.pools["pool"].listening.port)
        await parent.stopService()

    async def test_stoppedAmidWorkNothingIsLeft(self):
        """Requests in flight, a timeout and an ejection pending: the stop ends it all."""
        before = descriptors()
        dead = self.demo("dead")
        silent = self.scripted(name="silent")
        proxy = self.unstarted(
            self.configure(dead, silent, timeout=60_000, auto_eject_hosts=True,
                           server_failure_limit=1, server_connections=2),
            statsAddress=(LOOPBACK, 0),
        )  # fmt: skip
        proxy.startService()
        pool = proxy.pools["pool"]
        keys = keyOf(pool, "dead"), keyOf(pool, "silent")
        await dead.stop()
        client = await self.client(pool)
        await client.answers(b"get %s\r\n" % keys[0], REFUSED)
        client.send(b"get %s\r\nget %s\r\n" % (keys[1], keys[1]))
        while not any(each.received for each in silent.factory.kept):
            await self.turn()
        self.assertEqual(len(self.delayedCalls()), 2)
        await proxy.stopService()
        self.assertIdle()
        await client.untilLost()
        await silent.cut()
        await silent.stop()
        self.assertEqual(descriptors(), before)

    async def test_stoppedWhileItConnects(self):
        """A connection that is being made is given up, also while its name is looked up."""
        one = self.demo()
        one.config = type(one.config)(host="localhost", port=one.config.port, name="one")
        proxy = self.unstarted(self.configure(one, preconnect=True))
        proxy.startService()
        await proxy.stopService()
        self.assertIdle()

    async def test_stoppedBeforeItHasBegunToConnect(self):
        """Nothing is left of a connection that was asked for in the same turn."""
        proxy = self.proxy(self.configure(self.demo()))
        distributor = proxy.pools["pool"].distributor
        distributor.servers[0].backends[0].connect()
        await distributor.stopService()
        self.assertIdle()

    async def test_aBackupServesUntilAllClientsAreGone(self):
        """When the proxy stops, the clients of another pool get what they wait for from it."""
        spare = self.scripted(name="spare")
        front = self.configure(
            self.demo(), drain_timeout=60_000, on_failure="backup", backup="spare"
        )
        proxy = self.proxy(front, self.configure(spare, name="spare"))
        pool = proxy.pools["pool"]
        pool.distributor.eject("one")
        client = await self.client(pool)
        client.send(b"get k\r\n")
        while not any(each.received for each in spare.factory.kept):
            await self.turn()
        stopped = proxy.stopService()
        while proxy.pools["spare"].listening.port is not None:
            await self.turn()
        await self.turn()
        (connection,) = spare.factory.kept
        connection.transport.write(b"END\r\n")
        self.assertEqual(await client.untilLost(), b"END\r\n")
        await stopped

    async def test_twoShareNothing(self):
        """Two proxies of the same configuration count, eject and stop each for itself."""
        one, two = self.demo("one"), self.demo("two")
        config = self.configure(one, two, auto_eject_hosts=True, server_failure_limit=1)
        first, second = self.proxy(config).pools["pool"], self.proxy(config).pools["pool"]
        key = keyOf(first, "two")
        client, other = await self.client(first), await self.client(second)
        await two.stop()
        await client.answers(b"get %s\r\n" % key, REFUSED)
        await client.answers(b"get %s\r\n" % key, b"END\r\n")
        self.assertEqual(first.distributor.counters.server_ejects, 1)
        self.assertEqual(second.distributor.counters.server_ejects, 0)
        await other.answers(b"get %s\r\n" % key, REFUSED)
        await first.parent.stopService()
        await other.answers(b"get %s\r\n" % key, b"END\r\n")

    async def test_anEjectedServerReturnsAfterAStopAndAStart(self):
        """Who was out when the proxy stopped is let in again after the next start."""
        one = self.demo()
        settings = {"server_failure_limit": 1, "server_retry_timeout": 50}
        proxy = self.proxy(self.configure(one, auto_eject_hosts=True, **settings))
        pool = proxy.pools["pool"]
        await one.stop()
        client = await self.client(pool)
        await client.answers(b"get k\r\n", REFUSED)
        await proxy.stopService()
        await client.untilLost()
        one.start()
        proxy.startService()
        client = await self.client(pool)
        answer = REFUSED
        while answer == REFUSED:
            client.send(b"get k\r\n")
            answer = await client.line()
        self.assertEqual(answer, b"END\r\n")

    async def test_aTakenPortFailsTheStart(self):
        """CannotListenError names the port, and no other port, timer or connection stays."""
        one = self.demo("one")
        taken = self.demo("taken")
        listen = Listen(host=LOOPBACK, port=taken.config.port)
        before = descriptors()
        proxy = self.unstarted(
            self.configure(one, name="a", preconnect=True),
            self.configure(one, name="b", listen=listen, preconnect=True),
            statsAddress=(LOOPBACK, 0),
        )
        for start in (proxy.startService, proxy.privilegedStartService):
            error = self.assertRaises(CannotListenError, start)
            self.assertEqual(error.port, taken.config.port)
            self.assertFalse(proxy.running)
            await self.turn()
            await self.turn()
            self.assertIdle()
            self.assertEqual(descriptors(), before)
        self.assertEqual(one.factory.host.totalConnections, 0)

    async def test_aTakenPortMayBeFreeTheNextTime(self):
        """A start that failed does not spoil the next one."""
        one, taken = self.demo("one"), self.demo("taken")
        listen = Listen(host=LOOPBACK, port=taken.config.port)
        proxy = self.unstarted(self.configure(one, listen=listen))
        self.assertRaises(CannotListenError, proxy.startService)
        await taken.stop()
        proxy.startService()
        client = await self.client(proxy.pools["pool"])
        await client.answers(b"get k\r\n", b"END\r\n")


class BatchedComposingTests(Composing, ProxyCase):
    """On the turn batcher."""


class PlainComposingTests(Composing, ProxyCase):
    """On the reactor as it is."""

    reactorOfProxy = PlainReactor
