"""A pool with a password: what is told to whom before it, and what it changes."""

from __future__ import annotations

import attrs
import pytest

from nuttwist.wire.redis.resp import request
from nuttwist.wire.router import Settings

from .rig import SECRET, tr

PING = request([b"PING"])
NOAUTH = b"-NOAUTH Authentication required\r\n"


def error(text):
    """A protocol error in redis's words."""
    return b"-ERR Protocol error: %s\r\n" % text


@pytest.mark.parametrize(
    "words",
    [
        [b"PING"],
        [b"GET", b"a"],
        [b"GET"],
        [b"MGET", b"a", b"b"],
        [b"nonsense"],
        [b"COMMAND"],
        [b"FLUSHALL"],
        [b"CLIENT", b"ID"],
        [b"MULTI"],
    ],
)
def test_nothingIsToldBeforeThePassword(words):
    """The connection stays, and nothing reaches a server."""
    for settings in (SECRET, attrs.evolve(SECRET, hangUp=True)):
        outcome = tr(request(words), settings)
        assert (outcome.received, outcome.ending) == (NOAUTH, False)
        assert not any(outcome.sent)


def test_whoHasNotToldThePasswordMayLeaveOrStartAnew():
    """QUIT and RESET; what is malformed closes for anybody."""
    assert tr(request([b"QUIT"]), SECRET).received == b"+OK\r\n"
    assert tr(request([b"RESET"]), SECRET).received == b"+RESET\r\n"
    assert tr(request([b"HELLO", b"3"]), SECRET).received.startswith(b"-NOAUTH HELLO must")
    outcome = tr(b"*x\r\n", SECRET)
    assert (outcome.received, outcome.ending) == (error(b"invalid multibulk length"), True)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"*11\r\n", b"unauthenticated multibulk length"),
        (b"*1\r\n$16385\r\n", b"unauthenticated bulk length"),
    ],
)
def test_whoHasNotToldThePasswordGetsLittleRoom(data, text):
    """As much as in redis."""
    settings = Settings(password=b"sekret")
    assert tr(data, settings).received == error(text)
    assert not tr(request([b"AUTH", b"x" * 16384]), settings).ending
    assert not tr(request([b"AUTH", *[b"x"] * 9]), settings).ending
    assert not tr(request([b"AUTH", b"sekret"]) + PING, settings).ending


def test_thePasswordCountsFromTheNextRequestOn():
    """In one chunk as in many: AUTH, a wrong AUTH, RESET, and HELLO with AUTH."""
    get, auth = request([b"GET", b"a"]), request([b"AUTH", b"sekret"])
    wrong, reset = request([b"AUTH", b"x"]), request([b"RESET"])
    said = get + auth + get + wrong + get + auth + get + reset + get
    outcome = tr(said, SECRET)
    assert b"".join(outcome.sent) == get + get
    assert outcome.received.count(NOAUTH) == 3
    assert b"-ERR invalid password\r\n" + NOAUTH in outcome.received
    hello = request([b"HELLO", b"3", b"AUTH", b"default", b"sekret"])
    assert tr(hello + get, SECRET).sent.count(get) == 1
