"""The two queues of a server connection: pairing, failing, and holding clients back."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given, strategies as st

from nuttwist.wire.counters import PoolCounters, ServerCounters
from nuttwist.wire.memcache.errors import errorLine
from nuttwist.wire.memcache.replies import MemcacheReplies
from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.replyqueue import ReplyQueue
from nuttwist.wire.request import CLASSIC, NOTHING, Request

from .rig import FakeSink

ERROR = b"SERVER_ERROR Connection refused\r\n"


def newPipeline(rank=0):
    """A pipeline nobody serves."""
    return Pipeline(FakeSink(), ServerCounters(), errorLine, list, rank)


@pytest.fixture
def pipeline():
    """A pipeline nobody serves."""
    return newPipeline()


@pytest.fixture
def client():
    """Somebody who waits for replies."""
    return ReplyQueue(FakeSink(), PoolCounters())


def ask(pipeline, client, data=b"get k\r\n", expect=CLASSIC):
    """Put a request in the pipeline."""
    request = Request(client if expect else None, data, 0, expect)
    if expect and client is not None:
        client.waiting.append(request)
    pipeline.submit(request)
    return request


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(0, 2)),
        st.tuples(st.just("tell"), st.integers(0, 2)),
        st.tuples(st.just("write"), st.just(0)),
        st.tuples(st.just("reply"), st.integers(1, 4)),
        st.tuples(st.just("leave"), st.integers(0, 2)),
        st.tuples(st.just("fail"), st.just(0)),
    ),
    max_size=40,
)


class Story:
    """Three clients and a server that answers each get with the number in it."""

    def __init__(self) -> None:
        self.pipeline = newPipeline()
        self.clients = [ReplyQueue(FakeSink(), PoolCounters()) for _ in range(3)]
        self.server = MemcacheReplies(self.pipeline)
        self.count = self.unwritten = self.delivered = self.noreply = 0
        self.waiting: list[tuple[int, int]] = []
        self.expected: list[list[bytes]] = [[], [], []]
        self.errors = [0, 0, 0]

    def ask(self, who: int) -> None:
        """Client asks, unless it has left."""
        if self.clients[who].gone:
            return
        self.count += 1
        self.unwritten += 1
        self.waiting.append((who, self.count))
        ask(self.pipeline, self.clients[who], b"incr k %d\r\n" % self.count)

    def tell(self, who: int) -> None:
        """Client asks for no reply."""
        self.count += 1
        ask(self.pipeline, None, b"delete k%d noreply\r\n" % self.count, NOTHING)

    def write(self, _: int) -> None:
        """What is queued goes to the server."""
        if self.pipeline.inQueue:
            self.pipeline.take()
        self.unwritten = 0

    def reply(self, many: int) -> None:
        """The server answers the oldest requests."""
        many = min(many, len(self.waiting) - self.unwritten)
        done, self.waiting = self.waiting[:many], self.waiting[many:]
        self.server.bulk(b"".join(b"%d\r\n" % number for _, number in done), 0)
        for who, number in done:
            if not self.clients[who].gone:
                self.delivered += 1
                self.expected[who].append(b"%d\r\n" % number)

    def leave(self, who: int) -> None:
        """Client goes away."""
        self.clients[who].abandon()
        self.expected[who].clear()

    def fail(self, _: int) -> None:
        """The connection is lost."""
        self.pipeline.fail("Connection refused")
        for who, _ in self.waiting:
            if not self.clients[who].gone:
                self.errors[who] += 1
                self.expected[who].append(ERROR)
        self.waiting.clear()
        self.unwritten = 0


@given(STEPS)
def test_everyRequestGetsItsOwnReplyOrOneErrorWhateverHappens(steps):
    """Noreply requests take no reply, clients that left get none and are not counted."""
    story = Story()
    for step, value in [*steps, ("fail", 0)]:
        getattr(story, step)(value)
    assert not story.pipeline.inQueue
    assert not story.pipeline.outQueue
    for client, expected, errors in zip(story.clients, story.expected, story.errors, strict=True):
        assert client.take() == b"".join(expected)
        assert not client.waiting
        assert not client.touched
        assert client.counters.forward_error == errors
    counters = story.pipeline.counters
    assert counters.requests == story.count
    assert counters.responses == story.delivered


def test_theSinkIsWokenOnceForAllThatWaits(pipeline, client):
    """Until it has looked."""
    ask(pipeline, client)
    ask(pipeline, client)
    assert pipeline.awake
    assert pipeline.sink.woken == 1
    pipeline.take()
    pipeline.awake = False
    ask(pipeline, client)
    assert pipeline.sink.woken == 2


def test_aTurnIsOnePieceForTheServerAndCounted(pipeline, client):
    """Requests and their bytes, in the order they were queued."""
    ask(pipeline, client, b"get a\r\n")
    assert pipeline.take() == b"get a\r\n"
    ask(pipeline, client, b"get b\r\n")
    ask(pipeline, client, b"delete c noreply\r\n", NOTHING)
    ask(pipeline, client, b"get d\r\n")
    assert pipeline.sizes() == (3, 32, 1, 7)
    assert pipeline.take() == b"get b\r\ndelete c noreply\r\nget d\r\n"
    assert [each.data[4:5] for each in pipeline.outQueue] == [b"a", b"b", b"d"]
    assert pipeline.sizes() == (0, 0, 3, 21)
    assert (pipeline.counters.requests, pipeline.counters.request_bytes) == (4, 39)
    ask(pipeline, client, b"get e\r\n")
    pipeline.take()
    assert len(pipeline.outQueue) == 4


def test_repliesThatFoundTheirClientsAreCountedAndReported():
    """One report for a batch."""
    reports = []
    pipeline = Pipeline(FakeSink(), ServerCounters(), errorLine, lambda: reports.append(1), 0)
    pipeline.delivered(3, 70)
    assert (pipeline.counters.responses, pipeline.counters.response_bytes) == (3, 70)
    assert reports == [1]


def test_aLostConnectionTellsEachClientOnce(pipeline):
    """However many of its requests were on it."""
    clients = [ReplyQueue(FakeSink(), PoolCounters()) for _ in range(2)]
    for client in (*clients, *clients):
        ask(pipeline, client)
    pipeline.take()
    for client in clients:
        ask(pipeline, client)
    ask(pipeline, None, b"touch k 1 noreply\r\n", NOTHING)
    pipeline.fail("Connection refused")
    for client in clients:
        assert client.sink.woken == 1
        assert client.take() == ERROR * 3
        assert client.counters.forward_error == 3
    assert not pipeline.silent


def test_theOldestRequestIsTheFirstThatWaits(pipeline, client):
    """Written or not; one without a reply waits no longer once it is written."""
    assert pipeline.oldest() is None
    silent = ask(pipeline, client, b"touch k 1 noreply\r\n", NOTHING)
    assert pipeline.oldest() is silent
    first = ask(pipeline, client)
    ask(pipeline, client)
    assert pipeline.oldest() is silent
    pipeline.take()
    assert pipeline.oldest() is first
    ask(pipeline, client)
    assert pipeline.oldest() is first


def test_clientsThatWereHeldBackGoOnWhenThereIsRoom(pipeline):
    """Each is told once, and may be held back again at once."""

    @attrs.define(eq=False)
    class Client:
        times: int = 0

        def relieved(self) -> None:
            self.times += 1
            assert not pipeline.crowded
            pipeline.heldBack.append(self)

    clients = [Client(), Client()]
    pipeline.crowded = True
    pipeline.heldBack.extend(clients)
    pipeline.relieve()
    assert [each.times for each in clients] == [1, 1]
    assert pipeline.heldBack == clients


@pytest.mark.parametrize("text", ["Connection refused", " Connection\r\n  refused\n"])
def test_anErrorIsOneLine(text):
    """A reason with line ends in it must not end the line early."""
    assert errorLine(text) == ERROR


def test_anErrorMayHoldAnyText():
    """Names from the configuration are not always ASCII."""
    assert errorLine("caf\u00e9") == b"SERVER_ERROR caf\xc3\xa9\r\n"
    assert errorLine("\udc80") == b"SERVER_ERROR ?\r\n"
