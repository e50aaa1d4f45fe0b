"""Meta commands: what they are routed by, and quiet ones kept in step."""

from __future__ import annotations

import base64

import pytest

from nuttwist.wire.memcache import commands as c
from nuttwist.wire.memcache.replies import MemcacheReplies
from nuttwist.wire.request import CLASSIC, META, QUIET

from .rig import Pool, tr


def expectations(pool):
    """What each server is expected to answer to each request in its out-queue."""
    pool.takeAll()
    return [[each.expect for each in pipeline.outQueue] for pipeline in pool.router.pipelines]


@pytest.mark.parametrize("flag", [b"q", b"v q k", b"qx", b"O1 qqq"])
@pytest.mark.parametrize("verb", [b"mg", b"md", b"ma", b"me"])
def test_aQuietRequestIsFollowedByABarrierOfTheProxysOwn(verb, flag):
    """Without it there is no telling that the server will stay silent."""
    line = b"%s k %s\r\n" % (verb, flag)
    assert tr(line, servers=1).sent == (line + b"mn\r\n",)
    pool = Pool(servers=1)
    pool.send([line])
    assert expectations(pool) == [[QUIET]]


@pytest.mark.parametrize("flag", [b"q", b"T0 q", b"qx"])
def test_aQuietStoreIsFollowedByABarrierBehindItsValue(flag):
    """The value ends first."""
    data = b"ms k 4 %s\r\nval1\r\n" % flag
    assert tr(data, servers=1).sent == (data + b"mn\r\n",)
    pool = Pool(servers=1)
    pool.send([data])
    assert expectations(pool) == [[QUIET]]


def test_anOpaqueThatLooksQuietIsNot():
    """Only the first byte of a flag says which it is."""
    pool = Pool(servers=1)
    pool.send([b"mg k Oq v\r\nms k 1 Oq\r\nx\r\n"])
    assert expectations(pool) == [[META, META]]


def test_aClientsBarrierComesBehindEverythingThatWasQuiet():
    """Over several servers too: hits come in order, misses stay silent, MN comes last."""
    pool = Pool(servers=3)
    keys = [b"key%d" % each for each in range(9)]
    pool.send([b"".join(b"mg %s v q\r\n" % key for key in keys) + b"mn\r\n"])
    pool.takeAll()
    received = b""
    for pipeline in reversed(pool.router.pipelines):
        received += pool.replies.take()
        assert b"MN" not in received
        data = b""
        for request in pipeline.outQueue:
            key = request.data.split()[1]
            if key in keys[::2]:
                data += b"VA 4\r\n%s\r\n" % key
            data += b"MN\r\n"
        MemcacheReplies(pipeline).bulk(data, 0)
    values = b"".join(b"VA 4\r\n%s\r\n" % key for key in keys[::2])
    assert received + pool.replies.take() == values + b"MN\r\n"


@pytest.mark.parametrize("key", [b"plain", b"a b", b"a\nflush_all", b"\0\xff", b"k" * 180])
@pytest.mark.parametrize("flag", [b"b", b"bx", b"v b"])
def test_aBase64KeyGoesWhereTheDecodedKeyGoes(key, flag):
    """The key is stored decoded, and an other client may ask for it so."""
    pool = Pool(servers=3)
    sent = base64.b64encode(key)
    pool.send([b"mg %s %s\r\nms %s 1 %s\r\nx\r\n" % (sent, flag, sent, flag)])
    rank = pool.router.route(key).rank
    assert [len(each) for each in expectations(pool)] == [2 * (at == rank) for at in range(3)]


@pytest.mark.parametrize("asking", [b"mg %s b\r\n", b"ms %s 1 b\r\nx\r\n"])
@pytest.mark.parametrize("verb", [b"get ", b"gets ", b"gets k "])
@pytest.mark.parametrize("key", [b"a\tflush_all", b"a b", b"a\0b"])
def test_aDecodedKeyIsNoWellFormedKeyForOtherCommands(asking, verb, key):
    """Base64 may hold a line end; a get of it must not become two requests at the server."""
    pool = Pool(servers=1)
    pool.send([asking % base64.b64encode(key)])
    pool.outcome()
    pool.send([verb + key + b"\r\n"])
    outcome = pool.outcome()
    if b" " in key:
        assert outcome.sent == (verb + key + b"\r\n",)
    else:
        assert outcome.sent == (b"",)
        assert outcome.received == c.BAD_FORMAT


def test_aKeyWithABlankIsNotRoutedAsOneBehindABase64Key():
    """Two keys for two servers are two keys, whatever was asked in base64 before."""
    pool = Pool(servers=3)
    first = pool.router.route(b"a")
    keys = [b"%d" % each for each in range(9)]
    other = next(key for key in keys if pool.router.route(key) is not first)
    pool.send([b"mg %s b\r\n" % base64.b64encode(b"a " + other)])
    pool.outcome()
    pool.send([b"get a %s\r\n" % other])
    assert sorted(pool.takeAll()) == sorted([b"", b"get a \r\n", b"get %s \r\n" % other])


def test_metaRepliesPassUnchanged():
    """Opaques, keys and stale marks in a reply are the client's business."""
    pool = Pool(servers=1)
    pool.send([b"mg k v O9 k\r\nmg l\r\nms k 1 O1\r\nx\r\nme k\r\nget k\r\n"])
    assert expectations(pool) == [[META, META, META, META, CLASSIC]]
    replies = b"VA 2 O9 kk W\r\n\r\n\r\nEN\r\nHD O1\r\nME k exp=-1 la=2\r\nEND\r\n"
    MemcacheReplies(pool.router.pipelines[0]).bulk(replies, 0)
    assert pool.replies.take() == replies
