"""Pools that are the backup of others come, change and go while clients are connected."""

from __future__ import annotations

import attrs

from .case import TURNS, PlainReactor, ProxyCase, keyOf

MISS = b"get k\r\n", b"END\r\n"
REFUSED = b"SERVER_ERROR Connection refused\r\n"


class ReconfiguringBackups:
    """Pools that take the keys of others whose servers are out, and pools that no longer do."""

    def backed(self, spare, **settings):
        """The configurations of a pool and of its backup, with these settings."""
        front = self.configure(
            self.demo(), drain_timeout=60_000, on_failure="backup", backup="spare"
        )
        return front, self.configure(spare, name="spare", **settings)

    async def asking(self, front, back, spare):
        """A proxy, and a client that waits for the backup."""
        proxy = self.proxy(front, back)
        pool = proxy.pools["pool"]
        pool.distributor.eject("one")
        client = await self.client(pool)
        client.send(b"get k\r\n")
        while not any(each.received for each in spare.factory.kept):
            await self.turn()
        return proxy, client

    async def answeredBy(self, spare, client):
        """Fail unless a client gets what it waits for, and the connection to the server closes."""
        for _ in range(TURNS):
            await self.turn()
        (connection,) = spare.factory.kept
        connection.transport.write(b"END\r\n")
        self.assertEqual(await client.take(5), b"END\r\n")
        while spare.factory.kept:
            await self.turn()

    async def test_aRemovedBackupAnswersWhatOthersHaveAsked(self):
        """Nothing new is sent to it, and it goes when it has answered."""
        spare = self.scripted(name="spare")
        front, back = self.backed(spare, drain_timeout=60_000)
        proxy, client = await self.asking(front, back, spare)
        await proxy.reconfigure([attrs.evolve(front, on_failure="fail", backup=None)])
        other = await self.client(proxy.pools["pool"])
        await other.answers(b"get k\r\n", b"SERVER_ERROR server one is out: ejected by hand\r\n")
        await self.answeredBy(spare, client)

    async def test_aBackupThatChangesItsProtocolAnswersWhatOthersHaveAsked(self):
        """The pool that it was goes, and another one of its name comes."""
        spare = self.scripted(name="spare")
        front, back = self.backed(spare, drain_timeout=60_000)
        proxy, client = await self.asking(front, back, spare)
        await proxy.reconfigure(
            [
                attrs.evolve(front, on_failure=None, backup=None),
                attrs.evolve(back, redis=True),
            ]
        )
        await self.answeredBy(spare, client)
        await (await self.client(proxy.pools["spare"])).answers(b"PING\r\n", b"+PONG\r\n")

    async def test_aServerThatLeavesABackupAnswersWhatOthersHaveAsked(self):
        """The backup stays; its other server takes what comes."""
        spare, demo = self.scripted(name="spare"), self.demo(name="other")
        front, back = self.backed(spare, drain_timeout=60_000)
        proxy, client = await self.asking(front, back, spare)
        await proxy.reconfigure([front, attrs.evolve(back, servers=(demo.config,))])
        await (await self.client(proxy.pools["pool"])).answers(*MISS)
        await self.answeredBy(spare, client)

    async def test_aRemovedBackupDoesNotAnswerForEver(self):
        """After its C{drain_timeout} who waits gets an error."""
        spare = self.scripted(name="spare")
        front, back = self.backed(spare, drain_timeout=50)
        proxy, client = await self.asking(front, back, spare)
        await proxy.reconfigure([attrs.evolve(front, on_failure="fail", backup=None)])
        error = b"SERVER_ERROR Software caused connection abort\r\n"
        self.assertEqual(await client.take(len(error)), error)

    async def test_aStopIsNotHeldUpByARemovedBackup(self):
        """Nobody waits any more for what it has not answered."""
        spare = self.scripted(name="spare")
        front, back = self.backed(spare, drain_timeout=3_600_000)
        proxy, client = await self.asking(front, back, spare)
        await proxy.reconfigure([attrs.evolve(front, on_failure="fail", backup=None)])
        client.transport.abortConnection()
        await client.untilLost()
        await proxy.stopService()

    async def test_aBackupComesWhileTheServerIsOut(self):
        """It takes the keys at once, for who is connected too, until the server is back."""
        one, two, spare = self.demo("one"), self.demo("two"), self.demo("spare")
        settings = {"auto_eject_hosts": True, "server_failure_limit": 1}
        front = self.configure(one, two, server_retry_timeout=3_600_000, **settings)
        proxy = self.proxy(front)
        pool = proxy.pools["pool"]
        key = keyOf(pool, "two")
        store = b"set %s 0 0 1\r\nx\r\n" % key, b"STORED\r\n"
        client = await self.client(pool)
        await two.stop()
        await client.answers(b"get %s\r\n" % key, REFUSED)
        await client.answers(*store)
        for policy in ("rehash", "backup", "fail", "backup"):
            backup = "spare" if policy == "backup" else None
            changed = attrs.evolve(front, on_failure=policy, backup=backup)
            await proxy.reconfigure([changed, self.configure(spare, name="spare")])
            if policy == "fail":
                out = b"SERVER_ERROR server two is out: Connection refused\r\n"
                await client.answers(b"get %s\r\n" % key, out)
            else:
                await client.answers(*store)
            places = [len(each.factory.host.cache) for each in (one, spare)]
            self.assertEqual(places, [1, int(policy != "rehash")])
        pool.distributor.readmit("two")
        await client.answers(b"get %s\r\n" % key, REFUSED)


class BatchedBackupTests(ReconfiguringBackups, ProxyCase):
    """The same of backups."""


class PlainBackupTests(ReconfiguringBackups, ProxyCase):
    """The same of backups on the reactor as it is."""

    reactorOfProxy = PlainReactor
