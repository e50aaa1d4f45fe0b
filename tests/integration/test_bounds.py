"""Memory stays flat: who does not read, or feeds a server that does not, is not read either."""

from __future__ import annotations

from nuttwist.wire.replyqueue import BUDGET, MOST

from .case import PlainReactor, ProxyCase, keyOf

MEBIBYTE = 1 << 20


def unsent(transport):
    """The bytes that a transport keeps until the socket takes them."""
    waiting = sum(map(len, transport._tempDataBuffer))
    return len(transport.dataBuffer) - transport.offset + waiting


class Bounds:
    """Queues with an end."""

    async def settled(self, number):
        """Wait until a number has not changed for some turns of the reactor."""
        same, last = 0, number()
        while same < 200:
            await self.turn()
            now = number()
            same = same + 1 if now == last else 0
            last = now
        return last

    async def test_aClientThatDoesNotReadIsNotRead(self):
        """Of the replies to endless requests only a bounded part is made; then all are there."""
        one = self.demo()
        pool = self.pool(one)
        client, other = await self.client(pool), await self.client(pool)
        key, value = b"k" * 200, b"v" * 4_000
        await other.answers(b"set %s 0 0 4000\r\n%s\r\n" % (key, value), b"STORED\r\n")
        count = 3 * MOST
        client.transport.pauseProducing()
        client.send(b"get %s\r\n" % key * count)
        proxied = next(each for each in pool.frontend.clients if not other_is(each, other))
        await self.settled(lambda: one.factory.host.cache.counters["get_hits"])
        served = one.factory.host.cache.counters["get_hits"]
        self.assertLess(served, count)
        self.assertLess(unsent(proxied.transport), 2 * BUDGET)
        await other.answers(b"get missing\r\n", b"END\r\n")
        client.transport.resumeProducing()
        answer = b"VALUE %s 0 4000\r\n%s\r\nEND\r\n" % (key, value)
        for _ in range(3):
            self.assertEqual(await client.take(MOST * len(answer)), answer * MOST)

    async def test_aServerThatDoesNotReadHoldsItsClientsBack(self):
        """What waits for a server that does not read is bounded; then it all arrives."""
        stored = []

        def store(connection):
            done = connection.received.count(request)
            connection.received = connection.received[done * len(request) :]
            stored.append(done)
            connection.transport.write(b"STORED\r\n" * done)

        held = []

        def hold(connection):
            held.append(connection)
            connection.transport.pauseProducing()

        request = b"set k 0 0 10000\r\n%s\r\n" % (b"v" * 10_000)
        pool = self.pool(self.scripted(store, hold))
        client = await self.client(pool)
        count = 3000
        client.send(request * count)
        backend = pool.distributor.servers[0].connections(0)[0]

        def waiting():
            return backend.pipeline.sizes()[1]

        await self.settled(waiting)
        self.assertLess(waiting(), 3 * MEBIBYTE)
        self.assertGreater(unsent(client.transport), 10 * MEBIBYTE)
        held[0].transport.resumeProducing()
        self.assertEqual(await client.take(8 * count), b"STORED\r\n" * count)
        self.assertEqual(sum(stored), count)

    async def test_heldBackClientsGetTheErrorsTheyAreOwed(self):
        """When a server that did not read is lost, every request gets exactly one answer."""
        held = []

        def hold(connection):
            held.append(connection)
            connection.transport.pauseProducing()

        silent = self.scripted(connected=hold)
        pool = self.pool(silent, client_bytes_max=1 << 30)
        client = await self.client(pool)
        request = b"set k 0 0 100000\r\n%s\r\n" % (b"v" * 100_000)
        count = 200
        client.send(request * count)
        backend = pool.distributor.servers[0].connections(0)[0]
        while not backend.pipeline.heldBack:
            await self.turn()
        await silent.stop()
        for _ in range(count):
            self.assertTrue((await client.line()).startswith(b"SERVER_ERROR Connection re"))

    async def test_heldBackRequestsGoToAnotherServer(self):
        """What was held back when a server was ejected is routed anew."""
        held = []

        def hold(connection):
            held.append(connection)
            connection.transport.pauseProducing()

        silent, other = self.scripted(connected=hold, name="silent"), self.demo("other")
        settings = {"server_failure_limit": 1, "client_bytes_max": 1 << 30}
        pool = self.pool(silent, other, auto_eject_hosts=True, **settings)
        client = await self.client(pool)
        key = keyOf(pool, "silent")
        request = b"set %s 0 0 100000\r\n%s\r\n" % (key, b"v" * 100_000)
        count = 200
        client.send(request * count)
        (backend,) = pool.distributor.locate(key).connections(0)
        while not backend.pipeline.heldBack:
            await self.turn()
        doomed = len(backend.pipeline.inQueue) + len(backend.pipeline.outQueue)
        await silent.stop()
        answers = [await client.line() for _ in range(count)]
        errors = [answer for answer in answers if answer != b"STORED\r\n"]
        self.assertEqual(answers[len(errors) :], [b"STORED\r\n"] * (count - doomed))

    async def test_aClientThatLeavesWhileItIsHeldBack(self):
        """Its requests that were not looked at yet are not sent to the server any more."""
        held = []

        def hold(connection):
            held.append(connection)
            connection.transport.pauseProducing()

        pool = self.pool(self.scripted(connected=hold), client_bytes_max=1 << 30)
        leaver = await self.client(pool)
        request = b"set k 0 0 100000\r\n%s\r\n" % (b"v" * 100_000)
        leaver.send(request * 200)
        backend = pool.distributor.servers[0].connections(0)[0]
        while not backend.pipeline.heldBack:
            await self.turn()
        (proxied,) = pool.frontend.clients
        proxied.transport.abortConnection()
        while pool.frontend.clients:
            await self.turn()
        queued = backend.pipeline.counters.requests + len(backend.pipeline.inQueue)
        held[0].transport.resumeProducing()
        await self.settled(lambda: len(held[0].received))
        self.assertEqual(backend.pipeline.counters.requests, queued)


def other_is(protocol, talker):
    """Whether this is the proxy's end of a talker's connection."""
    return protocol.transport.getPeer().port == talker.transport.getHost().port


class BatchedBoundTests(Bounds, ProxyCase):
    """On the turn batcher."""


class PlainBoundTests(Bounds, ProxyCase):
    """On the reactor as it is."""

    reactorOfProxy = PlainReactor
