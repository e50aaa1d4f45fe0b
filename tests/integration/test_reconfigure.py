"""Other pools while clients are connected: what stays, comes and goes."""

from __future__ import annotations

import attrs

from nuttwist.changes import Changes
from nuttwist.config import SettingError

from .case import PlainReactor, ProxyCase, keyOf
from .reconfiguring import MISS, SET, Reconfiguring, freePlace


class OtherPools(Reconfiguring):
    """A proxy with other pools than it began with."""

    async def test_theSamePoolsAreLeftAlone(self):
        """Nothing changes, and no cache is cleared."""
        config = self.configure(self.demo())
        proxy = self.proxy(config)
        pool = proxy.pools["pool"]
        client = await self.answered(pool)
        routes = dict(pool.distributor.lane(0).routes)
        self.assertTrue(routes)
        self.assertEqual(await proxy.reconfigure([attrs.evolve(config)]), Changes())
        self.assertIs(proxy.pools["pool"], pool)
        self.assertEqual(pool.distributor.lane(0).routes, routes)
        await client.answers(*MISS)

    async def test_anUnchangedPoolIsNotTouched(self):
        """While others come, change and go it keeps clients, servers, port and what it knows."""
        server = self.demo()
        kept, changed, gone = (
            self.configure(server, name=name) for name in ("kept", "changed", "gone")
        )
        proxy = self.proxy(kept, changed, gone)
        pool = proxy.pools["kept"]
        client = await self.answered(pool)
        (backend,) = pool.distributor.servers[0].backends
        before = pool.listening.port, backend._protocol, dict(pool.distributor.lane(0).routes)
        added = self.configure(server, name="added")
        faster = attrs.evolve(changed, timeout=500)
        changes = await proxy.reconfigure([kept, added, faster])
        self.assertEqual(
            [[each.name for each in changes.added], [each.name for each in changes.removed]],
            [["added"], ["gone"]],
        )
        self.assertEqual(list(proxy.pools), ["kept", "added", "changed"])
        after = pool.listening.port, backend._protocol, pool.distributor.lane(0).routes
        self.assertEqual(before, after)
        await client.answers(*MISS)
        await self.answered(proxy.pools["added"])

    async def test_aRemovedPoolFinishesWhatIsInFlight(self):
        """It lets nobody in, answers who waits, closes the others, and then is gone."""
        server = self.scripted()
        gone = self.configure(server, name="gone", drain_timeout=60_000, listen=freePlace())
        proxy = self.proxy(gone)
        pool = proxy.pools["gone"]
        busy, idle = await self.client(pool), await self.client(pool)
        busy.send(b"get k\r\n")
        while not any(each.received for each in server.factory.kept):
            await self.turn()
        await proxy.reconfigure([])
        self.assertEqual((proxy.pools, list(proxy)), ({}, []))
        self.assertEqual(await idle.untilLost(), b"")
        await self.refused(gone.listen)
        self.assertIsNone(busy.lost)
        (connection,) = server.factory.kept
        connection.transport.write(b"END\r\n")
        self.assertEqual(await busy.untilLost(), b"END\r\n")
        await proxy.stopService()

    async def test_aStopWaitsForWhatWasRemoved(self):
        """When the proxy has stopped a removed pool has ended as well, at once if so asked."""
        server = self.scripted()
        proxy = self.proxy(self.configure(server, drain_timeout=60_000))
        client = await self.client(proxy.pools["pool"])
        client.send(b"get k\r\n")
        while not any(each.received for each in server.factory.kept):
            await self.turn()
        await proxy.reconfigure([])
        stopped = proxy.stopService()
        await self.turn()
        self.assertFalse(stopped.called)
        proxy.abort()
        await stopped
        await client.untilLost()

    async def test_anotherNameIsAnotherPool(self):
        """The old pool's clients go; its port is the new one's without a moment in between."""
        old = self.configure(self.demo(), name="old", listen=freePlace())
        proxy = self.proxy(old)
        client = await self.answered(proxy.pools["old"])
        port = proxy.pools["old"].listening.port
        await proxy.reconfigure([attrs.evolve(old, name="new")])
        self.assertIs(proxy.pools["new"].listening.port, port)
        self.assertEqual(await client.untilLost(), b"")
        await self.answered(proxy.pools["new"])

    async def test_anotherProtocolIsAnotherPool(self):
        """A pool of the same name and address takes the place of the one that there was."""
        old = self.configure(self.demo(), listen=freePlace())
        proxy = self.proxy(old)
        client = await self.answered(proxy.pools["pool"])
        for protocol, asked in ((True, (b"PING\r\n", b"+PONG\r\n")), (False, MISS)):
            await proxy.reconfigure([attrs.evolve(old, redis=protocol)])
            self.assertEqual(await client.untilLost(), b"")
            client = await self.client(proxy.pools["pool"])
            await client.answers(*asked)

    async def test_poolsThatDoNotGoTogetherAreRefused(self):
        """A backup that is not there is a mistake in words, and nothing has changed."""
        config = self.configure(self.demo())
        proxy = self.proxy(config)
        wrong = attrs.evolve(config, on_failure="backup", backup="nosuch")
        await self.assertFailure(proxy.reconfigure([wrong]), SettingError)
        self.assertEqual(proxy.configs, [config])
        await self.answered(proxy.pools["pool"])

    async def test_whoIsConnectedIsHeldToTheNewSettings(self):
        """A limit on values holds from the next request of a client that was there before."""
        config = self.configure(self.demo())
        proxy = self.proxy(config)
        client = await self.client(proxy.pools["pool"])
        await client.answers(*SET)
        await proxy.reconfigure([attrs.evolve(config, item_size_max=4, client_connections=1)])
        await client.answers(
            b"set k 0 0 5\r\nhello\r\n", b"SERVER_ERROR object too large for cache\r\n"
        )
        late = await self.client(proxy.pools["pool"])
        self.assertIn(b"ERROR", await late.untilLost())

    async def test_serversComeAndGo(self):
        """A server that stays keeps its connection; one that goes answers what it was asked."""
        stays, goes = self.demo("stays"), self.scripted(name="goes")
        config = self.configure(stays, goes, drain_timeout=60_000)
        proxy = self.proxy(config)
        pool = proxy.pools["pool"]
        keys = keyOf(pool, "stays"), keyOf(pool, "goes")
        client = await self.client(pool)
        await client.answers(b"get %s\r\n" % keys[0], b"END\r\n")
        (connection,) = stays.factory.kept
        client.send(b"get %s\r\n" % keys[1])
        while not any(each.received for each in goes.factory.kept):
            await self.turn()
        comes = self.demo("comes")
        await proxy.reconfigure([attrs.evolve(config, servers=(stays.config, comes.config))])
        (leaving,) = goes.factory.kept
        leaving.transport.write(b"END\r\n")
        self.assertEqual(await client.take(5), b"END\r\n")
        await client.answers(b"get %s\r\n" % keys[1], b"END\r\n")
        await client.answers(b"get %s\r\n" % keys[0], b"END\r\n")
        self.assertEqual(stays.factory.kept, {connection})
        while goes.factory.kept:
            await self.turn()


class BatchedReconfiguringTests(OtherPools, ProxyCase):
    """On the turn batcher."""


class PlainReconfiguringTests(OtherPools, ProxyCase):
    """On the reactor as it is."""

    reactorOfProxy = PlainReactor
