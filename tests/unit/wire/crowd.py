"""
Clients and servers in any order of events, beside a model of what each client is to hear.

The core is real: grammars, pipelines, gathers and reply queues. The model knows nothing but who
asked what of which server.
"""

from __future__ import annotations

import itertools
import zlib
from collections import deque

import attrs
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.internet.testing import StringTransport

from nuttwist.wire.counters import PoolCounters
from nuttwist.wire.framing import BadReply
from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.replyqueue import ReplyQueue
from nuttwist.wire.router import Settings

from .redis.rig import FakeLane
from .rig import FakeSink, Receiver, cut
from .speeches import NONSENSE, Kind, Speech

CLIENTS = SERVERS = 2
WHO = st.integers(0, CLIENTS - 1)
WHERE = st.integers(0, SERVERS - 1)


@attrs.define(eq=False)
class Entry:
    """
    A request as its client sees it.

    @ivar good: what it hears when all goes well.
    @ivar missing: the servers that have not answered.
    @ivar wrong: the errors it got instead, by server.
    """

    good: bytes
    missing: set[int]
    wrong: dict[int, bytes] = attrs.Factory(dict)

    @property
    def heard(self) -> bytes | None:
        """What the client is to hear, None as long as that is open."""
        if self.missing:
            return None
        return self.wrong[min(self.wrong)] if self.wrong else self.good


@attrs.define(eq=False)
class Part:
    """What one server is asked of an entry; there is none when no reply is expected."""

    kind: Kind
    keys: list[bytes]
    entry: Entry | None
    left: int = 0


class Caller:
    """A client, and what it is owed."""

    def __init__(self, speech: Speech, router: FakeLane, name: bytes) -> None:
        self.name = name
        self.sink = FakeSink()
        self.counters = PoolCounters()
        self.queue = ReplyQueue(self.sink, self.counters)
        self.receiver = Receiver(
            speech.dialect.requests(self.queue, router, Settings()), lambda: False
        )
        self.receiver.makeConnection(StringTransport())
        self.numbers = itertools.count()
        self.entries: deque[Entry] = deque()
        self.errors = 0

    def ready(self) -> list[bytes]:
        """What may be heard now, in order."""
        heard = (entry.heard for entry in self.entries)
        return list(itertools.takewhile(lambda each: each is not None, heard))


class Server:
    """
    A server, and what it has been asked and not answered.

    @ivar unsent: parts in the in-queue.
    @ivar owed: parts whose reply has not come whole, oldest first.
    @ivar outbox: what it has to say and has not said.
    """

    def __init__(self, speech: Speech, pipeline: Pipeline) -> None:
        self.speech = speech
        self.pipeline = pipeline
        self.unsent: list[Part] = []
        self.connect()

    def connect(self) -> None:
        """Begin with a connection that knows of nothing."""
        grammar = self.speech.dialect.lanes[0].replies(self.pipeline)
        self.receiver = Receiver(grammar, lambda: False)
        self.receiver.makeConnection(StringTransport())
        self.owed: deque[Part] = deque()
        self.outbox = b""

    def read(self, data: bytes) -> None:
        """Find the parts that were to be sent in what was, and answer each."""
        read = self.speech.read(data)
        for part in self.unsent:
            assert next(read) == part.keys
            reply = part.kind.reply(part.keys)
            part.left = len(reply)
            self.outbox += reply
            if part.entry is not None:
                self.owed.append(part)
        assert next(read, None) is None
        self.unsent = []

    def say(self, size: int) -> None:
        """Say so much of what it has to say."""
        self.receiver.dataReceived(self.outbox[:size])
        self.outbox = self.outbox[size:]
        while self.owed and size >= self.owed[0].left:
            part = self.owed.popleft()
            size -= part.left
            part.entry.missing.remove(self.pipeline.rank)
        if self.owed:
            self.owed[0].left -= size

    def fail(self, text: str) -> None:
        """Lose the connection with all that waits for it."""
        self.pipeline.fail(text)
        for part in [*self.unsent, *self.owed]:
            if part.entry is not None:
                part.entry.missing.remove(self.pipeline.rank)
                part.entry.wrong[self.pipeline.rank] = self.speech.dialect.errorLine(text)
        self.unsent = []
        self.connect()


