"""INFO, CONFIG GET, TIME and LOLWUT."""

from __future__ import annotations

import pytest

import nuttwist
from nuttwist.wire.redis.resp import bulkOf, elements, skip
from tests.unit.wire.redis.askers import asker, heard

TOLD = (
    ("Server", (("uptime_in_seconds", "12"),)),
    ("Pool alpha", (("10.0.0.1:6379", "live,\r\nerrors=0"), ("client_connections", "3"))),
)


def sectionsOf(text: bytes) -> dict[str, dict[str, str]]:
    """The sections of INFO, each with its fields."""
    found: dict[str, dict[str, str]] = {}
    for line in text.decode().split("\r\n"):
        if line.startswith("# "):
            fields = found.setdefault(line[2:], {})
        elif line:
            key, _, value = line.partition(":")
            fields[key] = value
    return found


def test_sectionsOfEveryRedisHaveFieldsThatRedisHas():
    """What a client reads in a server's INFO is in the proxy's under the same name."""
    theirs = sectionsOf(bulkOf(heard("INFO")))
    ours = sectionsOf(bulkOf(asker().ask(b"INFO")))
    odd = {key for name, fields in ours.items() for key in fields if key not in theirs[name]}
    assert odd == {"nuttwist_version"}
    assert ours["Server"]["redis_version"] == theirs["Server"]["redis_version"]
    assert ours["Server"]["nuttwist_version"] == nuttwist.VERSION
    assert ours["Clients"] == {"connected_clients": "3"}


def test_poolsAndServersAreToldOf():
    """What the proxy knows goes to the section of its name, each field on one line."""
    client = asker()
    client.told = TOLD
    found = sectionsOf(bulkOf(client.ask(b"INFO")))
    assert found["Server"]["uptime_in_seconds"] == "12"
    assert "redis_version" in found["Server"]
    assert found["Pool alpha"]["client_connections"] == "3"
    assert "live, errors=0" in bulkOf(client.ask(b"INFO", b"pool alpha")).decode()


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (b"SERVER", ["Server"]),
        (b"clients nosuch server", ["Server", "Clients"]),
        (b"nosuch", []),
        (b"everything", ["Server", "Clients", "Persistence", "Replication", "Cluster"]),
    ],
)
def test_sectionsAreAskedForByName(words, names):
    """Only the sections that are named are told of, unless all of them are asked for."""
    assert list(sectionsOf(bulkOf(asker().ask(b"INFO", *words.split())))) == names


@pytest.mark.parametrize("name", ["INFO", "LOLWUT"])
def test_textIsVerbatimInTheThirdProtocol(name):
    """Texts for people come as a server sends them in RESP3."""
    reply = asker(protocol=3).ask(name.encode())
    assert heard(name, protocol=3)[:1] == reply[:1] == b"="
    assert skip(reply, 0) == len(reply)


def test_timeIsSecondsAndMicroseconds():
    """TIME is two strings, as a server's is."""
    parts = [bulkOf(each) for each in elements(asker().ask(b"TIME"))]
    assert parts == [b"1700000000", b"250000"]
    assert len(elements(heard("TIME", protocol=3))) == 2


def test_severalParametersAreAskedForAtOnce():
    """Each parameter is told once, whatever number of patterns it matches."""
    reply = asker(protocol=3).ask(b"CONFIG", b"GET", b"*mem*", b"maxmemory", b"nosuch")
    names = [bulkOf(each) for each in elements(reply)[::2]]
    assert sorted(names) == [b"maxmemory", b"maxmemory-policy"]
