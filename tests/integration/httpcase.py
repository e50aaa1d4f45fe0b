"""A proxy with an HTTP side, and how to ask it."""

from __future__ import annotations

import json

from prometheus_client.parser import text_string_to_metric_families

from nuttwist.http.local import LocalSource
from nuttwist.http.service import HttpService
from nuttwist.http.settings import HttpSettings
from nuttwist.sampling import Sampling

from .case import ProxyCase
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