class Crowd(RuleBasedStateMachine):
    """
    Some clients in front of some servers.

    @cvar speech: the dialect they speak.
    """

    speech: Speech

    def __init__(self) -> None:
        super().__init__()
        lanes: list[FakeLane] = []
        self.router = FakeLane(SERVERS, lanes)
        lanes += [self.router, self.router]
        self.names = itertools.count()
        self.servers = [Server(self.speech, each) for each in self.router.pipelines]
        for each in self.router.pipelines:
            each.errorLine = self.speech.dialect.errorLine
        self.callers = [self._caller() for _ in range(CLIENTS)]

    def _caller(self) -> Caller:
        return Caller(self.speech, self.router, b"c%d" % next(self.names))

    @rule(who=WHO, kind=st.integers(0, 3), keys=st.integers(1, 3), places=st.lists(st.integers(0)))
    def ask(self, who: int, kind: int, keys: int, places: list[int]) -> None:
        """A client asks something about keys that bear its name."""
        caller, asked = self.callers[who], self.speech.kinds[kind]
        names = [
            b"%s-%d" % (caller.name, next(caller.numbers)) for _ in range(min(keys, asked.most))
        ]
        shares: dict[int, list[bytes]] = {}
        for each in names:
            shares.setdefault(zlib.crc32(each) % SERVERS, []).append(each)
        good = asked.answer(names)
        entry = None if good is None else Entry(good, set(shares))
        if entry is not None:
            caller.entries.append(entry)
        for rank, share in shares.items():
            self.servers[rank].unsent.append(Part(asked, share, entry))
        for piece in cut(asked.ask(names), places):
            caller.receiver.dataReceived(piece)

    @rule(where=WHERE)
    def take(self, where: int) -> None:
        """A turn ends: a server gets what waits for it."""
        server = self.servers[where]
        if server.unsent:
            data = server.pipeline.take()
            server.pipeline.awake = False
            server.read(data)

    @rule(where=WHERE, size=st.integers(1, 60))
    def say(self, where: int, size: int) -> None:
        """A server says a piece of what it has to say, wherever that ends."""
        server = self.servers[where]
        if server.outbox:
            server.say(min(size, len(server.outbox)))

    @rule(where=WHERE)
    def turn(self, where: int) -> None:
        """A server gets what waits for it, and says all it has to say at once."""
        self.take(where)
        server = self.servers[where]
        if server.outbox:
            server.say(len(server.outbox))

    @rule(what=st.sampled_from(["fail", "failBoth", "babble", "leave"]), which=WHERE)
    def upset(self, what: str, which: int) -> None:
        """Something goes wrong; one rule for all of it, so that more goes right."""
        ways = {"fail": self.fail, "failBoth": self.failBoth, "babble": self.babble}
        ways.get(what, self.leave)(which)

    def fail(self, where: int) -> None:
        """A server's connection is lost."""
        self.servers[where].fail(f"server {where} is gone")

    def failBoth(self, first: int) -> None:
        """All servers' connections are lost, one after the other."""
        for where in (first, 1 - first):
            self.fail(where)

    def babble(self, where: int) -> None:
        """A server that owes nothing, or nothing yet, says what is no reply, and is given up."""
        server = self.servers[where]
        if not server.outbox:
            with pytest.raises(BadReply):
                server.receiver.dataReceived(NONSENSE)
            server.fail(f"server {where} made no sense")

    def leave(self, who: int) -> None:
        """A client leaves, and another comes in its place."""
        queue = self.callers[who].queue
        queue.abandon()
        assert not queue.waiting
        self.callers[who] = self._caller()

    @rule(who=WHO)
    def hear(self, who: int) -> None:
        """A client hears what may leave: its own replies, in order, and each once."""
        caller = self.callers[who]
        expected = caller.ready()
        assert caller.queue.take() == b"".join(expected)
        for _ in expected:
            caller.errors += bool(caller.entries.popleft().wrong)
        caller.sink.woken = 0

    @invariant()
    def queuesAreAsLong(self) -> None:
        """Nothing is lost and nothing is there twice."""
        for server in self.servers:
            pipeline = server.pipeline
            lengths = len(pipeline.inQueue), len(pipeline.outQueue)
            assert lengths == (len(server.unsent), len(server.owed))
            assert pipeline.awake or not pipeline.inQueue
        for caller in self.callers:
            assert len(caller.queue.waiting) == len(caller.entries)

    @invariant()
    def whoeverCanHearIsTold(self) -> None:
        """No reply waits without its client's being woken, and every error is counted once."""
        for caller in self.callers:
            assert caller.sink.woken or not caller.ready()
            settled = [each for each in caller.entries if each.heard is not None]
            errors = caller.errors + sum(bool(each.wrong) for each in settled)
            assert caller.counters.forward_error == errors

    def teardown(self) -> None:
        """In the end everybody has heard everything."""
        for where in range(SERVERS):
            self.turn(where)
        for who in range(CLIENTS):
            self.hear(who)
            assert not self.callers[who].entries
        self.queuesAreAsLong()
