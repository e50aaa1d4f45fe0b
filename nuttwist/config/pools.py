"""
What pools are to each other: one may be the backup of another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from nuttwist.config import Listen, PoolConfig, SettingError, repeated
from nuttwist.config.endpoint import readEndpoint


@attrs.frozen
class Link:
    """
    A pool as others see it.

    @ivar redis: its protocol, C{None} if that is not known.
    @ivar backup: the name of its backup, C{None} if it has none.
    """

    name: str
    redis: bool | None
    backup: str | None


def wrongBackups(pools: Sequence[Link]) -> Iterator[tuple[int, str]]:
    """
    Find the pools whose backup cannot take over.

    @return: the index of each, and what is allowed.
    """
    byName = {pool.name: pool for pool in pools}
    for index, pool in enumerate(pools):
        if pool.backup is not None:
            allowed = _allowedFor(pool, byName.get(pool.backup))
            if allowed:
                yield index, allowed


def _allowedFor(pool: Link, backup: Link | None) -> str:
    if backup is None:
        return "the name of a pool"
    if backup.name == pool.name:
        return "another pool"
    if backup.backup is not None:
        return f"a pool without a backup of its own, {backup.name!r} has {backup.backup!r}"
    if None not in {backup.redis, pool.redis} and backup.redis != pool.redis:
        return "a pool of the same protocol, redis: true in both or in none"
    return ""


def checkPools(pools: Sequence[PoolConfig]) -> None:
    """
    Check pools that are to run together, wherever they come from.

    @raise SettingError: one of them is none, two have the same name or listen at the same address,
        or a backup cannot take over.
    """
    for pool in pools:
        if not isinstance(pool, PoolConfig):
            raise SettingError("pools", pool, "a PoolConfig for each pool")
    for again, _ in repeated(pool.name for pool in pools):
        raise SettingError("name", pools[again].name, "each name once", pools[again].name)
    _checkListeners(pools)
    links = [Link(pool.name, pool.redis, pool.backup) for pool in pools]
    for index, allowed in wrongBackups(links):
        raise SettingError("backup", pools[index].backup, allowed, pools[index].name)


def _checkListeners(pools: Sequence[PoolConfig]) -> None:
    # Of a port that the system chooses there are enough for all.
    choosy = [pool for pool in pools if not _takesAnyPort(pool.listen)]
    for again, first in repeated(attrs.evolve(pool.listen, mode=None) for pool in choosy):
        allowed = f"each address once, pool {choosy[first].name!r} has this one"
        raise SettingError("listen", choosy[again].listen.address, allowed, choosy[again].name)


def _takesAnyPort(listen: Listen) -> bool:
    if listen.endpoint:
        return readEndpoint(listen.endpoint).settings.get("port") == "0"
    return not (listen.path or listen.port)
