"""The counters, exact after a known load."""

from __future__ import annotations

import json
import socket
import time

from nuttwist import VERSION

from .case import PlainReactor, ProxyCase, keyOf
from .servers import LOOPBACK
from .test_failures import REFUSED, TIMED_OUT

IDLE_SERVER = {
    "server_eof": 0,
    "server_err": 0,
    "server_timedout": 0,
    "server_connections": 0,
    "server_ejected_at": 0,
    "requests": 0,
    "request_bytes": 0,
    "responses": 0,
    "response_bytes": 0,
    "in_queue": 0,
    "in_queue_bytes": 0,
    "out_queue": 0,
    "out_queue_bytes": 0,
}
IDLE_POOL = {
    "client_eof": 0,
    "client_err": 0,
    "client_connections": 0,
    "server_ejects": 0,
    "forward_error": 0,
    "fragments": 0,
}


def busyServer(requests, requestBytes, responses, responseBytes):
    """What is counted of a server with one connection that has done so much."""
    return {
        **IDLE_SERVER,
        "server_connections": 1,
        "requests": requests,
        "request_bytes": requestBytes,
        "responses": responses,
        "response_bytes": responseBytes,
    }


class Statistics:
    """What the stats port tells."""

    def start(self, *peers, **settings):
        """A proxy with a stats port, and its one pool."""
        proxy = self.proxy(self.configure(*peers, **settings), statsAddress=(LOOPBACK, 0))
        return proxy, proxy.pools["pool"]

    async def document(self, proxy):
        """Ask the stats port."""
        client = await self.client(proxy.stats.port)
        text = await client.untilLost()
        self.assertTrue(text.endswith(b"}\n"))
        return json.loads(text)

    async def test_anIdleProxy(self):
        """Every key is there, with its type, before anything has happened."""
        before = int(time.time())
        proxy, _ = self.start(self.demo("one"), self.demo("two"))
        document = await self.document(proxy)
        self.assertIn(document.pop("timestamp"), range(before, int(time.time()) + 1))
        self.assertIn(document.pop("uptime"), (0, 1))
        self.assertIsInstance(document.pop("service"), str)
        pool = {**IDLE_POOL, "one": IDLE_SERVER, "two": IDLE_SERVER}
        expected = {
            "source": socket.gethostname(),
            "version": VERSION,
            "total_connections": 1,
            "curr_connections": 1,
            "pool": pool,
        }
        self.assertEqual(document, expected)
        self.assertEqual(list(document["pool"]), list(pool))

    async def test_aKnownLoad(self):
        """Requests, bytes, parts, clients that come and go: every number is what it must be."""
        proxy, pool = self.start(self.demo("one"), self.demo("two"))
        first, second = keyOf(pool, "one"), keyOf(pool, "two")
        client, leaver, resetter = [await self.client(pool) for _ in range(3)]
        talk = [
            (b"set %s 0 0 5\r\nhello\r\n" % first, b"STORED\r\n"),
            (b"get %s\r\n" % first, b"VALUE %s 0 5\r\nhello\r\nEND\r\n" % first),
            (b"set %s 0 0 1 noreply\r\nx\r\ndelete %s\r\n" % (first, first), b"DELETED\r\n"),
        ]
        for request, answer in talk:
            await client.answers(request, answer)
        # The proxy answers these itself: no server hears of them.
        await client.answers(b"verbosity 1\r\nno such command\r\n", b"OK\r\nERROR\r\n")
        await client.answers(b"get %s %s\r\n" % (first, second), b"END\r\n")
        leaver.transport.loseWriteConnection()
        await leaver.untilLost()
        resetter.transport.abortConnection()
        while len(pool.frontend.clients) > 1:
            await self.turn()
        document = await self.document(proxy)
        parts = [len(b"get %s \r\n" % key) for key in (first, second)]
        asked = sum(len(request) for request, _ in talk) + parts[0]
        answered = sum(len(answer) for _, answer in talk) + len(b"END\r\n")
        expected = {
            **IDLE_POOL,
            "client_eof": 1,
            "client_err": 1,
            "client_connections": 1,
            "fragments": 2,
            "one": busyServer(5, asked, 4, answered),
            "two": busyServer(1, parts[1], 1, len(b"END\r\n")),
        }
        self.assertEqual(document["pool"], expected)
        self.assertEqual(document["total_connections"], 1 + 3 + 2)
        self.assertEqual(document["curr_connections"], 1 + 1 + 2)

    async def test_requestsInFlight(self):
        """What waits for its reply is in the out-queue, with its bytes."""
        silent = self.scripted()
        proxy, pool = self.start(silent)
        client = await self.client(pool)
        client.send(b"get a\r\nget bb\r\n")
        while not any(each.received for each in silent.factory.kept):
            await self.turn()
        document = await self.document(proxy)
        expected = {
            **IDLE_SERVER,
            "server_connections": 1,
            "requests": 2,
            "request_bytes": 15,
            "out_queue": 2,
            "out_queue_bytes": 15,
        }
        self.assertEqual(document["pool"]["one"], expected)

    async def test_failuresOfEveryKind(self):
        """A server each that refuses, times out and closes, with an ejection."""
        dead, silent = self.demo("dead"), self.scripted(name="silent")
        closing = self.scripted(lambda each: each.transport.loseConnection(), name="closing")
        proxy, pool = self.start(
            dead, silent, closing, timeout=1000, auto_eject_hosts=True, server_failure_limit=2
        )
        await dead.stop()
        keys = {name: keyOf(pool, name) for name in ("dead", "silent", "closing")}
        client = await self.client(pool)
        before = int(time.time() * 1_000_000)
        for _ in range(2):
            await client.answers(b"get %s\r\n" % keys["dead"], REFUSED)
        await client.answers(b"get %s\r\n" % keys["silent"], TIMED_OUT)
        await client.answers(b"get %s\r\n" % keys["closing"], b"SERVER_ERROR unknown\r\n")
        counted = (await self.document(proxy))["pool"]
        ejectedAt = counted["dead"].pop("server_ejected_at")
        self.assertTrue(before <= ejectedAt <= time.time() * 1_000_000, ejectedAt)
        self.assertEqual(counted["dead"]["server_err"], 2)
        # Twice queued for it, though never written.
        self.assertEqual(counted["dead"]["requests"], 2)
        self.assertEqual(counted["silent"]["server_timedout"], 1)
        self.assertEqual(counted["silent"]["responses"], 0)
        self.assertEqual(counted["closing"]["server_eof"], 1)
        own = {name: counted[name] for name in IDLE_POOL}
        expected = {**IDLE_POOL, "client_connections": 1, "server_ejects": 1, "forward_error": 4}
        self.assertEqual(own, expected)

    async def test_theStatsCommandAgrees(self):
        """A client of the pool is told the same numbers."""
        _, pool = self.start(self.demo("one"))
        client = await self.client(pool)
        await client.answers(b"get k\r\n", b"END\r\n")
        client.send(b"stats\r\nstats servers\r\n")
        await client.until(lambda: client.received.count(b"END\r\n") == 2)
        lines = client.received.split(b"\r\n")
        self.assertIn(b"STAT client_connections 1", lines)
        self.assertIn(b"STAT one:requests 1", lines)
        self.assertIn(b"STAT one:response_bytes 5", lines)


class BatchedStatisticsTests(Statistics, ProxyCase):
    """On the turn batcher."""


class PlainStatisticsTests(Statistics, ProxyCase):
    """On the reactor as it is."""

    reactorOfProxy = PlainReactor
