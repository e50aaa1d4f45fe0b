"""The command with --http and workers: real servers, ordinary HTTP requests."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from socket import socket
from typing import Any
from urllib.request import Request, urlopen

from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.command import SECONDS, exchange, freePort
from tests.e2e.crew import Crew
from tests.e2e.servers import startMemcached

TOKEN = "0123456789abcdef"


class Web:
    """The HTTP side of a proxy."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}"

    def get(self, path: str) -> bytes:
        """What a path says."""
        with urlopen(self._base + path, timeout=SECONDS) as said:
            body: bytes = said.read()
            return body

    def json(self, path: str) -> Any:
        """What the API says."""
        return json.loads(self.get(f"/api/v1/{path}"))

    def post(self, path: str) -> Any:
        """Have something done."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        request = Request(f"{self._base}/api/v1/{path}", b"", headers)
        with urlopen(request, timeout=SECONDS) as said:
            return json.loads(said.read())

    def until(self, path: str, wanted: Callable[[Any], bool]) -> Any:
        """Ask again and again until the API says what is wanted."""
        deadline = time.monotonic() + SECONDS
        while not wanted(said := self.json(path)):
            assert time.monotonic() < deadline, said
        return said


class WatchedCrew(Crew):
    """Two workers, and the HTTP side in front of them."""

    def options(self, path: Path) -> list[str]:
        """With an HTTP side that can be steered."""
        self.httpPort = freePort()
        token = path.with_suffix(".token")
        token.write_text(TOKEN)
        more = [f"--http=tcp:{self.httpPort}", f"--http-token-file={token}"]
        return [*Crew.options(self, path), *more]


def isRefused(client: socket) -> bool:
    """Whether a client hears that there is no server for its key."""
    return exchange(client, b"get absent\r\n", b"\r\n").startswith(b"SERVER_ERROR")


def ejections(events: Any) -> int:
    """How many of the events are ejections."""
    return [each["kind"] for each in events["events"]].count("ejected")


def test_workersAnswerAsOne(tmp_path: Path) -> None:
    """Requests to both are counted, a server is out for both, and events say so."""
    with startMemcached() as server, WatchedCrew(tmp_path, 2, [server]) as crew:
        web = Web(crew.httpPort)
        for each in crew.workers():
            with crew.clientOf(each.pid) as client:
                assert exchange(client, b"get absent\r\n", b"END\r\n") == b"END\r\n"
        # A worker that is slow to answer is told as it was.
        pool = web.until("pools/pool", lambda said: said["samples"] == 2)
        assert (pool["requests"], pool["latency"]["count"], pool["samples"]) == (2, 2, 2)
        misses = "pools/pool/keys?by=misses"
        (key,) = web.until(misses, lambda said: said["keys"][0]["estimate"] == 2)["keys"]
        assert (key["key"], key["estimate"]) == ("absent", 2)
        families = text_string_to_metric_families(web.get("/metrics").decode())
        values = {each.name: each.samples[0].value for each in families if each.samples}
        assert values["nuttwist_workers"] == 2
        assert [each["ready"] for each in web.json("about")["workers"]] == [True, True]
        name = pool["servers"][0]["name"].replace(":", "%3A")
        assert web.post(f"pools/pool/servers/{name}/eject")["state"] == "out"
        web.until("pools", lambda said: said["pools"][0]["live"] == 0)
        for each in crew.workers():
            with crew.clientOf(each.pid) as client:
                crew.until(lambda client=client: isRefused(client))
        web.until("events", lambda said: ejections(said) == 2)
        web.post(f"pools/pool/servers/{name}/readmit")
        web.until("pools", lambda said: said["pools"][0]["live"] == 1)
