"""Other pools while clients are connected: what stays, moves and goes, and all or nothing."""

from __future__ import annotations

import os
import socket
import stat
from contextlib import closing

import attrs
from twisted.internet.error import CannotListenError

from nuttwist.changes import Changes
from nuttwist.config import Listen, SettingError
from tests.ports import freePort

from .case import PlainReactor, ProxyCase, keyOf
from .servers import LOOPBACK

SET = b"set k 0 0 1\r\nx\r\n", b"STORED\r\n"
MISS = b"get k\r\n", b"END\r\n"


def freePlace():
    """A port that nobody listens on, and that stays so until a pool does."""
    return Listen(host=LOOPBACK, port=freePort())


class Reconfiguring:
    """A proxy with other pools than it began with."""

    async def answered(self, pool):
        """Fail unless the pool lets a client in and answers."""
        client = await self.client(pool)
        await client.answers(*MISS)
        return client

    async def refused(self, listen):
        """Fail if somebody listens there."""
        with closing(socket.socket()) as probe:
            self.assertNotEqual(probe.connect_ex((listen.host, listen.port)), 0)

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

    async def test_aPoolThatMovesKeepsItsClients(self):
        """Who is connected stays, who comes finds it at the new address, and at no other."""
        config = self.configure(self.demo(), listen=freePlace())
        proxy = self.proxy(config)
        pool = proxy.pools["pool"]
        client = await self.answered(pool)
        there = freePlace()
        await proxy.reconfigure([attrs.evolve(config, listen=there)])
        self.assertEqual(pool.address().port, there.port)
        await self.answered(pool)
        await client.answers(*MISS)
        while True:
            await self.turn()
            with closing(socket.socket()) as probe:
                if probe.connect_ex((LOOPBACK, config.listen.port)):
                    break

    async def test_aPoolByItselfMoves(self):
        """It can be done without a proxy around it; another pool's configuration is refused."""
        config = self.configure(self.demo(), listen=freePlace())
        pool = self.proxy(config).pools["pool"]
        client = await self.answered(pool)
        there = freePlace()
        await pool.reconfigure(attrs.evolve(config, listen=there))
        self.assertEqual((pool.config.listen, pool.address().port), (there, there.port))
        await client.answers(*MISS)
        await self.answered(pool)
        for wrong in ({"name": "other"}, {"redis": True}):
            self.assertRaises(ValueError, pool.reconfigure, attrs.evolve(config, **wrong))

    async def test_whatHasJustGoneMayComeBack(self):
        """The address of a pool that was removed, or has moved, is free for the next change."""
        for listen in (freePlace(), Listen(path=str(self.directory() / "pool"))):
            config = self.configure(self.demo(), listen=listen)
            proxy = self.proxy(config)
            await self.answered(proxy.pools["pool"])
            for pools in ([], [config], [attrs.evolve(config, listen=freePlace())], [config]):
                await proxy.reconfigure(pools)
            await self.answered(proxy.pools["pool"])

    async def test_twoPoolsExchangeTheirAddresses(self):
        """Both keep their clients, and new ones find each at the other's place."""
        one, two = self.demo("one"), self.demo("two")
        first = self.configure(one, name="first", listen=freePlace())
        second = self.configure(two, name="second", listen=freePlace())
        proxy = self.proxy(first, second)
        clients = [await self.answered(pool) for pool in proxy.pools.values()]
        await proxy.reconfigure(
            [
                attrs.evolve(first, listen=second.listen),
                attrs.evolve(second, listen=first.listen),
            ]
        )
        ports = [pool.address().port for pool in proxy.pools.values()]
        self.assertEqual(ports, [second.listen.port, first.listen.port])
        for client in clients:
            await client.answers(*MISS)
        await (await self.client(proxy.pools["first"])).answers(*SET)
        self.assertEqual([len(each.factory.host.cache) for each in (one, two)], [1, 0])

    async def test_fromOneAddressToAllOfThem(self):
        """The own listener is no obstacle to one of the same port on all addresses, nor back."""
        config = self.configure(self.demo(), listen=freePlace())
        proxy = self.proxy(config)
        everywhere = attrs.evolve(config, listen=Listen(host="0.0.0.0", port=config.listen.port))
        client = await self.answered(proxy.pools["pool"])
        for each in (everywhere, config):
            await proxy.reconfigure([each])
            self.assertEqual(proxy.pools["pool"].address().host, each.listen.host)
            await self.answered(proxy.pools["pool"])
        await client.answers(*MISS)

    async def test_aTakenPortChangesNothing(self):
        """When one address is not to be had, all pools stay as they were, with their listeners."""
        server = self.demo()
        kept = self.configure(server, name="kept", listen=freePlace())
        gone = self.configure(server, name="gone", listen=freePlace())
        proxy = self.proxy(kept, gone)
        pools = dict(proxy.pools)
        clients = [await self.answered(pool) for pool in pools.values()]
        free = freePlace()
        with closing(socket.create_server((LOOPBACK, 0))) as taken:
            place = Listen(host=LOOPBACK, port=taken.getsockname()[1])
            wanted = [
                attrs.evolve(kept, listen=Listen(host="0.0.0.0", port=kept.listen.port)),
                self.configure(server, name="added", listen=free),
                self.configure(server, name="other", listen=place),
            ]
            await self.assertFailure(proxy.reconfigure(wanted), CannotListenError)
            await self.assertFailure(
                proxy.pools["kept"].reconfigure(attrs.evolve(kept, timeout=1, listen=place)),
                CannotListenError,
            )
        await self.refused(free)
        self.assertEqual((proxy.pools, proxy.configs), (pools, [kept, gone]))
        for pool, client in zip(pools.values(), clients, strict=True):
            self.assertEqual(pool.address().port, pool.config.listen.port)
            await client.answers(*MISS)
            await self.answered(pool)

    async def test_whatWasClosedInVainListensAgain(self):
        """The own listener makes room for one that then cannot be had, and is back."""
        config = self.configure(self.demo(), listen=freePlace())
        proxy = self.proxy(config)
        port = config.listen.port
        with closing(socket.create_server(("127.0.0.2", port))):
            everywhere = attrs.evolve(config, listen=Listen(host="0.0.0.0", port=port))
            await self.assertFailure(proxy.reconfigure([everywhere]), CannotListenError)
        self.assertEqual(proxy.configs, [config])
        await self.answered(proxy.pools["pool"])

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

    async def test_aUnixSocketKeepsItsPathAndGetsItsMode(self):
        """Other permissions are those of the same socket."""
        path = self.directory() / "pool"
        config = self.configure(self.demo(), listen=Listen(path=str(path), mode=0o600))
        proxy = self.proxy(config)
        client = await self.answered(proxy.pools["pool"])
        inode = path.stat().st_ino
        for mode in (0o660, None):
            await proxy.reconfigure(
                [attrs.evolve(config, listen=Listen(path=str(path), mode=mode))]
            )
            self.assertEqual(path.stat().st_ino, inode)
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o777 & ~umask())
        await client.answers(*MISS)
        await self.answered(proxy.pools["pool"])

    async def test_aPathThatSomebodyHasRemovedIsRefused(self):
        """Permissions that cannot be given change nothing, nor do those that could."""
        paths = [self.directory() / name for name in ("gone", "there")]
        places = [Listen(path=str(each), mode=0o600) for each in paths]
        configs = [self.configure(self.demo(), name=each.path[-4:], listen=each) for each in places]
        proxy = self.proxy(*configs)
        clients = [await self.answered(each) for each in proxy.pools.values()]
        paths[0].unlink()
        wanted = [
            attrs.evolve(each, listen=attrs.evolve(each.listen, mode=0o660)) for each in configs
        ]
        for order in (wanted, wanted[::-1]):
            refused = await self.assertFailure(proxy.reconfigure(order), CannotListenError)
            said = f"gone: cannot listen on {paths[0]}: No such file or directory"
            self.assertEqual(str(refused), said)
        self.assertEqual(stat.S_IMODE(paths[1].stat().st_mode), 0o600)
        for client in clients:
            await client.answers(*MISS)
        await self.answered(proxy.pools["here"])

    async def test_whatDoesNotRunIsPreparedForItsStart(self):
        """A proxy that is stopped takes other pools, and binds them when it is started."""
        config = self.configure(self.demo(), listen=freePlace())
        proxy = self.unstarted(config)
        moved = attrs.evolve(config, listen=freePlace())
        await proxy.reconfigure([moved, self.configure(self.demo(), name="other")])
        proxy.startService()
        self.assertEqual(proxy.pools["pool"].address().port, moved.listen.port)
        for pool in proxy.pools.values():
            await self.answered(pool)


def umask():
    """The umask of this process."""
    usual = os.umask(0o077)
    os.umask(usual)
    return usual


class BatchedReconfiguringTests(Reconfiguring, ProxyCase):
    """On the turn batcher."""


class PlainReconfiguringTests(Reconfiguring, ProxyCase):
    """On the reactor as it is."""

    reactorOfProxy = PlainReactor
