"""
The difference between two configurations, as pools and in words.

No secret is ever told: of those only that they changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import attrs

from nuttwist.config import Listen, PoolConfig, ServerConfig

#: Of these only that they changed is told.
SECRETS = frozenset({"redis_auth", "tls_key"})

#: What is not told key by key.
APART = frozenset({"name", "servers"})


@attrs.frozen
class Change:
    """
    A pool that is in both configurations, but not the same.
    """

    old: PoolConfig
    new: PoolConfig

    def moves(self) -> bool:
        """
        Whether it is to listen elsewhere, or in another way.
        """
        return (self.old.listen, self.old.backlog) != (self.new.listen, self.new.backlog)


@attrs.frozen
class Renewal:
    """
    Files with the same names have something else in them.

    @ivar whose: as in C{"pool alpha"}.
    @ivar what: they are called.
    """

    whose: str
    what: tuple[str, ...]


@attrs.frozen
class Changes:
    """
    What is to be done to come from one configuration to another. It is false when that is nothing.

    A pool with another name is another pool, and so is one that speaks another protocol: the
    clients of the one cannot become those of the other. Such a pool is removed and added.

    @ivar removed: as they were, in the order of the old configuration.
    @ivar added: in the order of the new one.
    @ivar changed: in the order of the new one.
    @ivar renewed: in the order of the new one; those of pools that stay.
    """

    removed: tuple[PoolConfig, ...] = ()
    added: tuple[PoolConfig, ...] = ()
    changed: tuple[Change, ...] = ()
    renewed: tuple[Renewal, ...] = ()

    def __bool__(self) -> bool:
        return any(getattr(self, each.name) for each in attrs.fields(type(self)))

    def lines(self) -> list[str]:
        """
        One line for each thing that is different.
        """
        lines = [f"pool {each.name}: removed" for each in self.removed]
        lines += [f"pool {each.name}: added, {_summary(each)}" for each in self.added]
        for each in self.changed:
            lines += [f"pool {each.new.name}: {words}" for words in _keys(each)]
        for renewal in self.renewed:
            lines += [f"{renewal.whose}: {what} renewed" for what in renewal.what]
        return lines


def _summary(pool: PoolConfig) -> str:
    servers = "1 server" if len(pool.servers) == 1 else f"{len(pool.servers)} servers"
    return f"listening on {pool.listen.address}, {servers}"


def _fields(value: Any, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    names = (each.name for each in attrs.fields(type(value)))
    return {name: getattr(value, name) for name in names if name not in without}


def _keys(change: Change) -> Iterator[str]:
    new = _fields(change.new, APART)
    for name, old in _fields(change.old, APART).items():
        if old != new[name]:
            yield _replaced(name, old, new[name])
    yield from _servers(change.old.servers, change.new.servers)


def _replaced(name: str, old: Any, new: Any) -> str:
    return f"{name} changed" if name in SECRETS else f"{name} {_shown(old)} -> {_shown(new)}"


def _shown(value: Any) -> str:
    """
    A value as the file has it, as far as it has one.
    """
    if isinstance(value, Listen):
        mode = "" if value.mode is None else f" {value.mode:o}"
        return f"{value.address}{mode}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return repr(value.decode("utf-8", "backslashreplace"))
    return "unset" if value is None else str(value)


def _servers(old: Sequence[ServerConfig], new: Sequence[ServerConfig]) -> Iterator[str]:
    before = {each.name: each for each in old}
    after = {each.name: each for each in new}
    for name in _only(before, after):
        yield f"server {name} removed"
    for name in _only(after, before):
        yield f"server {name} added, {after[name].address} weight {after[name].weight}"
    for name, each in before.items():
        if name in after:
            yield from _server(each, after[name])


def _only(these: Mapping[str, Any], those: Mapping[str, Any]) -> list[str]:
    return [name for name in these if name not in those]


def _server(old: ServerConfig, new: ServerConfig) -> Iterator[str]:
    for what in ("address", "weight"):
        before, after = getattr(old, what), getattr(new, what)
        if before != after:
            yield f"server {new.name}: {what} {before} -> {after}"


def difference(
    old: Sequence[PoolConfig],
    new: Sequence[PoolConfig],
    renewed: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> Changes:
    """
    What came, what went and what is no longer the same.

    @param renewed: what the files are called that have something else in them, by their pools.
    """
    before = {_identity(each): each for each in old}
    after = {_identity(each): each for each in new}
    return Changes(
        tuple(pool for identity, pool in before.items() if identity not in after),
        tuple(pool for identity, pool in after.items() if identity not in before),
        tuple(
            Change(before[identity], pool)
            for identity, pool in after.items()
            if identity in before and before[identity] != pool
        ),
        tuple(
            Renewal(f"pool {name}", renewed[name])
            for name, redis in after
            if (name, redis) in before and name in renewed
        ),
    )


def _identity(pool: PoolConfig) -> tuple[str, bool]:
    return pool.name, pool.redis


def lasting(old: Sequence[PoolConfig], new: Sequence[PoolConfig]) -> set[tuple[str, str]]:
    """
    The servers that are still the same, as the names of pool and server.
    """
    return {name for name, _ in _places(old).items() & _places(new).items()}


def _places(pools: Sequence[PoolConfig]) -> dict[tuple[str, str], tuple[bool, str]]:
    return {
        (pool.name, each.name): (pool.redis, each.address)
        for pool in pools
        for each in pool.servers
    }
