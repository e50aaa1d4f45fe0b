"""Who may ask over HTTP at all, and whether the proxy is well."""

from __future__ import annotations

import json

from twisted.internet.error import CannotListenError

from nuttwist.http.local import LocalSource
from nuttwist.http.service import HttpService
from nuttwist.http.settings import HttpSettings
from nuttwist.http.site import CONNECTIONS_MAX

from .httpcase import HttpCase
from .servers import LOOPBACK


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
        error = self.assertRaises(CannotListenError, other.startService)
        self.assertTrue(str(error).startswith("http: cannot listen on 127.0.0.1:"), error)

    async def test_anAddressOnlyWhileItListens(self):
        """It can be stopped and started again."""
        self.beginOne()
        await self.http.stopService()
        self.assertRaises(RuntimeError, self.http.address)
        self.http.startService()
        self.assertEqual(self.http.address().host, LOOPBACK)
