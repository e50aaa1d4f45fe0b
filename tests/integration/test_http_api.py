"""Metrics and the JSON API over real sockets."""

from __future__ import annotations

from .case import keyOf
from .httpcase import HttpCase


class TestMetrics(HttpCase):
    """What Prometheus reads."""

    async def test_trafficIsCounted(self):
        """Requests, replies and bytes of a server, and a histogram that counts each reply."""
        self.beginOne()
        await self.talk(
            (b"set k 0 0 1\r\nx\r\n", b"STORED\r\n"), (b"get k\r\n", b"VALUE k 0 1\r\nx\r\nEND\r\n")
        )
        metrics = await self.metrics()
        self.assertEqual(metrics["nuttwist_server_requests_total", "one", "pool"], 2)
        self.assertEqual(metrics["nuttwist_server_reply_bytes_total", "one", "pool"], 8 + 21)
        self.assertEqual(metrics["nuttwist_request_duration_seconds_count", "pool"], 2)
        self.assertEqual(metrics["nuttwist_request_duration_seconds_bucket", "+Inf", "pool"], 2)
        self.assertEqual(
            metrics["nuttwist_server_request_duration_seconds_count", "one", "pool"], 2
        )
        self.assertEqual(metrics["nuttwist_pool_live_servers", "pool"], 1)
        self.assertEqual(metrics["nuttwist_workers",], 1)

    async def test_failuresAreCountedByReason(self):
        """A server that hangs up fails what waits for it."""
        dead = self.scripted(lambda peer: peer.transport.loseConnection())
        self.begin(self.configure(dead))
        await self.talk((b"get k\r\n", b"SERVER_ERROR unknown\r\n"))
        metrics = await self.metrics()
        self.assertEqual(metrics["nuttwist_request_failures_total", "one", "pool", "unknown"], 1)
        self.assertEqual(metrics["nuttwist_error_replies_total", "pool"], 1)
        self.assertEqual(metrics["nuttwist_server_connections_lost_total", "eof", "one", "pool"], 1)


class TestApi(HttpCase):
    """The JSON API."""

    async def test_aboutTellsTheProcess(self):
        """Its pools, and whether it can be steered."""
        self.beginOne()
        about = await self.json("about")
        self.assertEqual((about["service"], about["pools"]), ("nuttwist", ["pool"]))
        self.assertIs(about["steerable"], True)
        self.assertEqual(about["workers"], [])

    async def test_poolsTellServersAndTraffic(self):
        """A pool with its server, what it had to do, and how it stands."""
        self.beginOne()
        await self.talk((b"get k\r\n", b"END\r\n"))
        (pool,) = (await self.json("pools"))["pools"]
        (server,) = pool["servers"]
        self.assertEqual((pool["name"], pool["protocol"], pool["live"]), ("pool", "memcached", 1))
        self.assertEqual((pool["requests"], pool["responses"], pool["clients"]), (1, 1, 1))
        self.assertEqual((server["name"], server["state"], server["share"]), ("one", "live", 1))
        self.assertEqual((server["since"], server["until"], server["last_error"]), (None,) * 3)
        self.assertEqual(pool["latency"]["count"], 1)

    async def test_oneInFull(self):
        """Its commands, by samples."""
        self.beginOne()
        await self.talk((b"get k\r\n", b"END\r\n"))
        pool = await self.json("pools/pool")
        self.assertEqual([each["command"] for each in pool["commands"]], ["get"])
        self.assertEqual((pool["samples"], pool["failures"]), (1, []))

    async def test_topKeysAndMisses(self):
        """The key that was asked for, by requests and by misses."""
        self.beginOne()
        await self.talk((b"get absent\r\n", b"END\r\n"))
        for by in ("requests", "misses"):
            keys = await self.json(f"pools/pool/keys?by={by}")
            self.assertEqual(
                keys["keys"], [{"key": "absent", "estimate": 1, "error": 0, "share": 1.0}]
            )

    async def test_hiddenKeysAreNowhere(self):
        """With hide_keys neither the top keys nor the slow log has a key."""
        self.beginOne(hide_keys=True, slow_log_threshold=1)
        await self.talk((b"get absent\r\n", b"END\r\n"))
        keys = await self.json("pools/pool/keys")
        self.assertIs(keys["hidden"], True)
        self.assertEqual(len(keys["keys"][0]["key"]), 16)
        again = await self.json("pools/pool/keys")
        self.assertEqual(again["keys"], keys["keys"])

    async def test_slowRequestsWithTheirPhases(self):
        """A server that never answers: its request failed after the pool's timeout."""
        self.begin(self.configure(self.scripted(), timeout=1000, slow_log_threshold=20))
        await self.talk((b"get k\r\n", b"SERVER_ERROR Connection timed out\r\n"))
        (slow,) = (await self.json("pools/pool/slow"))["requests"]
        self.assertEqual(
            (slow["server"], slow["command"], slow["key"], slow["error"]),
            ("one", "get", "k", "Connection timed out"),
        )
        self.assertGreaterEqual(slow["total"], 1)
        self.assertAlmostEqual(slow["queued"] + slow["server_time"], slow["total"], places=6)

    async def test_theRingAndWhoHasAKey(self):
        """Shares add up, and the server of a key is the one that routing finds."""
        self.begin(self.configure(self.demo("one"), self.demo("two"), hash_tag=b"{}"))
        ring = await self.json("pools/pool/ring")
        self.assertAlmostEqual(sum(each["share"] for each in ring["servers"]), 1)
        self.assertEqual((len(ring["wheel"]), set(ring["wheel"])), (720, {0, 1}))
        key = keyOf(self.proxied.pools["pool"], "two")
        located = await self.json(f"pools/pool/locate?key=x%7B{key.decode()}%7D")
        self.assertEqual(
            (located["server"], located["server_if_all_live"], located["hashed"]),
            ("two", "two", key.decode()),
        )

    async def test_wrongArgumentsAreNamed(self):
        """What is asked for, and what may be."""
        self.beginOne()
        for path, status, word in (
            ("/api/v1/pools/none", 404, "'none'"),
            ("/api/v1/pools/pool/keys?by=size", 400, "misses"),
            ("/api/v1/pools/pool/keys?limit=x", 400, "256"),
            ("/api/v1/pools/pool/locate", 400, "key="),
            ("/api/v1/pools/pool/rings", 404, "nothing"),
            ("/api/v1/pools/pool/ring/more", 404, "nothing"),
            ("/api/v1/series?pool=none", 404, "'none'"),
            ("/api/v1/tap?sample=2", 400, "up to 1"),
            ("/api", 404, "nothing"),
            ("/..%2f..%2fsetup.cfg", 404, "nothing"),
        ):
            told = await self.error(path)
            self.assertEqual(told[0], status, path)
            self.assertIn(word, told[1])

    async def test_theSeriesHasAPointASecond(self):
        """Two looks make a point, of rates and quantiles."""
        self.beginOne()
        await self.talk((b"get k\r\n", b"END\r\n"))
        await self.http._remember()
        series = await self.json("series?pool=pool")
        points = series["pools"]["pool"]
        # On a slow machine a second may have passed meanwhile, and made another.
        busy = [each > 0 for each in points["requests"]]
        self.assertEqual(busy.count(True), 1)
        self.assertEqual([each is not None for each in points["p99"]], busy)
        self.assertEqual(len(series["times"]), len(busy))
