"""
The way of a redis request: one function a route of the command table.

Each gets the client, the command's row, the arguments, the bytes as the client sent them, and the
keys.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.redis import gathers as g, localrules
from nuttwist.wire.redis.commandtable import PLACEHOLDER, RedisCommand, Route
from nuttwist.wire.redis.local import answer
from nuttwist.wire.redis.localrules import LocalClient
from nuttwist.wire.redis.resp import error, isInteger, request
from nuttwist.wire.replyqueue import ReplyQueue
from nuttwist.wire.request import Request
from nuttwist.wire.router import Router, Settings

#: Lanes of the dialect, by the protocol that the client speaks.
LANES = {2: 0, 3: 1}


class Client(LocalClient, Protocol):
    """
    The client a request came from; see L{nuttwist.wire.redis.requests.RedisRequests}.
    """

    replies: ReplyQueue
    router: Router
    settings: Settings

    def submit(self, pipeline: Pipeline, data: bytes) -> None: ...

    def fed(self, pipeline: Pipeline) -> None: ...

    def refuse(self, line: bytes) -> None: ...


def _routed(client: Client, keys: list[bytes]) -> list[Pipeline]:
    pipelines: list[Any] = list(map(client.router.routes.get, keys))
    if None in pipelines:
        return [client.router.route(key) for key in keys]
    return pipelines


def _shown(key: bytes) -> bytes:
    return b"'%s'" % (key if len(key) <= 40 else key[:37] + b"...")


def keyed(
    client: Client, command: RedisCommand, args: list[bytes], data: bytes, keys: list[bytes]
) -> None:
    """
    To the one server that has all the keys; without a key, to any.
    """
    if not keys:
        anyServer(client, command, args, data, keys)
        return
    pipelines = _routed(client, keys)
    for key, pipeline in zip(keys, pipelines, strict=True):
        # A server with several connections has several pipelines, which count together; another
        # pool may have a server of the same rank.
        if pipeline.counters is not pipelines[0].counters:
            client.replies.answer(
                error(
                    b"CROSSSLOT '%s' needs all its keys on one server, but %s and %s are on two; "
                    b"a common hash tag keeps keys together (pool key hash_tag)"
                    % (command.name, _shown(keys[0]), _shown(key))
                )
            )
            return
    client.submit(pipelines[0], data)


def _split(
    client: Client, args: list[bytes], data: bytes, keys: list[bytes], merge: g.Merge, width: int
) -> None:
    # A request of one key goes as it came; the parts of others are twemproxy's, byte for byte.
    pipelines = _routed(client, keys)
    if len(keys) == 1:
        client.submit(pipelines[0], data)
        return
    gather = g.Split(client.replies, merge)
    gather.split(args[0].lower(), args[1:], width, pipelines, client.router.seconds())
    for pipeline in pipelines:
        client.fed(pipeline)


def mget(
    client: Client, command: RedisCommand, args: list[bytes], data: bytes, keys: list[bytes]
) -> None:
    """
    MGET KEY...
    """
    _split(client, args, data, keys, g.interleaved, 1)


def mset(
    client: Client, command: RedisCommand, args: list[bytes], data: bytes, keys: list[bytes]
) -> None:
    """
    MSET KEY VALUE...
    """
    _split(client, args, data, keys, g.agreed, 2)


def addUp(
    client: Client, command: RedisCommand, args: list[bytes], data: bytes, keys: list[bytes]
) -> None:
    """
    DEL, EXISTS, TOUCH and UNLINK KEY...
    """
    _split(client, args, data, keys, g.added, 1)


#: How the replies of a whole fleet are merged.
MERGES: dict[Route, Callable[[list[bytes]], bytes | None]] = {
    Route.DBSIZE: g.total,
    Route.KEYS: g.joined,
    Route.RANDOMKEY: g.anyOf,
    Route.SCRIPT_EXISTS: g.everywhere,
    Route.EVERYWHERE: g.first,
    Route.FLUSH: g.first,
}


def fleet(
    client: Client, command: RedisCommand, args: list[bytes], data: bytes, keys: list[bytes]
) -> None:
    """
    To every server, one answer for all.
    """
    servers = client.router.fleet()
    gather = g.Fleet(client.replies, MERGES[command.route])
    gather.ask(data, servers, client.router.seconds())
    for _, pipeline in servers:
        client.fed(pipeline)


def flush(
    client: Client, command: RedisCommand, args: list[bytes], data: bytes, keys: list[bytes]
) -> None:
    """
    FLUSHALL and FLUSHDB.
    """
    if client.settings.flush_all:
        fleet(client, command, args, data, keys)
    else:
        name = command.name.upper()
        client.refuse(error(b"ERR %s is off for this pool: the setting is flush_all: true" % name))


def scan(
    client: Client, command: RedisCommand, args: list[bytes], data: bytes, keys: list[bytes]
) -> None:
    """
    SCAN CURSOR ...: one server after the other, each from its beginning to its end.
    """
    servers = client.router.fleet()
    cursor = int(args[1]) if isInteger(args[1]) else -1
    position, rank = divmod(cursor, g.STRIDE)
    if position not in g.POSITIONS or rank >= len(servers):
        client.refuse(error(b"ERR invalid cursor"))
        return
    step = request([args[0], b"%d" % position, *args[2:]])
    name, pipeline = servers[rank]
    gather = g.Scan(client.replies, rank, len(servers), name)
    gather.start([(pipeline, Request(gather, step, client.router.seconds()))])
    client.fed(pipeline)


def anyServer(
    client: Client, command: RedisCommand, args: list[bytes], data: bytes, keys: list[bytes]
) -> None:
    """
    To the server that twemproxy's word for requests without a key belongs to.
    """
    client.submit(client.router.route(PLACEHOLDER), data)


def local(
    client: Client, command: RedisCommand, args: list[bytes], data: bytes, keys: list[bytes]
) -> None:
    """
    Answered by the proxy.
    """
    client.replies.answer(answer(client, args))
    client.router = client.router.lane(LANES[client.session.protocol])
    if command.name == b"quit":
        client.replies.end()


def unsupported(
    client: Client, command: RedisCommand, args: list[bytes], data: bytes, keys: list[bytes]
) -> None:
    """
    Not to be had through a proxy.
    """
    client.refuse(localrules.unsupported(command.name))


WAYS: dict[Route, Callable[[Client, RedisCommand, list[bytes], bytes, list[bytes]], None]] = {
    Route.KEYED: keyed,
    Route.MGET: mget,
    Route.MSET: mset,
    Route.SUM: addUp,
    Route.DBSIZE: fleet,
    Route.KEYS: fleet,
    Route.RANDOMKEY: fleet,
    Route.SCAN: scan,
    Route.SCRIPT_EXISTS: fleet,
    Route.EVERYWHERE: fleet,
    Route.FLUSH: flush,
    Route.ANY: anyServer,
    Route.LOCAL: local,
    Route.UNSUPPORTED: unsupported,
}
