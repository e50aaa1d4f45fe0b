"""C{nutproxy tap} as a process, on the HTTP side of a proxy under load."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.command import Running, finished
from tests.e2e.proxy import Proxy
from tests.e2e.servers import HOST, freePort, startMemcached

NUTPROXY = (sys.executable, "-m", "nuttwist")


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The HTTP side of a proxy that has something to do."""
    folder, port = tmp_path_factory.mktemp("tap"), freePort()
    with startMemcached() as server, Proxy(folder, [server], http=port) as proxy:
        words = ["bench", f"{HOST}:{proxy.port}", "--clients", "5", "--seconds", "600"]
        with Running(*NUTPROXY, *words, cwd=folder):
            yield f"{HOST}:{port}"


def test_samplesAreThoseOfTheLoad(http: str, tmp_path: Path) -> None:
    """As many as asked for come, each of the pool and of the load's keys that match."""
    words = ["--pool", "pool", "--match", "nutproxy-bench:?", "--count", "5", "--json"]
    ended = finished(*NUTPROXY, "tap", http, *words, cwd=tmp_path)
    samples = [json.loads(line) for line in ended.stdout.splitlines()]
    assert (ended.returncode, len(samples)) == (0, 5)
    assert {each["pool"] for each in samples} == {"pool"}
    assert all(len(each["key"]) == len("nutproxy-bench:7") for each in samples)


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--pool", "nosuch"], "refuses to be tapped"), ([], "gives no samples: Connection refused")],
)
def test_refusalIsOneLine(http: str, words: list[str], said: str, tmp_path: Path) -> None:
    """A pool that is not there and a port that nobody listens on are told, with status 1."""
    place = http if words else f"{HOST}:{freePort()}"
    ended = finished(*NUTPROXY, "tap", place, *words, "--count", "1", cwd=tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)
    assert said in ended.stderr
