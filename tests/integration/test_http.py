"""The HTTP side over real sockets: metrics, the API, the tap, and who may do what."""

from __future__ import annotations

import json
from urllib.parse import quote

from prometheus_client.parser import text_string_to_metric_families
from twisted.internet.error import CannotListenError

from nuttwist.http.local import LocalSource
from nuttwist.http.service import HttpService
from nuttwist.http.settings import HttpSettings
from nuttwist.http.site import BODY_MAX, CONNECTIONS_MAX
from nuttwist.http.tap import LINES_MAX, TAPS_MAX
from nuttwist.sampling import Sampling

from .case import ProxyCase, keyOf
from .servers import LOOPBACK

TOKEN = "0123456789abcdef"
BEARER = f"Authorization: Bearer {TOKEN}"


class HttpCase(ProxyCase):
    """A proxy with an HTTP side."""

    def begin(self, *pools, token=TOKEN, hosts=(), endpoint="tcp:0"):
        """Start both."""
        self.proxied = self.proxy(*pools, sampling=Sampling())
        settings = HttpSettings(endpoint, token, hosts)
        self.http = HttpService(LocalSource(self.proxied), settings, self.reactor)
        self.addCleanup(self.http.stopService)
        self.http.startService()

    def beginOne(self, **settings):
        """Start them with one embedded server."""
        self.begin(self.configure(self.demo("one"), **settings))

    async def open(self, path, *headers, method="GET", host=LOOPBACK, body=b""):
        """Ask, and do not wait for the answer."""
        client = await self.client(self.http)
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
        if body or method == "POST":
            lines.append(f"Content-Length: {len(body)}")
        client.send("\r\n".join([*lines, "", ""]).encode() + body)
        return client

    async def fetch(self, *args, **kw):
        """Ask, and give the status and the body."""
        client = await self.open(*args, **kw)
        head, _, body = (await client.untilLost()).partition(b"\r\n\r\n")
        return int(head.split()[1]), body

    async def json(self, path, *headers, **kw):
        """Ask the API for something that is there."""
        status, body = await self.fetch(f"/api/v1/{path}", *headers, **kw)
        self.assertEqual(status, 200, body)
        return json.loads(body)

    async def error(self, path, *headers, **kw):
        """Ask for something that is refused: the status and why."""
        status, body = await self.fetch(path, *headers, **kw)
        return status, json.loads(body)["error"]

    async def talk(self, *exchanges, pool="pool"):
        """A client's requests, each with the reply it must get."""
        client = await self.client(self.proxied.pools[pool])
        for request, reply in exchanges:
            await client.answers(request, reply)
        return client

    async def metrics(self):
        """What Prometheus makes of the metrics, by name and labels."""
        status, body = await self.fetch("/metrics")
        self.assertEqual(status, 200)
        return {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(body.decode())
            for sample in family.samples
        }


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
        self.assertGreaterEqual(slow["total"], 0.02)
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
        busy = points["requests"].index(max(points["requests"]))
        self.assertGreater(points["requests"][busy], 0)
        self.assertIsNotNone(points["p99"][busy])
        # On a slow machine a second may have passed meanwhile, and made another.
        self.assertEqual(len(series["times"]), len(points["requests"]))


