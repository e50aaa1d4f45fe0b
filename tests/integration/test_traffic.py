"""What goes through a pool, on the turn batcher and on the plain reactor."""

from __future__ import annotations

from twisted.internet.defer import gatherResults

from .case import PlainReactor, ProxyCase, keyOf


class Traffic:
    """The conversations of clients that nothing goes wrong for."""

    def start(self, **settings):
        return self.pool(self.demo("one"), self.demo("two"), **settings)

    async def test_aValueIsStoredAndFetched(self):
        """What one client stores, another fetches."""
        pool = self.start()
        first, second = await self.client(pool), await self.client(pool)
        await first.answers(b"set k 7 0 5\r\nhello\r\n", b"STORED\r\n")
        await second.answers(b"get k\r\n", b"VALUE k 7 5\r\nhello\r\nEND\r\n")

    async def test_multiGetIsMergedInRequestOrder(self):
        """Keys of both servers come back in the order they were asked for, with one END."""
        pool = self.start()
        client = await self.client(pool)
        keys = [b"m%d" % number for number in range(20)]
        for key in keys:
            await client.answers(b"set %s 0 0 3\r\nabc\r\n" % key, b"STORED\r\n")
        used = {pool.distributor.locate(key).config.name for key in keys}
        self.assertEqual(len(used), 2)
        blocks = b"".join(b"VALUE %s 0 3\r\nabc\r\n" % key for key in keys)
        await client.answers(b"get %s missing\r\n" % b" ".join(keys), blocks + b"END\r\n")

    async def test_aPipelineIsAnsweredInOrder(self):
        """Five hundred requests sent at once get their answers in that order."""
        client = await self.client(self.start())
        sent, owed = [], []
        for number in range(500):
            sent.append(b"set p%d 0 0 3\r\n%03d\r\nget p%d\r\n" % (number, number, number))
            owed.append(b"STORED\r\nVALUE p%d 0 3\r\n%03d\r\nEND\r\n" % (number, number))
        await client.answers(b"".join(sent), b"".join(owed))

    async def test_largeValuesPassWhole(self):
        """10 KiB and almost 1 MiB go in and come out as they were."""
        client = await self.client(self.start())
        for size in (10 * 1024, 1024 * 1024 - 512):
            value = (b"0123456789abcdef" * (size // 16 + 1))[:size]
            await client.answers(b"set big 0 0 %d\r\n%s\r\n" % (size, value), b"STORED\r\n")
            owed = b"VALUE big 0 %d\r\n%s\r\nEND\r\n" % (size, value)
            await client.answers(b"get big\r\n", owed)

    async def test_aValueOverTheLimitIsSwallowed(self):
        """One byte over item_size_max is refused, and the connection stays in step."""
        client = await self.client(self.start(item_size_max=1000))
        client.send(b"set k 0 0 1001\r\n%s\r\nget k\r\n" % (b"x" * 1001))
        answer = await client.line() + await client.line()
        self.assertEqual(answer, b"SERVER_ERROR object too large for cache\r\nEND\r\n")

    async def test_manyClientsShareFewConnections(self):
        """Fifty clients with a pipeline each use one connection to each server."""
        one, two = self.demo("one"), self.demo("two")
        pool = self.pool(one, two)
        clients = await gatherResults([self.connect(pool) for _ in range(50)])
        for number, client in enumerate(clients):
            lines = [b"set c%d.%d 0 0 1\r\nx\r\n" % (number, each) for each in range(20)]
            client.send(b"".join(lines))
        for client in clients:
            self.assertEqual(await client.take(20 * 8), b"STORED\r\n" * 20)
        self.assertEqual([len(each.factory.kept) for each in (one, two)], [1, 1])

    async def test_noreplyGetsNoReply(self):
        """A silent request leaves no trace in the answers."""
        client = await self.client(self.start())
        await client.answers(
            b"set q 0 0 1 noreply\r\nx\r\nset q 0 0 1\r\ny\r\ndelete q noreply\r\nget q\r\n",
            b"STORED\r\nEND\r\n",
        )

    async def test_aHalfClosedClientIsAnswered(self):
        """Who shuts its sending side down still gets every answer, then the close."""
        client = await self.client(self.start())
        client.send(b"set h 0 0 1\r\nx\r\nget h\r\nget incompl")
        client.transport.loseWriteConnection()
        self.assertEqual(await client.untilLost(), b"STORED\r\nVALUE h 0 1\r\nx\r\nEND\r\n")

    async def test_quitClosesAfterTheAnswers(self):
        """What was asked before quit is answered, what follows it is dropped."""
        client = await self.client(self.start())
        client.send(b"set h 0 0 1\r\nx\r\nquit\r\nget h\r\n")
        self.assertEqual(await client.untilLost(), b"STORED\r\n")

    async def test_severalServerConnections(self):
        """With server_connections a client reads its own writes in one pipeline."""
        one = self.demo("one")
        client = await self.client(self.pool(one, server_connections=3))
        sent = [b"set s%d 0 0 1\r\nx\r\nget s%d\r\n" % (each, each) for each in range(50)]
        owed = [b"STORED\r\nVALUE s%d 0 1\r\nx\r\nEND\r\n" % each for each in range(50)]
        await client.answers(b"".join(sent), b"".join(owed))
        self.assertEqual(len(one.factory.kept), 3)

    async def test_preconnectConnectsAtTheStart(self):
        """Every server has a connection before any client has asked for something."""
        made = []
        pool = self.pool(self.scripted(connected=made.append), preconnect=True)
        client = await self.client(pool)
        await client.answers(b"verbosity 1\r\n", b"OK\r\n")
        while not made:
            await client.answers(b"verbosity 1\r\n", b"OK\r\n")
        self.assertEqual(len(made), 1)

    async def test_byteByByte(self):
        """A request that comes in single bytes is a request."""
        pool = self.start()
        client = await self.client(pool)
        client.transport.setTcpNoDelay(True)
        for byte in b"set b 0 0 3\r\nabc\r\nget b\r\n":
            client.send(bytes([byte]))
            await self.turn()
        await client.answers(b"", b"STORED\r\nVALUE b 0 3\r\nabc\r\nEND\r\n")

    async def test_keysOfEachServerLandThere(self):
        """The server that a key is routed to has it, and the other has not."""
        one, two = self.demo("one"), self.demo("two")
        pool = self.pool(one, two)
        client = await self.client(pool)
        for name in ("one", "two"):
            key = keyOf(pool, name)
            await client.answers(b"set %s 0 0 1\r\nx\r\n" % key, b"STORED\r\n")
        self.assertEqual([len(each.factory.host.cache) for each in (one, two)], [1, 1])


class BatchedTrafficTests(Traffic, ProxyCase):
    """On the turn batcher."""


class PlainTrafficTests(Traffic, ProxyCase):
    """On the reactor as it is."""

    reactorOfProxy = PlainReactor
