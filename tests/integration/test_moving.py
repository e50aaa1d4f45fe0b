"""Listeners that move, exchange their places or cannot be had, while clients are connected."""

from __future__ import annotations

import os
import socket
import stat
from contextlib import closing

import attrs
from twisted.internet.error import CannotListenError

from nuttwist.config import Listen

from .case import PlainReactor, ProxyCase
from .reconfiguring import MISS, SET, Reconfiguring, freePlace
from .servers import LOOPBACK


class Moving(Reconfiguring):
    """A proxy whose pools listen elsewhere than it began with."""

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


class BatchedMovingTests(Moving, ProxyCase):
    """On the turn batcher."""


class PlainMovingTests(Moving, ProxyCase):
    """On the reactor as it is."""

    reactorOfProxy = PlainReactor
