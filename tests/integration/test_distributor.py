"""A distributor whose servers change under it, over real sockets."""

from __future__ import annotations

import attrs

from nuttwist.terms import DIALECTS, settingsOf

from .case import PlainReactor, ProxyCase, keyOf

END = b"END\r\n"
ABORTED = b"SERVER_ERROR Software caused connection abort\r\n"


def follow(pool, **settings):
    """Give a pool's distributor other settings; what comes back fires when the old is gone."""
    config = attrs.evolve(pool.config, **settings)
    return pool.distributor.reconfigure(config, settingsOf(config, DIALECTS[config.redis]))


class Successions:
    """Servers that stay, come and go."""

    async def asked(self, server, count=1):
        """Wait until a scripted server has got so many gets, on whichever connections."""
        while sum(each.received.count(b"get ") for each in server.factory.kept) < count:
            await self.turn()

    async def test_whoStaysKeepsItsConnectionAndWhoGoesFinishes(self):
        """What is in flight is answered by the server that goes, and what comes by another."""
        stays, goes = self.demo("stays"), self.scripted(name="goes")
        pool = self.pool(stays, goes)
        own, other = keyOf(pool, "stays"), keyOf(pool, "goes")
        client = await self.client(pool)
        await client.answers(b"get %s\r\n" % own, END)
        kept = set(stays.factory.kept)
        client.send(b"get %s\r\n" % other)
        await self.asked(goes)
        gone = follow(pool, servers=(stays.config,), drain_timeout=60_000)
        await (await self.client(pool)).answers(b"get %s\r\n" % other, END)
        self.assertFalse(gone.called)
        (leaving,) = goes.factory.kept
        leaving.transport.write(b"VALUE %s 0 3\r\nold\r\n" % other)
        await self.turn()
        self.assertFalse(gone.called)
        leaving.transport.write(END)
        self.assertEqual(await client.line(), b"VALUE %s 0 3\r\n" % other)
        self.assertEqual(await client.take(10), b"old\r\n" + END)
        await gone
        await client.answers(b"get %s\r\n" % own, END)
        self.assertEqual(stays.factory.kept, kept)
        self.assertEqual(leaving.received, b"get %s\r\n" % other)
        while goes.factory.kept:
            await self.turn()

    async def test_connectionsThatAreToBeMadeInAnotherWay(self):
        """The old one finishes what it has while a new one takes what comes."""
        server = self.scripted()
        pool = self.pool(server)
        first, second = await self.client(pool), await self.client(pool)
        first.send(b"get a\r\n")
        await self.asked(server)
        (old,) = server.factory.kept
        gone = follow(pool, server_connections=2, drain_timeout=60_000)
        second.send(b"get b\r\n")
        await self.asked(server, 2)
        (new,) = server.factory.kept - {old}
        new.transport.write(END)
        self.assertEqual(await second.line(), END)
        self.assertFalse(gone.called)
        old.transport.write(END)
        self.assertEqual(await first.line(), END)
        await gone
        while old in server.factory.kept:
            await self.turn()
        self.assertEqual(server.factory.kept, {new})

    async def test_whoDoesNotFinishIsCutOff(self):
        """When drain_timeout is over, what is left gets an error, and the connection is closed."""
        stays, goes = self.demo("stays"), self.scripted(name="goes")
        pool = self.pool(stays, goes)
        key = keyOf(pool, "goes")
        client = await self.client(pool)
        client.send(b"get %s\r\n" % key)
        await self.asked(goes)
        await follow(pool, servers=(stays.config,), drain_timeout=20)
        self.assertEqual(await client.line(), ABORTED)
        while goes.factory.kept:
            await self.turn()
        await client.answers(b"get %s\r\n" % key, END)


class BatchedSuccessionTests(Successions, ProxyCase):
    """On the turn batcher."""


class PlainSuccessionTests(Successions, ProxyCase):
    """On the reactor as it is."""

    reactorOfProxy = PlainReactor
