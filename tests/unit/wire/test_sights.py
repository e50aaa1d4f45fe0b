"""What a sample tells of memcached requests, and how keys are shown."""

from __future__ import annotations

import pytest

from nuttwist.wire.memcache.sights import describe
from nuttwist.wire.request import Request
from nuttwist.wire.sights import Sight, hidden, plainly


def sight(data, reply=b"", found=None):
    """What is told of a request and its reply."""
    request = Request(None, data, 0, found=found)
    request.reply = reply
    return describe(request)


@pytest.mark.parametrize(
    ("data", "reply", "expected"),
    [
        (b"get k\r\n", b"VALUE k 0 1\r\nx\r\nEND\r\n", Sight("get", b"k", True)),
        (b"get k l m n\r\n", b"END\r\n", Sight("get", b"k", False)),
        (b"gets k\r\n", b"SERVER_ERROR x\r\n", Sight("gets", b"k", None)),
        (b"gat 10 k\r\n", b"END\r\n", Sight("gat", b"k", False)),
        (b"set k 0 0 3\r\na b\r\n", b"STORED\r\n", Sight("set", b"k", None)),
        (b"mg k v\r\n", b"VA 1\r\nx\r\n", Sight("mg", b"k", True)),
        (b"mg k q\r\nmn\r\n", b"", Sight("mg", b"k", None)),
        (b"mg k\r\n", b"EN\r\n", Sight("mg", b"k", False)),
        (b"mg k\r\n", b"HD\r\n", Sight("mg", b"k", True)),
        (b"delete k\r\n", b"NOT_FOUND\r\n", Sight("delete", b"k", None)),
        (b"flush_all 10\r\n", b"OK\r\n", Sight("flush_all", None, None)),
        (b"version\r\n", b"VERSION 1\r\n", Sight("version", None, None)),
        (b"incr k 1\r\n", b"2\r\n", Sight("incr", b"k", None)),
    ],
)
def test_commandKeyAndHit(data, reply, expected):
    """The name, the first key, and whether what was asked for was there."""
    assert sight(data, reply) == expected


def test_valuesFoundApartFromTheReplyAreAHit():
    """A part of a split get has its values in the request, and its reply is the last line."""
    assert sight(b"get k l\r\n", b"END\r\n", {b"l": b"VALUE l 0 0\r\n\r\n"}).hit is True


def test_keysAreShownAsText():
    """What is no UTF-8 is escaped."""
    assert plainly("schlüssel".encode() + b"\xff") == "schlüssel\\xff"


def test_hiddenKeysAreTheSameDigitsForTheSameKeyAndSecret():
    """Sixteen digits that tell keys apart and nothing else."""
    show = hidden(b"s" * 32)
    assert show(b"key") == show(b"key")
    assert show(b"key") != show(b"kez")
    assert show(b"key") != hidden(b"t" * 32)(b"key")
    assert len(show(b"key")) == 16
