"""Servers taken out and let in over HTTP."""

from __future__ import annotations

import json
from urllib.parse import quote

from nuttwist.http.site import BODY_MAX

from .httpcase import BEARER, TOKEN, HttpCase


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
