"""The clients of the fault tests see each kind of violation, and none where there is none."""

from __future__ import annotations

import random

import pytest

from tests.load.conversation import Conversation
from tests.load.dialect import Asked
from tests.load.memcache import Memcache
from tests.load.redis import Redis
from tests.load.tally import Tally
from tests.load.values import Identity, Violation, valueOf

MINE = b"0:me"
OTHER = b"0:you"
DIALECTS = pytest.mark.parametrize("dialect", [Memcache(), Redis()], ids=["memcached", "redis"])


def value(key: bytes, number: int) -> bytes:
    """The reply of memcached to a get that finds something."""
    found = valueOf(key, number)
    return b"VALUE %b 0 %d\r\n%b\r\nEND\r\n" % (key, len(found), found)


def bulk(key: bytes, number: int) -> bytes:
    """The same of redis."""
    found = valueOf(key, number)
    return b"$%d\r\n%b\r\n" % (len(found), found)


def conversation(dialect, *asked: Asked) -> Conversation:
    """One that waits for some replies."""
    made = Conversation(Identity(b"me"), dialect, random.Random(1), Tally())
    made.pending.extend(asked)
    return made


def get(written: int = 2) -> Asked:
    """A get of a key that was written so often."""
    return Asked("get", (MINE,), (written,))


@pytest.mark.parametrize(
    ("dialect", "data"),
    [
        (Memcache(), value(MINE, 2) + b"END\r\nSTORED\r\nMN\r\n"),
        (Redis(), bulk(MINE, 2) + b"$-1\r\n+OK\r\n$4\r\n0:me\r\n"),
    ],
)
def test_rightRepliesAreCounted(dialect, data: bytes) -> None:
    """A hit, a miss, a write and a sign of life, in one piece and byte by byte."""
    for size in (1, len(data)):
        asked = Asked("set", (MINE,), (3,)), Asked("alive", (MINE,))
        talk = conversation(dialect, get(), get(), *asked)
        for at in range(0, len(data), size):
            talk.hear(data[at : at + size])
        assert not talk.pending
        assert talk._tally.replies == {"hit": 1, "miss": 1, "stored": 1, "alive": 1}


@pytest.mark.parametrize(
    ("dialect", "data"),
    [
        (Memcache(), b"SERVER_ERROR Connection refused\r\n"),
        (Redis(), b"-ERR Connection refused\r\n"),
    ],
)
def test_errorsAreCountedByText(dialect, data: bytes) -> None:
    """An error is a reply, and the dialect's word for it is left away."""
    talk = conversation(dialect, get(), Asked("set", (MINE,), (3,)))
    talk.hear(data * 2)
    assert talk._tally.errors == {"Connection refused": 2}
    assert talk._tally.unread == {"get": 1}


@pytest.mark.parametrize(
    "data",
    [
        value(OTHER, 1),
        value(MINE, 1).replace(b"me=1;", b"you=1", 1),
        value(MINE, 3),
        value(MINE, 0),
        b"STORED\r\n",
        b"END\r\nEND\r\n",
        b"ERROR\r\n",
        b"VALUE 0:me 0 1\r\nxy\r\nEND\r\n",
        b"VALUE 0:me 0 x\r\nx\r\nEND\r\n",
        value(MINE, 1)[:-5] + b"SERVER_ERROR unknown\r\n",
    ],
)
def test_memcachedViolationsAreSeen(data: bytes) -> None:
    """Another's value, one that was never written, one reply too many, and what is no reply."""
    with pytest.raises(Violation):
        conversation(Memcache(), get()).hear(data)


@pytest.mark.parametrize(
    "data",
    [bulk(OTHER, 1), bulk(MINE, 3), b"+OK\r\n", b"$-1\r\n$-1\r\n", b"*0\r\n", b"STORED\r\n"],
)
def test_redisViolationsAreSeen(data: bytes) -> None:
    """The same in the other dialect."""
    with pytest.raises(Violation):
        conversation(Redis(), get()).hear(data)


def test_valuesComeInRequestOrder() -> None:
    """A get for several keys is answered in their order, and with nothing else."""
    second = b"1:me"
    asked = Asked("several", (MINE, second), (1, 1))
    right = value(MINE, 1)[:-5] + value(second, 1)
    conversation(Memcache(), asked).hear(right)
    with pytest.raises(Violation):
        conversation(Memcache(), asked).hear(value(second, 1)[:-5] + value(MINE, 1))


def test_anEchoOfAnothersWordIsSeen() -> None:
    """The sign of life of a redis client is its own."""
    with pytest.raises(Violation):
        conversation(Redis(), Asked("alive", (b"me:1",))).hear(b"$5\r\nyou:1\r\n")


@DIALECTS
def test_lostRepliesRemain(dialect) -> None:
    """What has no reply is known, and so is what was asked."""
    talk = conversation(dialect)
    assert talk.ask(30)
    assert talk.askForLife()
    assert len(talk.pending) == talk._tally.requests == talk._tally.lost == 31


def test_anErrorAmongValuesIsSeen() -> None:
    """Of several values none may be an error."""
    asked = Asked("several", (MINE, b"1:me"), (1, 1))
    with pytest.raises(Violation):
        conversation(Redis(), asked).hear(b"*2\r\n$-1\r\n-ERR x\r\n")
