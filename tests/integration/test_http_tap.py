"""The stream of sampled requests over HTTP."""

from __future__ import annotations

import json

from nuttwist.http.tap import LINES_MAX, TAPS_MAX

from .httpcase import HttpCase


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
