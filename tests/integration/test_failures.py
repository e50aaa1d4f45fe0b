"""What clients see when a server fails, on the turn batcher and on the plain reactor."""

from __future__ import annotations

from nuttwist.net.probe import Probe

from .case import PlainReactor, ProxyCase, keyOf

REFUSED = b"SERVER_ERROR Connection refused\r\n"
RESET = b"SERVER_ERROR Connection reset by peer\r\n"
TIMED_OUT = b"SERVER_ERROR Connection timed out\r\n"
UNKNOWN = b"SERVER_ERROR unknown\r\n"
INVALID = b"SERVER_ERROR Invalid argument\r\n"


def counters(pool, name):
    """What is counted of a server."""
    return next(each.counters for each in pool.distributor.servers if each.config.name == name)


class Failures:
    """Servers that fail in every way."""

    async def test_aRefusedConnectionIsAnError(self):
        """Nobody listens: one error for each request, and the connection stays."""
        one = self.demo()
        await one.stop()
        client = await self.client(self.pool(one))
        await client.answers(b"get a\r\nget b\r\n", REFUSED * 2)
        await client.answers(b"get a\r\n", REFUSED)

    async def test_aSilentServerTimesOut(self):
        """Who accepts and never answers costs every request in flight one error."""
        silent = self.scripted()
        # Long enough for all three to be asked before the first is late.
        pool = self.pool(silent, timeout=500)
        client, other = await self.client(pool), await self.client(pool)
        other.send(b"get c\r\n")
        await client.answers(b"get a\r\nget b\r\n", TIMED_OUT * 2)
        self.assertEqual(await other.take(len(TIMED_OUT)), TIMED_OUT)
        self.assertEqual(counters(pool, "one").server_timedout, 1)

    async def test_afterATimeoutTheConnectionIsNew(self):
        """The answer that comes too late reaches nobody."""

        def late(connection):
            if connection is not first[0]:
                connection.transport.write(b"VALUE b 0 1\r\nn\r\nEND\r\n")

        first = []
        client = await self.client(self.pool(self.scripted(late, first.append), timeout=30))
        await client.answers(b"get a\r\n", TIMED_OUT)
        answer = TIMED_OUT
        while answer == TIMED_OUT:
            client.send(b"get b\r\n")
            answer = await client.line()
        self.assertEqual(answer + await client.take(8), b"VALUE b 0 1\r\nn\r\nEND\r\n")

    async def test_aServerThatCloses(self):
        """End of file in place of a reply has no errno: the error says unknown."""
        closing = self.scripted(lambda connection: connection.transport.loseConnection())
        pool = self.pool(closing)
        client = await self.client(pool)
        await client.answers(b"get a\r\nget b\r\n", UNKNOWN * 2)
        self.assertEqual(counters(pool, "one").server_eof, 1)

    async def test_aServerThatResets(self):
        """A reset is told as one."""
        resetting = self.scripted(lambda connection: connection.transport.abortConnection())
        client = await self.client(self.pool(resetting))
        await client.answers(b"get a\r\nget b\r\n", RESET * 2)

    async def test_aCloseInsideAReply(self):
        """Half a reply is never passed on."""

        def half(connection):
            connection.transport.write(b"VALUE a 0 10\r\nhalf")
            connection.transport.loseConnection()

        client = await self.client(self.pool(self.scripted(half)))
        await client.answers(b"get a\r\n", UNKNOWN)

    async def test_garbageIsNoReply(self):
        """What is no reply closes the connection, and fails all that was sent on it."""

        def garbage(connection):
            connection.transport.write(b"what is this\r\n")

        pool = self.pool(self.scripted(garbage))
        client = await self.client(pool)
        await client.answers(b"get a\r\nget b\r\n", INVALID * 2)
        self.assertEqual(counters(pool, "one").server_err, 1)

    async def test_aStrayReplyReachesNobody(self):
        """One reply too many closes the connection; the next request gets its own."""

        def twice(connection):
            connection.transport.write(b"END\r\nVALUE stray 0 1\r\nx\r\nEND\r\n")

        pool = self.pool(self.scripted(twice))
        client = await self.client(pool)
        for _ in range(3):
            await client.answers(b"get a\r\n", b"END\r\n")

    async def test_anIdleServerThatClosesIsConnectedAgain(self):
        """A close between requests costs no request anything."""
        one = self.demo()
        pool = self.pool(one)
        client = await self.client(pool)
        await client.answers(b"get a\r\n", b"END\r\n")
        await one.cut()
        while counters(pool, "one").server_connections:
            await self.turn()
        await client.answers(b"get a\r\n", b"END\r\n")

    async def test_onePartOfAMultiGetFails(self):
        """One error line for the whole, and the connection goes on."""
        one, two = self.demo("one"), self.demo("two")
        pool = self.pool(one, two)
        keys = keyOf(pool, "one"), keyOf(pool, "two")
        await two.stop()
        client = await self.client(pool)
        await client.answers(b"get %s %s\r\n" % keys, REFUSED)
        await client.answers(b"get %s\r\n" % keys[0], b"END\r\n")

    async def test_partialResults(self):
        """With partial_results the keys that were found come back instead."""
        one, two = self.demo("one"), self.demo("two")
        pool = self.pool(one, two, partial_results=True)
        keys = keyOf(pool, "one"), keyOf(pool, "two")
        client = await self.client(pool)
        await client.answers(b"set %s 0 0 1\r\nx\r\n" % keys[0], b"STORED\r\n")
        await two.stop()
        await client.answers(b"get %s %s\r\n" % keys, b"VALUE %s 0 1\r\nx\r\nEND\r\n" % keys[0])

    async def test_anEjectedServerIsLeftOut(self):
        """After server_failure_limit errors its keys go to the other server."""
        one, two = self.demo("one"), self.demo("two")
        pool = self.pool(one, two, auto_eject_hosts=True, server_failure_limit=3)
        key = keyOf(pool, "two")
        await two.stop()
        client = await self.client(pool)
        for _ in range(3):
            await client.answers(b"set %s 0 0 1\r\nx\r\n" % key, REFUSED)
        await client.answers(b"set %s 0 0 1\r\nx\r\n" % key, b"STORED\r\n")
        self.assertEqual(pool.distributor.counters.server_ejects, 1)

    async def test_anEjectedServerReturns(self):
        """After server_retry_timeout its keys are its own again."""
        one, two = self.demo("one"), self.demo("two")
        settings = {"server_failure_limit": 1, "server_retry_timeout": 50}
        pool = self.pool(one, two, auto_eject_hosts=True, **settings)
        key = keyOf(pool, "two")
        await two.stop()
        client = await self.client(pool)
        await client.answers(b"set %s 0 0 1\r\nx\r\n" % key, REFUSED)
        await client.answers(b"set %s 0 0 1\r\nx\r\n" % key, b"STORED\r\n")
        two.start()
        while not len(two.factory.host.cache):
            await client.answers(b"set %s 0 0 1\r\nx\r\n" % key, b"STORED\r\n")

    async def test_onFailureFail(self):
        """Keys of the ejected server fail at once, without a connection, until it is back."""
        one, two = self.demo("one"), self.demo("two")
        settings = {"server_failure_limit": 1, "server_retry_timeout": 500}
        pool = self.pool(one, two, on_failure="fail", **settings)
        own, other = keyOf(pool, "two"), keyOf(pool, "one")
        await two.stop()
        client = await self.client(pool)
        await client.answers(b"get %s\r\n" % own, REFUSED)
        gets = b"get %s\r\nget %s\r\n" % (own, other)
        error = b"SERVER_ERROR server two is out: Connection refused\r\n"
        await client.answers(gets, error + b"END\r\n")
        self.assertEqual(counters(pool, "two").server_err, 1)
        two.start()
        answer = error
        while answer == error:
            client.send(b"get %s\r\n" % own)
            answer = await client.line()
        self.assertEqual(answer, b"END\r\n")

    async def test_onFailureBackup(self):
        """While a server is out, another pool has its keys; then it has them again."""
        one, two, spare = self.demo("one"), self.demo("two"), self.demo("spare")
        settings = {"server_failure_limit": 1, "server_retry_timeout": 500}
        backed = self.configure(one, two, on_failure="backup", backup="other", **settings)
        proxy = self.proxy(backed, self.configure(spare, name="other"))
        pool = proxy.pools["pool"]
        key = keyOf(pool, "two")
        store = b"set %s 0 0 1\r\nx\r\n" % key
        await two.stop()
        client = await self.client(pool)
        await client.answers(store, REFUSED)
        await client.answers(store, b"STORED\r\n")
        direct = await self.client(proxy.pools["other"])
        await direct.answers(b"get %s\r\n" % key, b"VALUE %s 0 1\r\nx\r\nEND\r\n" % key)
        two.start()
        while not len(two.factory.host.cache):
            await client.answers(store, b"STORED\r\n")
        self.assertEqual(len(one.factory.host.cache), 0)

    async def test_stoppedWhileItProbes(self):
        """A probe in flight ends with its pool."""
        probes = []

        def script(connection):
            if connection.received.startswith(b"get"):
                connection.transport.loseConnection()
            else:
                probes.append(connection)

        settings = {"server_failure_limit": 1, "server_retry_timeout": 10, "timeout": 5000}
        pool = self.pool(self.scripted(script), auto_eject_hosts=True, **settings)
        client = await self.client(pool)
        await client.answers(b"get a\r\n", UNKNOWN)
        while not probes:
            await self.turn()
        await pool.parent.stopService()
        self.assertEqual(self.delayedCalls(), [])
        sockets = pool.distributor._wiring.loop.sockets
        watch = sockets if hasattr(sockets, "getReaders") else self.reactor
        factories = [
            each.connector.factory
            for each in watch.getReaders() + watch.getWriters()
            if hasattr(each, "connector")
        ]
        self.assertFalse([each for each in factories if isinstance(each, Probe)])

    async def test_allServersGone(self):
        """With everybody ejected every request is answered at once, and the pool recovers."""
        one, two = self.demo("one"), self.demo("two")
        settings = {"server_failure_limit": 1, "server_retry_timeout": 100}
        pool = self.pool(one, two, auto_eject_hosts=True, **settings)
        keys = keyOf(pool, "one"), keyOf(pool, "two")
        await one.stop()
        await two.stop()
        client = await self.client(pool)
        await client.answers(b"get %s\r\nget %s\r\n" % keys, REFUSED * 2)
        await client.answers(b"get %s %s\r\nget x\r\n" % keys, REFUSED * 2)
        self.assertEqual(counters(pool, "one").server_err, 1)
        one.start()
        two.start()
        answer = b""
        while answer != b"END\r\n":
            client.send(b"get %s\r\n" % keys[0])
            answer = await client.line()
            self.assertIn(answer, (REFUSED, b"END\r\n"))

    async def test_aClientResetLeavesTheOthersAlone(self):
        """The answers to a client that is gone go nowhere; the others get theirs."""
        waiting = []
        pool = self.pool(self.scripted(waiting.append))
        leaver, stayer = await self.client(pool), await self.client(pool)
        leaver.send(b"get a\r\n")
        while not waiting:
            await self.turn()
        stayer.send(b"get b\r\n")
        leaver.transport.abortConnection()
        while len(pool.frontend.clients) > 1 or b"get b" not in waiting[0].received:
            await self.turn()
        waiting[0].transport.write(b"VALUE a 0 1\r\na\r\nEND\r\nVALUE b 0 1\r\nb\r\nEND\r\n")
        expected = b"VALUE b 0 1\r\nb\r\nEND\r\n"
        self.assertEqual(await stayer.take(len(expected)), expected)
        self.assertEqual(pool.distributor.counters.client_err, 1)

    async def test_anUnresolvableNameIsAnError(self):
        """A name that nobody knows is a host that is down."""
        one = self.demo()
        one.config = type(one.config)(host="no-such-host.invalid", port=1, name="one")
        client = await self.client(self.pool(one))
        await client.answers(b"get a\r\n", b"SERVER_ERROR Host is down\r\n")

    async def test_aServerByName(self):
        """A name that the system knows is connected to."""
        one = self.demo()
        one.config = type(one.config)(host="localhost", port=one.config.port, name="one")
        client = await self.client(self.pool(one))
        await client.answers(b"get a\r\n", b"END\r\n")


class BatchedFailureTests(Failures, ProxyCase):
    """On the turn batcher."""


class PlainFailureTests(Failures, ProxyCase):
    """On the reactor as it is."""

    reactorOfProxy = PlainReactor
