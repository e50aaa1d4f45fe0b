"""
The configuration files that subcommands are about.
"""

from __future__ import annotations

from collections.abc import Sequence

from nuttwist.commands.mistakes import CommandError, WrongArgument
from nuttwist.config import PoolConfig
from nuttwist.config.file import ConfigError, loadConfig
from nuttwist.ring.distributions import RingServer
from nuttwist.ring.survey import Survey


def poolsOf(path: str) -> tuple[PoolConfig, ...]:
    """
    The pools of a file.

    @raise CommandError: If it has mistakes; there is one line for each.
    """
    try:
        return loadConfig(path)
    except ConfigError as wrong:
        raise CommandError(str(wrong)) from None


def chosen(pools: Sequence[PoolConfig], name: str | None, path: str) -> Sequence[PoolConfig]:
    """
    The pools that were asked for.

    @param name: C{None} for all.
    @raise WrongArgument: If there is no such pool.
    """
    if name is None:
        return pools
    found = [pool for pool in pools if pool.name == name]
    if not found:
        names = ", ".join(repr(pool.name) for pool in pools)
        raise WrongArgument(f"--pool: {name!r} is not a pool of {path}, which has {names}")
    return found


def surveyOf(pool: PoolConfig) -> Survey:
    """The routing of a pool."""
    return Survey(ringServers(pool), pool.hash, pool.distribution, pool.hash_tag)


def ringServers(pool: PoolConfig) -> list[RingServer]:
    """The servers of a pool as routing knows them."""
    return [RingServer(each.nameBytes, each.weight) for each in pool.servers]