class TestSteering(HttpCase):
    """Servers taken out and let in by hand."""

    def act(self, deed, *headers, server="one", method="POST"):
        """Ask for a deed."""
        path = f"/api/v1/pools/pool/servers/{quote(server, safe='')}/{deed}"
        return self.fetch(path, *headers, method=method)

    async def states(self):
        """How the servers stand."""
        (pool,) = (await self.json("pools"))["pools"]
        return [each["state"] for each in pool["servers"]]

    async def test_ejectedByHandUntilReadmitted(self):
        """Its keys go to the other server, it is told as out, and it comes back."""
        self.begin(self.configure(self.demo("one"), self.demo("two"), auto_eject_hosts=True))
        for deed, expected in (("eject", "out"), ("readmit", "live"), ("drain", "out")):
            status, body = await self.act(deed, BEARER)
            self.assertEqual((status, json.loads(body)["state"]), (200, expected))
            self.assertEqual(await self.states(), [expected, "live"])
        (pool,) = (await self.json("pools"))["pools"]
        self.assertEqual([each["share"] for each in pool["servers"]], [0, 1])
        self.assertGreater(pool["servers"][0]["since"], 1e9)
        events = (await self.json("events"))["events"]
        self.assertEqual(
            [(each["kind"], each["pool"], each["server"]) for each in events if each["server"]],
            [(kind, "pool", "one") for kind in ("ejected", "readmitted", "ejected")],
        )

    async def test_namesAreUnquoted(self):
        """A server's name may have colons and slashes."""
        self.begin(self.configure(self.demo("/run/a b:0")))
        status, _ = await self.act("eject", BEARER, server="/run/a b:0")
        self.assertEqual(status, 200)

    async def test_withoutTheTokenNothingChanges(self):
        """No token, a wrong one, and another method."""
        self.beginOne()
        for headers, method, status in (
            ((), "POST", 401),
            ((f"Authorization: Bearer {TOKEN}x",), "POST", 401),
            ((BEARER,), "GET", 405),
            ((BEARER,), "PUT", 501),
        ):
            self.assertEqual((await self.act("eject", *headers, method=method))[0], status)
        self.assertEqual(await self.states(), ["live"])

    async def test_withoutATokenFileNobodyMay(self):
        """The answer says how to set one."""
        self.begin(self.configure(self.demo("one")), token=None)
        status, body = await self.act("eject", BEARER)
        self.assertEqual(status, 403)
        self.assertIn(b"--http-token-file", body)

    async def test_whatIsNotThereCannotBeSteered(self):
        """Neither a server nor a pool nor a deed of that name."""
        self.beginOne()
        self.assertEqual((await self.act("eject", BEARER, server="two"))[0], 404)
        self.assertEqual((await self.act("restart", BEARER))[0], 404)
        status, _ = await self.fetch("/api/v1/pools/none/servers/one/eject", BEARER, method="POST")
        self.assertEqual(status, 404)

    async def test_aLargeBodyIsRefusedAndNothingDone(self):
        """It is not even read to its end."""
        self.beginOne()
        status, _ = await self.fetch(
            "/api/v1/pools/pool/servers/one/eject", BEARER, method="POST", body=b"x" * BODY_MAX * 4
        )
        self.assertEqual(status, 413)
        self.assertEqual(await self.states(), ["live"])


class TestGuard(HttpCase):
    """Who may ask at all, and whether the proxy is well."""

    async def test_onlyNamesOfThisMachineAreAnswered(self):
        """A name that a web page could have lead here is refused."""
        self.begin(self.configure(self.demo("one")), hosts=("Proxy.Example",))
        for host, status in (
            ("evil.example", 421),
            ("127.0.0.1.evil.example", 421),
            ("", 421),
            ("localhost:8222", 200),
            ("[::1]:8222", 200),
            ("127.0.0.1", 200),
            ("proxy.example:80", 200),
        ):
            self.assertEqual((await self.fetch("/healthz", host=host))[0], status, host)

    async def test_noOtherOriginMayRead(self):
        """There is no CORS header, and nothing is kept or framed."""
        self.beginOne()
        client = await self.open("/api/v1/pools", "Origin: http://evil.example")
        head = (await client.untilLost()).partition(b"\r\n\r\n")[0].lower()
        self.assertNotIn(b"access-control", head)
        self.assertIn(b"cache-control: no-store", head)
        self.assertIn(b"x-frame-options: deny", head)

    async def test_readyOnceAServerIsLive(self):
        """Not with the last one out."""
        self.beginOne()
        self.assertEqual((await self.fetch("/readyz"))[0], 200)
        self.proxied.pools["pool"].distributor.eject("one")
        status, body = await self.fetch("/readyz")
        self.assertEqual(status, 503)
        self.assertEqual(json.loads(body)["reasons"], ["pool 'pool': no server is live"])

    async def test_notReadyWhileThePoolDoesNotListen(self):
        """A pool that was stopped."""
        self.beginOne()
        await self.proxied.pools["pool"].stopService()
        status, body = await self.fetch("/readyz")
        self.assertEqual(status, 503)
        self.assertIn(b"does not listen", body)
        self.assertEqual((await self.fetch("/healthz"))[0], 200)

    async def test_theDashboardIsServed(self):
        """By its name and by none."""
        self.beginOne()
        status, body = await self.fetch("/")
        self.assertEqual(status, 200)
        self.assertEqual((await self.fetch("/index.html")), (200, body))

    async def test_headHasNoBody(self):
        """The length is told all the same."""
        self.beginOne()
        self.assertEqual(await self.fetch("/healthz", method="HEAD"), (200, b""))

    async def test_connectionsAreBounded(self):
        """One too many is closed at once; the others go on."""
        self.beginOne()
        clients = [await self.client(self.http) for _ in range(CONNECTIONS_MAX)]
        refused = await self.client(self.http)
        self.assertEqual(await refused.untilLost(), b"")
        clients[0].send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await clients[0].until(lambda: b"up" in clients[0].received)

    async def test_aTakenPortFailsTheStart(self):
        """With an error, not with a line in the log."""
        self.beginOne()
        endpoint = f"tcp:{self.http.address().port}"
        other = HttpService(LocalSource(self.proxied), HttpSettings(endpoint), self.reactor)
        self.assertRaises(CannotListenError, other.startService)

    async def test_anAddressOnlyWhileItListens(self):
        """It can be stopped and started again."""
        self.beginOne()
        await self.http.stopService()
        self.assertRaises(RuntimeError, self.http.address)
        self.http.startService()
        self.assertEqual(self.http.address().host, LOOPBACK)


