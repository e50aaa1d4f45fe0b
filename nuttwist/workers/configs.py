"""
Pools as JSON values and back, so that a worker serves what the parent has read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from nuttwist.config import Listen, PoolConfig, ServerConfig
from nuttwist.config.certificates import Read
from nuttwist.config.credentials import Credentials

#: The key of an object that stands for bytes, which JSON has not.
BYTES = "bytes"


def _plain(_: type, __: Any, value: Any) -> Any:
    return {BYTES: value.decode("latin-1")} if isinstance(value, bytes) else value


def _whole(value: Any) -> Any:
    return value[BYTES].encode("latin-1") if isinstance(value, dict) else value


def encodePools(pools: Iterable[PoolConfig]) -> list[dict[str, Any]]:
    """
    Write pools down.
    """
    return [attrs.asdict(each, value_serializer=_plain) for each in pools]


def decodePool(fields: dict[str, Any]) -> PoolConfig:
    """
    Read a pool that L{encodePools} wrote.

    @raise nuttwist.config.SettingError: a value is not allowed.
    """
    listen = Listen(**fields["listen"])
    servers = tuple(ServerConfig(**each) for each in fields["servers"])
    others = {name: _whole(value) for name, value in fields.items() if name not in NESTED}
    return PoolConfig(listen=listen, servers=servers, **others)


#: The fields that are values of their own.
NESTED = frozenset({"listen", "servers"})


def encodeFiles(credentials: Iterable[Credentials]) -> dict[str, str]:
    """
    Write down what was in the files of pools, by their paths.
    """
    return {
        path: content.decode("latin-1")
        for each in credentials
        for (_, path), content in each.contents.items()
    }


def readIn(files: Mapping[str, str]) -> Read:
    """
    Read in what L{encodeFiles} wrote, whatever the files have in them by now.
    """
    return lambda path: files[path].encode("latin-1")


def share(limit: int, workers: int, number: int) -> int:
    """
    A worker's part of a limit: the parts add up to it, and none is 0, which is no limit.

    @param limit: 0 is no limit.
    @param number: of the worker, from 0.
    """
    return limit and max(1, limit // workers + (number < limit % workers))


def partOf(pool: PoolConfig, workers: int, number: int) -> PoolConfig:
    """
    A pool as one worker serves it.

    @param number: of the worker, from 0.
    """
    return attrs.evolve(pool, client_connections=share(pool.client_connections, workers, number))
