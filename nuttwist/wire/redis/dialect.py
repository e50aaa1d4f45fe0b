"""
RESP, for a pool to speak: in its second version by default, and in its third on a lane of its own.
"""

from __future__ import annotations

from nuttwist.wire.dialect import Dialect, Lane
from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.redis.errors import errorLine
from nuttwist.wire.redis.repeating import repeatable
from nuttwist.wire.redis.replies import RESP3, RedisReplies
from nuttwist.wire.redis.requests import RedisRequests
from nuttwist.wire.redis.resp import request
from nuttwist.wire.redis.sights import describe
from nuttwist.wire.router import Settings


def greeting(settings: Settings) -> tuple[bytes, ...]:
    """
    The password, then the database: the other way round the server would refuse.
    """
    words: list[bytes] = []
    if settings.password is not None:
        words.append(request([b"AUTH", settings.password]))
    if settings.database:
        words.append(request([b"SELECT", b"%d" % settings.database]))
    return tuple(words)


def greeting3(settings: Settings) -> tuple[bytes, ...]:
    """
    The same, before the version of the protocol.
    """
    return (*greeting(settings), request([b"HELLO", b"3"]))


def replies3(pipeline: Pipeline) -> RedisReplies:
    """
    The grammar of a connection that has agreed on the third version.
    """
    return RedisReplies(pipeline, RESP3)


def probe(settings: Settings) -> tuple[bytes, tuple[bytes, ...]]:
    """
    A server is well that takes the greeting and answers behind it.
    """
    words = greeting(settings)
    return b"".join(words) + request([b"PING"]), (*[b"+OK"] * len(words), b"+PONG")


REDIS = Dialect(
    requests=RedisRequests,
    lanes=(Lane(RedisReplies, greeting), Lane(replies3, greeting3)),
    errorLine=errorLine,
    refusal=b"-ERR max number of clients reached\r\n",
    item_size_max=512 * 1024 * 1024,
    probe=probe,
    describe=describe,
    repeatable=repeatable,
)
