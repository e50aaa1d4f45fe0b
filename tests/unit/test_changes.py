"""What two configurations differ in, and how it is told."""

from __future__ import annotations

import attrs
import pytest

from nuttwist.changes import Change, Changes, Renewal, difference, lasting
from nuttwist.config import Listen, PoolConfig, ServerConfig

ALPHA = PoolConfig(
    name="alpha",
    listen=Listen(host="127.0.0.1", port=22121),
    servers=[
        ServerConfig(host="10.0.0.1", port=11211, name="a"),
        ServerConfig(host="10.0.0.2", port=11211, name="b"),
    ],
)
BETA = attrs.evolve(ALPHA, name="beta", listen=Listen(path="/run/beta.sock"), redis=True)


def told(old: PoolConfig, **new: object) -> list[str]:
    """The lines about one pool with other settings."""
    return difference([old], [attrs.evolve(old, **new)]).lines()


def test_theSameIsNoChange() -> None:
    """Equal pools, in whatever order, are nothing to be done and nothing to be told."""
    changes = difference([ALPHA, BETA], [attrs.evolve(BETA), attrs.evolve(ALPHA)])
    assert changes == Changes()
    assert not changes
    assert changes.lines() == []


def test_poolsComeAndGo() -> None:
    """A name that only one side has is a pool added or removed."""
    gamma = attrs.evolve(ALPHA, name="gamma", servers=ALPHA.servers[:1])
    changes = difference([ALPHA, BETA], [BETA, gamma])
    assert changes == Changes(removed=(ALPHA,), added=(gamma,))
    assert changes
    assert changes.lines() == [
        "pool alpha: removed",
        "pool gamma: added, listening on 127.0.0.1:22121, 1 server",
    ]


def test_anotherProtocolIsAnotherPool() -> None:
    """What spoke memcached and is to speak redis goes and comes under the same name."""
    other = attrs.evolve(ALPHA, redis=True)
    changes = difference([ALPHA], [other])
    assert changes == Changes(removed=(ALPHA,), added=(other,))


def test_aChangedPoolIsKeptWithBothSides() -> None:
    """The same name with another setting is neither added nor removed."""
    faster = attrs.evolve(ALPHA, timeout=500)
    assert difference([ALPHA], [faster]) == Changes(changed=(Change(ALPHA, faster),))


def test_renewedFilesAreToldOfPoolsThatStay() -> None:
    """A line each; a pool that is another by now has what it has from the beginning."""
    renewed = {"alpha": ("tls_ca /ca.pem", "tls_key"), "beta": ("tls_key",)}
    changes = difference([ALPHA, BETA], [ALPHA, attrs.evolve(BETA, redis=False)], renewed)
    assert changes.renewed == (Renewal("pool alpha", ("tls_ca /ca.pem", "tls_key")),)
    assert changes.lines()[2:] == [
        "pool alpha: tls_ca /ca.pem renewed",
        "pool alpha: tls_key renewed",
    ]
    assert difference([ALPHA], [ALPHA], renewed)


@pytest.mark.parametrize(
    ("new", "line"),
    [
        ({"timeout": 500}, "timeout unset -> 500"),
        ({"hash": "md5"}, "hash fnv1a_64 -> md5"),
        ({"hash_tag": b"{}"}, "hash_tag unset -> '{}'"),
        ({"auto_eject_hosts": True}, "auto_eject_hosts false -> true"),
        ({"listen": Listen(host="::1", port=1)}, "listen 127.0.0.1:22121 -> [::1]:1"),
        (
            {"listen": Listen(path="/run/a", mode=0o600)},
            "listen 127.0.0.1:22121 -> /run/a 600",
        ),
    ],
)
def test_aKeyIsToldWithBothValues(new: dict[str, object], line: str) -> None:
    """Each key is one line, spelled as in the file."""
    assert told(ALPHA, **new) == [f"pool alpha: {line}"]


def test_everyKeyIsTold() -> None:
    """Several keys are several lines."""
    assert told(ALPHA, timeout=1, backlog=2) == [
        "pool alpha: timeout unset -> 1",
        "pool alpha: backlog 512 -> 2",
    ]


@pytest.mark.parametrize("old", [None, b"hush"])
def test_aSecretIsNotTold(old: bytes | None) -> None:
    """Neither the old password nor the new one is in a line."""
    before = attrs.evolve(BETA, redis_auth=old)
    assert told(before, redis_auth=b"silence") == ["pool beta: redis_auth changed"]


def test_serversComeGoAndChange() -> None:
    """A server is known by its name; what is told is what became of it."""
    a, b = ALPHA.servers
    moved = attrs.evolve(a, host="10.0.0.9", weight=2)
    c = ServerConfig(path="/run/c.sock", name="c", weight=3)
    assert told(ALPHA, servers=[c, moved]) == [
        "pool alpha: server b removed",
        "pool alpha: server c added, /run/c.sock weight 3",
        "pool alpha: server a: address 10.0.0.1:11211 -> 10.0.0.9:11211",
        "pool alpha: server a: weight 1 -> 2",
    ]
    assert b.name == "b"


def test_theOrderOfServersInTheFileIsNoChange() -> None:
    """Servers are in twemproxy's internal order whatever order the file has them in."""
    assert told(ALPHA, servers=tuple(reversed(ALPHA.servers))) == []


def test_aServerLastsByPoolProtocolNameAndAddress() -> None:
    """Another weight or timeout leaves a server the same; another address or protocol does not."""
    a, b = ALPHA.servers
    new = attrs.evolve(
        ALPHA, timeout=1, servers=[attrs.evolve(a, weight=9), attrs.evolve(b, port=1)]
    )
    assert lasting([ALPHA], [new]) == {("alpha", "a")}
    assert lasting([ALPHA], [attrs.evolve(ALPHA, redis=True)]) == set()
    assert lasting([ALPHA], [attrs.evolve(ALPHA, name="other")]) == set()


@pytest.mark.parametrize(
    ("new", "moves"),
    [
        ({"timeout": 1}, False),
        ({"backlog": 9}, True),
        ({"listen": Listen(host="127.0.0.1", port=9)}, True),
    ],
)
def test_aPoolMovesWithItsListener(new: dict[str, object], moves: bool) -> None:
    """What concerns the listener needs another one."""
    assert Change(ALPHA, attrs.evolve(ALPHA, **new)).moves() is moves
