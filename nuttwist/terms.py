"""
What the configuration of a pool means to its dialect and to its clients.
"""

from __future__ import annotations

from nuttwist.config import PoolConfig
from nuttwist.net.serverprotocol import Terms
from nuttwist.wire.dialect import Dialect
from nuttwist.wire.memcache.dialect import MEMCACHE
from nuttwist.wire.redis.dialect import REDIS
from nuttwist.wire.replyqueue import PATIENCE
from nuttwist.wire.router import Settings

#: By the value of the key C{redis}.
DIALECTS: dict[bool, Dialect] = {False: MEMCACHE, True: REDIS}


def settingsOf(config: PoolConfig, dialect: Dialect) -> Settings:
    """
    What the dialect needs to know of the configuration.
    """
    largest = config.item_size_max or dialect.item_size_max
    return Settings(
        item_size_max=largest,
        request_bytes_max=largest + config.client_bytes_max,
        reply_bytes_max=largest + PATIENCE * config.client_bytes_max,
        line_length_max=config.line_length_max,
        hangUp=config.on_unsupported == "close",
        partial_results=config.partial_results,
        flush_all=config.flush_all,
        password=config.redis_auth,
        database=config.redis_db,
    )


def termsOf(config: PoolConfig) -> Terms:
    """
    What the clients of a pool are held to.
    """
    idle = config.client_idle_timeout
    return Terms(
        limit=config.client_connections,
        keepAlive=config.tcpkeepalive,
        budget=config.client_bytes_max,
        most=config.client_requests_max,
        idleTimeout=None if idle is None else idle / 1000,
    )