class TestTap(HttpCase):
    """The stream of sampled requests."""

    async def tap(self, query=""):
        """Open a stream, and wait until it is heard."""
        client = await self.open(f"/api/v1/tap{query}")
        await client.until(lambda: b"\r\n\r\n" in client.received)
        return client

    def told(self, client):
        """The lines of a stream that have come."""
        body = client.received.partition(b"\r\n\r\n")[2]
        return [json.loads(each) for each in body.split(b"\n")[:-1] if each.startswith(b"{")]

    async def test_samplesComeAsLines(self):
        """Command, key, sizes and a miss."""
        self.beginOne()
        client = await self.tap()
        await self.talk((b"get k\r\n", b"END\r\n"))
        await client.until(lambda: self.told(client))
        (line,) = self.told(client)
        self.assertEqual(
            {name: line[name] for name in line if name not in ("time", "latency")},
            {
                "pool": "pool",
                "server": "one",
                "command": "get",
                "key": "k",
                "bytes": 7,
                "reply_bytes": 5,
                "result": "miss",
            },
        )

    async def test_onlyWhatMatches(self):
        """A pattern for keys, and the name of a pool."""
        self.beginOne()
        client, other = await self.tap("?match=user:*&pool=pool"), await self.tap("?pool=other")
        for key in (b"thing:1", b"user:1"):
            # Two samples are a millisecond apart at least.
            self.proxied.pools["pool"].sampler._next = 0
            await self.talk((b"get %s\r\n" % key, b"END\r\n"))
        await client.until(lambda: self.told(client))
        self.assertEqual([each["key"] for each in self.told(client)], ["user:1"])
        self.assertEqual(self.told(other), [])

    async def test_aReaderWhoStaysBehindLosesLinesAndIsTold(self):
        """The samples beyond the bound are counted, and nothing else waits for the reader."""
        self.beginOne()
        client = await self.tap()
        sampler = self.proxied.pools["pool"].sampler
        await self.talk((b"get k\r\n", b"END\r\n"))
        (tap,) = sampler.taps
        (sample,) = await self._sampleOf(sampler)
        for _ in range(LINES_MAX + 40):
            tap(sample)
        await client.until(lambda: any("dropped" in each for each in self.told(client)))
        self.assertEqual(
            sum(each.get("dropped", 0) for each in self.told(client)) + self._lines(client),
            LINES_MAX + 42,
        )

    async def _sampleOf(self, sampler):
        seen = []
        sampler.taps.append(seen.append)
        sampler._next = 0
        await self.talk((b"get k\r\n", b"END\r\n"))
        sampler.taps.remove(seen.append)
        return seen

    def _lines(self, client):
        return sum("key" in each for each in self.told(client))

    async def test_aReaderWhoGoesIsForgotten(self):
        """Its tap ends with the connection."""
        self.beginOne()
        client = await self.tap()
        sampler = self.proxied.pools["pool"].sampler
        self.assertEqual(len(sampler.taps), 1)
        client.transport.abortConnection()
        while sampler.taps:
            await self.turn()

    async def test_tapsAreBounded(self):
        """One too many is told so."""
        self.beginOne()
        for _ in range(TAPS_MAX):
            await self.tap()
        status, why = await self.error("/api/v1/tap")
        self.assertEqual(status, 503)
        self.assertIn(str(TAPS_MAX), why)

    async def test_aStopEndsTheStreams(self):
        """No connection and no tap is left."""
        self.beginOne()
        client = await self.tap()
        await self.http.stopService()
        await client.untilLost()
        self.assertEqual(self.proxied.pools["pool"].sampler.taps, [])
