"""C{nutproxy explain}: the way of a key in words and in JSON."""

from __future__ import annotations

import pytest

from nuttwist.ring.hashes import HASHES
from nuttwist.ring.ring import Ring
from tests.unit.commands.asking import poolText
from tests.unit.ring.vectors import KEYS, LAYOUTS, serversOf

TAG = 'hash_tag: "{}"'


def test_keyHasItsWayInJson(ask):
    """What is told is what the ring does: the hashed part, its hash, the server, and the next."""
    path = ask.file(poolText("cache", "a b c", TAG, "hash: murmur"))
    told = ask("explain", path, "user:{42}:name", "--json").json
    (pool,) = told["pools"]
    (key,) = pool["keys"]
    assert (pool["pool"], pool["hash"], pool["hash_tag"]) == ("cache", "murmur", "{}")
    assert (key["key"], key["hashed"], key["hash"]) == (
        "user:{42}:name",
        "42",
        HASHES["murmur"](b"42"),
    )
    names = [key["server"]["name"], *(each["name"] for each in key["then"])]
    assert sorted(names) == ["a", "b", "c"]
    assert key["server"]["address"] == f"127.0.0.1:{11211 + 'abc'.index(names[0])}"


def test_serversAreThoseThatTwemproxySentTo(ask):
    """A recorded pool's keys are on the servers that were recorded."""
    layout = LAYOUTS["five-weighted-two-ejected"]
    lines = "".join(f"    - {line}\n" for line in layout["servers"])
    path = ask.file(f"cache:\n  listen: 127.0.0.1:22121\n  servers:\n{lines}")
    plain = [key for key in KEYS if key.isascii() and key.isalnum()][:20]
    told = ask("explain", path, *(key.decode() for key in plain), "--json").json
    servers = serversOf(layout)
    ring = Ring(servers, "fnv1a_64", "ketama", None)
    wanted = [servers[ring.locate(key)].name.decode() for key in plain]
    assert [each["server"]["name"] for each in told["pools"][0]["keys"]] == wanted


def test_everyKeyIsARow(ask):
    """For people there is a table a pool, with a row a key."""
    path = ask.file(poolText("cache", "a b") + poolText("other", "x y", port=22122))
    told = ask("explain", path, "k1", "k2")
    assert (told.status, told.notes) == (0, "")
    heads = [line for line in told.answer.splitlines() if line.startswith("pool ")]
    assert heads == ["pool cache: ketama, fnv1a_64", "pool other: ketama, fnv1a_64"]
    assert [line.split()[0] for line in told.answer.splitlines() if line[:1] == "k"] == [
        *("key", "k1", "k2"),
        *("key", "k1", "k2"),
    ]


@pytest.mark.parametrize(
    ("servers", "keys", "words"),
    [
        ("a b", [], "auto_eject_hosts is false, so nobody takes over"),
        ("a b", ["auto_eject_hosts: true"], "after 2 failures in a row the next takes over"),
        (
            "a b",
            ["auto_eject_hosts: true", "server_failure_limit: 0"],
            "after 1 failure in a row the next takes over",
        ),
        ("a", ["auto_eject_hosts: true"], "one server, so nobody takes over"),
        (
            "a b",
            ["on_failure: fail"],
            "after 2 failures in a row its keys are answered with errors, nobody takes over",
        ),
        ("a b", ["distribution: random"], "each request goes to any server"),
    ],
)
def test_whoTakesOverIsSaid(ask, servers, keys, words):
    """Whether the next servers ever get the key depends on the pool's settings."""
    told = ask("explain", ask.file(poolText("cache", servers, *keys)), "k")
    assert told.answer.splitlines()[1] == words


def test_onePoolCanBeAskedFor(ask):
    """With --pool the others are left out."""
    path = ask.file(poolText("cache", "a b") + poolText("other", "x y", port=22122))
    told = ask("explain", path, "k", "--pool", "other", "--json")
    assert [each["pool"] for each in told.json["pools"]] == ["other"]


def test_unknownPoolIsNamedWithThoseThereAre(ask):
    """One line, with the status of wrong arguments."""
    path = ask.file(poolText("cache"))
    told = ask("explain", path, "k", "--pool", "nosuch")
    reason = f"--pool: 'nosuch' is not a pool of {path}, which has 'cache'"
    assert (told.status, told.notes) == (2, f"nutproxy explain: {reason}\n")


def test_wrongFileIsRefusedWithItsMistakes(ask):
    """The mistakes are told as by check, with status 1."""
    told = ask("explain", ask.file(poolText("cache", "a", "hash: x")), "k")
    assert told.status == 1
    assert "hash: saw 'x', allowed: one of" in told.notes


def test_keyThatCannotBePrintedIsEscaped(ask):
    """Control characters and bytes that are no text are shown as escapes."""
    told = ask("explain", ask.file(poolText("cache", "a b")), "a\x1b[2J\udcff")
    assert "a\\x1b[2J\\xff" in told.answer


def test_backupTakesOverInPlaceOfTheOthers(ask):
    """With a backup no other server of the pool is told, but the backup's name."""
    backed = poolText("cache", "a b", "on_failure:", "  backup: spare")
    path = ask.file(backed + poolText("spare", "x", port=22122))
    (pool,) = ask("explain", path, "k", "--pool", "cache", "--json").json["pools"]
    assert (pool["on_failure"], pool["backup"], pool["keys"][0]["then"]) == ("backup", "spare", [])
    said = ask("explain", path, "k", "--pool", "cache").answer
    assert "after 2 failures in a row pool spare takes over" in said
