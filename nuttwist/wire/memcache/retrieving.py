"""
How the keys of a retrieval find their servers.
"""

from __future__ import annotations

from typing import Any

from nuttwist.wire.memcache import commands as c, gathers, scan
from nuttwist.wire.memcache.client import Client
from nuttwist.wire.memcache.commands import CRLF
from nuttwist.wire.memcache.keys import isKey
from nuttwist.wire.memcache.manykeys import MANY, MANY_BYTES, Shares, stretches
from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.request import CLASSIC
from nuttwist.wire.router import Router


def retrieveLong(client: Client, line: bytes, tidy: bytes) -> int:
    """
    get and gets KEY..., in a line of any length.

    @param tidy: the line's words with one blank between them.
    """
    verb, _, words = tidy.partition(b" ")
    if not words:
        return client.refuse(c.ERROR)
    return 0 if several(client, line, verb + b" ", words) else client.refuse(c.BAD_FORMAT)


def several(client: Client, line: bytes, head: bytes, words: bytes) -> bool:
    """
    Send a retrieval on its way: as it came if one server has all the keys, or else split.

    @param head: what stands before the keys, with a blank at its end.
    @param words: the keys, one blank between them.
    @return: whether all the keys are well formed; if not, nothing was sent.
    """
    if len(words) > MANY_BYTES and words.count(b" ") >= MANY:
        return _many(client, line, head, words)
    router = client.router
    keys: list[bytes] = []
    pipelines: list[Any] = []
    groups = scan.spread(words, router.routes, keys, pipelines) or _routed(router, keys, pipelines)
    if not groups:
        return False
    if len(groups) == 1:
        client.submit(next(iter(groups)), line + CRLF, CLASSIC)
    else:
        gather = gathers.Retrieval(client.replies, client.settings.partial_results)
        gather.split(head, keys, pipelines, groups, router.seconds())
        client.fed(groups)
    return True


def _routed(router: Router, keys: list[bytes], pipelines: list[Any]) -> dict[Pipeline, list[bytes]]:
    # Finds the ways that are not known; nothing when a key is not well formed.
    for number, key in enumerate(keys):
        if pipelines[number] is None:
            if not isKey(key):
                return {}
            pipelines[number] = router.route(key)
    groups: dict[Pipeline, list[bytes]] = scan.grouped(keys, pipelines)
    return groups


def _many(client: Client, line: bytes, head: bytes, words: bytes) -> bool:
    # The same for very many keys.
    shares = _shared(client.router, words)
    if shares is None:
        return False
    if len(shares.pieces) == 1:
        client.submit(next(iter(shares.pieces)), line + CRLF, CLASSIC)
    else:
        gather = gathers.LongRetrieval(client.replies, client.settings.partial_results, shares)
        gather.share(head, client.router.seconds())
        client.fed(shares.pieces)
    return True


def _shared(router: Router, words: bytes) -> Shares | None:
    shares = Shares(words)
    for stretch in stretches(words):
        keys: list[bytes] = []
        found: list[Any] = []
        groups = scan.spread(stretch, router.routes, keys, found) or _routed(router, keys, found)
        if not groups:
            return None
        shares.add(found, groups)
    return shares
