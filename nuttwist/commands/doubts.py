"""
What is allowed in a configuration, and yet is seldom what an operator wants.

Each doubt is a function of a pool in a table, with the key that it is about. It returns what is to
be said, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from nuttwist.commands.files import ringServers
from nuttwist.config import PoolConfig
from nuttwist.ring.distributions import Ketama

_PAIRS = {b"{": b"}", b"[": b"]", b"(": b")", b"<": b">"}


def _waitsForEver(pool: PoolConfig) -> str:
    if pool.timeout is not None:
        return ""
    return "none, so a request to a server that hangs waits for ever"


def _rehashes(pool: PoolConfig) -> bool:
    """Whether the keys of an ejected server go to the others."""
    rehashed = pool.auto_eject_hosts and pool.on_failure in (None, "rehash")
    return rehashed and len(pool.servers) > 1


def _ejectsAll(pool: PoolConfig) -> str:
    if not pool.auto_eject_hosts or len(pool.servers) > 1 or pool.backup is not None:
        return ""
    return "true with one server: while it is ejected every request fails, even if it is well again"


def _movesAll(pool: PoolConfig) -> str:
    if not _rehashes(pool) or pool.distribution != "modula":
        return ""
    return "true with distribution modula: an ejection moves nearly all keys, not one server's"


def _divides(pool: PoolConfig) -> str:
    if not _rehashes(pool) or not pool.redis:
        return ""
    return "true in a redis pool: what is written while a server is out is not on it afterwards"


def _unbalanced(pool: PoolConfig) -> str:
    tag = pool.hash_tag
    if tag is None:
        return ""
    brackets = {*_PAIRS, *_PAIRS.values()}
    if not brackets & {tag[:1], tag[1:]} or _PAIRS.get(tag[:1]) == tag[1:]:
        return ""
    return f"{tag.decode('latin-1')!r} is not a bracket and its counterpart, such as '{{}}'"


def _crowds(pool: PoolConfig) -> str:
    if pool.hash != "crc32" or pool.distribution != "ketama" or len(pool.servers) == 1:
        return ""
    return "15 bits only, so on ketama's ring nearly all keys go to one server; crc32a has 32"


def _scatters(pool: PoolConfig) -> str:
    if pool.distribution != "random" or len(pool.servers) == 1:
        return ""
    return "random, so a key is read from another server than it was written to"


def _starves(pool: PoolConfig) -> str:
    if pool.distribution != "ketama" or len(pool.servers) == 1:
        return ""
    points = Ketama(ringServers(pool), range(len(pool.servers))).pointsPerServer
    idle = [each.name for each, own in zip(pool.servers, points, strict=True) if not own]
    return f"{', '.join(map(repr, idle))} has too little weight for any key" if idle else ""


def _counted(pool: PoolConfig) -> str:
    names: dict[str, list[str]] = {}
    for server in pool.servers:
        names.setdefault(server.address, []).append(server.name)
    twice = [f"{at} as {' and '.join(own)}" for at, own in names.items() if len(own) > 1]
    return f"one server under several names: {', '.join(twice)}" if twice else ""


def _loops(pool: PoolConfig) -> str:
    own = [each.name for each in pool.servers if each.address == pool.listen.address]
    return f"{own[0]!r} is this pool's own listener, so requests go in a circle" if own else ""


def _onlyRedis(pool: PoolConfig) -> str:
    return "of no effect in a memcached pool" if pool.redis_db and not pool.redis else ""


def _onlyMemcached(pool: PoolConfig) -> str:
    return "of no effect in a redis pool" if pool.partial_results and pool.redis else ""


DOUBTS: Sequence[tuple[str, Callable[[PoolConfig], str]]] = (
    ("timeout", _waitsForEver),
    ("auto_eject_hosts", _ejectsAll),
    ("auto_eject_hosts", _movesAll),
    ("auto_eject_hosts", _divides),
    ("hash_tag", _unbalanced),
    ("hash", _crowds),
    ("distribution", _scatters),
    ("servers", _starves),
    ("servers", _counted),
    ("servers", _loops),
    ("redis_db", _onlyRedis),
    ("partial_results", _onlyMemcached),
)


def doubtsAbout(pools: Sequence[PoolConfig]) -> Iterator[tuple[str, str, str]]:
    """
    Go through the pools.

    @return: the pool, the key and what is to be said, for each doubt.
    """
    seen: dict[frozenset[str], str] = {}
    for pool in pools:
        for key, doubt in DOUBTS:
            if words := doubt(pool):
                yield pool.name, key, words
        first = seen.setdefault(frozenset(each.address for each in pool.servers), pool.name)
        if first != pool.name:
            yield pool.name, "servers", f"the same as in pool {first!r}, so both have one keyspace"
