"""What a key may be, and where it goes."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, strategies as st

from nuttwist.wire.memcache.keys import hasFlag, isKey, routeDecoded, routedKey

from .rig import FakeRouter


@pytest.mark.parametrize("key", [b"k", b"k" * 250, b"caf\xc3\xa9", b"\xff\x80", b"a\x01\x7fb"])
def test_mostBytesMakeAKey(key):
    """A key is up to 250 bytes of nearly any value, as memcached sees it."""
    assert isKey(key)


@pytest.mark.parametrize("key", [b"", b"k" * 251, *(b"a%cb" % each for each in b"\0\t\n\v\f\r ")])
def test_separatorsAndTooManyBytesMakeNone(key):
    """What some server takes for an end of the key is refused, as is a key that is too long."""
    assert not isKey(key)


@given(st.binary(min_size=1, max_size=180))
def test_aBase64KeyIsRoutedByWhatItMeans(key):
    """The flag says that the key came as base64; its server is that of the decoded key."""
    sent = base64.b64encode(key)
    assert routedKey(sent, [b"v", b"b"]) == key
    assert routedKey(sent, [b"v", b"Ob"]) == sent


@pytest.mark.parametrize("key", [b"!!!!", b"YQ", b"YQ=\xff", b"\xff\xff\xff\xff"])
def test_aKeyThatIsNotBase64HasNoRoute(key):
    """A key that was announced as base64 and is not cannot be routed."""
    assert routedKey(key, [b"b"]) is None


def test_aFlagIsItsFirstByte():
    """Servers look at the first byte of a flag only, and so must the proxy."""
    assert hasFlag([b"v", b"qx"], b"q")
    assert not hasFlag([b"v", b"Oq"], b"q")


def test_onlyWellFormedKeysStayAmongTheRoutes():
    """A decoded key with a line end in it is routed, but not remembered as well formed."""
    router = FakeRouter(3)
    assert routeDecoded(router, b"a\nflush_all") in router.pipelines
    assert router.routes == {}
    pipeline = routeDecoded(router, b"ab")
    assert router.routes == {b"ab": pipeline}
