"""The replies owed to one client leave in the order of its requests."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from nuttwist.wire.counters import PoolCounters
from nuttwist.wire.replyqueue import BUDGET, FEWEST, FIRST, MOST, ReplyQueue
from nuttwist.wire.request import Request

from .rig import FakeSink


@pytest.fixture
def sink():
    """Who is woken."""
    return FakeSink()


@pytest.fixture
def queue(sink):
    """A client's reply queue."""
    return ReplyQueue(sink, PoolCounters())


@given(st.permutations(range(8)), st.sets(st.integers(0, 7)))
def test_repliesLeaveInRequestOrderWhateverOrderTheyComeIn(order, looks):
    """And as soon as nothing before them is missing."""
    queue = ReplyQueue(FakeSink(), PoolCounters())
    requests = [Request(queue, b"", 0) for _ in order]
    queue.waiting.extend(requests)
    left = b""
    for done, index in enumerate(order):
        requests[index].reply = b"%d" % index
        if done in looks:
            left += queue.take()
            ready = next((n for n, each in enumerate(requests) if each.reply is None), 8)
            assert left == b"".join(b"%d" % each for each in range(ready))
            assert queue.waiting == requests[ready:]
    left += queue.take()
    assert left == b"01234567"
    assert queue.waiting == []
    assert queue.take() == b""


def test_anEmptyReplyKeepsItsPlaceAndSendsNothing(queue):
    """Such is the reply to a quiet request that found nothing."""
    request = Request(queue, b"", 0)
    queue.waiting.append(request)
    queue.answer(b"MN\r\n")
    assert queue.take() == b""
    request.reply = b""
    assert queue.take() == b"MN\r\n"


def test_anAnswerOfTheProxysOwnWaitsForItsTurn(queue, sink):
    """It is there at once, behind what was asked before."""
    request = Request(queue, b"", 0)
    queue.waiting.append(request)
    queue.answer(b"OK\r\n")
    assert sink.woken == 1
    assert queue.take() == b""
    request.reply = b"END\r\n"
    assert queue.take() == b"END\r\nOK\r\n"


def test_settlingWakesTheSinkAndMayBeOwedAgain(queue, sink):
    """A batch of replies is one piece of news."""
    queue.touched = True
    queue.settle()
    assert sink.woken == 1
    assert not queue.touched


def test_anErrorOfTheProxysOwnIsTheReplyAndIsCounted(queue):
    """Once a request."""
    request = Request(queue, b"", 0)
    queue.failed(request, b"SERVER_ERROR unknown\r\n")
    assert request.reply == b"SERVER_ERROR unknown\r\n"
    assert queue.counters.forward_error == 1


def test_theEndComesAfterWhatIsOwed(queue, sink):
    """Nothing more is accepted; it is the client's fault only if it is."""
    queue.answer(b"OK\r\n")
    queue.end()
    assert (queue.ending, queue.fault) == (True, False)
    assert queue.take() == b"OK\r\n"
    assert sink.woken == 2


@pytest.mark.parametrize("told", [b"", b"CLIENT_ERROR line too long\r\n"])
def test_aClientAtFaultMayBeToldSoLast(queue, told):
    """Or be hung up on without a word."""
    queue.answer(b"OK\r\n")
    queue.hangUp(told, "it speaks HTTP")
    assert (queue.ending, queue.fault) == (True, True)
    assert queue.suspicion == "it speaks HTTP"
    assert queue.take() == b"OK\r\n" + told


def test_aClientThatHasGoneIsOwedNothing(queue):
    """Its requests run their course elsewhere."""
    queue.waiting.append(Request(queue, b"", 0))
    queue.abandon()
    assert queue.gone
    assert queue.waiting == []
    assert queue.take() == b""


def answered(queue, size, count):
    """Have a queue give away so many replies of a size at once."""
    for _ in range(count):
        queue.answer(b"x" * size)
    queue.take()


def test_roomIsForFewWhenRepliesAreLarge(queue):
    """One look at large replies is enough: the next of them fit the budget."""
    assert queue.room == FIRST
    answered(queue, 1024 * 1024, 2)
    assert queue.room == 3
    for _ in range(3):
        assert not queue.isFull()
        queue.waiting.append(Request(queue, b"", 0.0))
    assert queue.isFull()


def test_roomGrowsWhileRepliesAreSmall(queue):
    """Small replies are believed by and by, up to a bound of their own."""
    rooms = []
    for _ in range(10):
        answered(queue, 5, 2)
        rooms.append(queue.room)
    assert rooms == sorted(rooms)
    assert FIRST < rooms[0] < rooms[-1] == MOST


def test_aSingleLargeReplyIsLearnedFromToo(queue):
    """A client that asks one thing at a time may ask for large ones and then for many."""
    answered(queue, 2 * BUDGET, 1)
    assert queue.room == FEWEST


@pytest.mark.parametrize(
    ("budget", "most", "first", "small", "large"),
    [
        (BUDGET, 10, 10, 10, 4),
        (64 * 1024, MOST, FEWEST, 4096, FEWEST),
        (1, 1, 1, 1, 1),
        (1 << 30, 1 << 20, FIRST, 1 << 20, 1073),
    ],
)
def test_roomKeepsToOtherBounds(sink, budget, most, first, small, large):
    """Whatever they are, there is room for one request, and never for more than the most."""
    queue = ReplyQueue(sink, PoolCounters(), budget, most)
    assert queue.room == first
    for _ in range(40):
        answered(queue, 5, 2)
    assert queue.room == small
    answered(queue, 1_000_000, 1)
    assert queue.room == large


@pytest.mark.parametrize(
    ("budget", "most", "first", "small", "large"),
    [
        (BUDGET, 10, 10, 10, 4),
        (64 * 1024, MOST, FEWEST, 4096, FEWEST),
        (1, 1, 1, 1, 1),
        (1 << 30, 1 << 20, FIRST, 1 << 20, 1073),
    ],
)
def test_otherBoundsAreAsIfTheyHadBeenThere(sink, budget, most, first, small, large):
    """What is known of the replies stays known: nothing, that they are small, that they are not."""
    queues = [ReplyQueue(sink, PoolCounters(), 100_000, 3) for _ in range(3)]
    for _ in range(40):
        answered(queues[1], 5, 2)
    answered(queues[2], 1_000_000, 1)
    for queue in queues:
        queue.change(budget, most)
    assert [each.room for each in queues] == [first, small, large]


def test_whatIsHeldBehindAnUnansweredRequestIsWeighed(queue):
    """But for the largest, which may be as large as it is."""
    queue.waiting.append(Request(queue, b"get k\r\n", 0.0))
    for size in (10, 1000, 20):
        queue.answer(b"x" * size)
    assert queue.take() == b""
    assert queue.blocked == 7 + 10 + 20
    assert queue.weight() == 7 + 10 + 1000 + 20
    queue.waiting[0].reply = b"END\r\n"
    queue.take()
    assert (queue.blocked, queue.weight()) == (0, 0)


def test_manyAreWeighedNowAndThen(queue):
    """So that a look at a long queue does not cost each of many replies."""
    queue.waiting.append(Request(queue, b"", 0.0))
    for _ in range(100):
        queue.answer(b"xx")
    weighed = []
    for _ in range(32):
        queue.take()
        weighed.append(queue.blocked)
    assert weighed[:15] == [0] * 15
    assert weighed[15:] == [2 * 99] * 17
