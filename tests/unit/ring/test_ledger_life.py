"""The ledger beside a small model, whatever happens to the servers in whatever order."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from nuttwist.ring.ledger import JITTER, EjectionLedger

NAMES = ("a", "b", "c")
SERVER = st.sampled_from(NAMES)

#: What chance is here, always.
CHANCE = 0.5


@attrs.define
class Known:
    """
    What there is to say of one server.

    @ivar row: failures in a row.
    @ivar out: it is out.
    @ivar until: when it is to be tested, if ever.
    @ivar tests: how many it has failed since it was ejected.
    """

    row: int = 0
    out: bool = False
    until: float | None = None
    byHand: bool = False
    tests: int = 0


class Life(RuleBasedStateMachine):
    @initialize(
        limit=st.integers(0, 3), first=st.sampled_from([0.0, 1.0, 30.0]), most=st.integers(0, 200)
    )
    def begin(self, limit, first, most):
        """A pool with some settings, in which everybody is live."""
        self.limit, self.first, self.most = max(limit, 1), first, max(most, first)
        self.ledger = EjectionLedger(limit, first, float(most), lambda: CHANCE)
        self.known = {name: Known() for name in NAMES}
        self.now = 1000.0

    def testing(self):
        """Who is being tested, or is out for good."""
        return [name for name in NAMES if self.known[name].out and self.known[name].until is None]

    @rule(seconds=st.sampled_from([0.5, 1.0, 29.0, 100.0]))
    def wait(self, seconds):
        """Time passes."""
        self.now += seconds

    @rule(name=SERVER)
    def failed(self, name):
        """A request to a server fails; only a row of failures of one that is in counts."""
        known = self.known[name]
        known.row += not known.out
        ejects = not known.out and known.row == self.limit
        assert self.ledger.failed(name, self.now) == ejects
        if ejects:
            self.known[name] = Known(out=True, until=self.now + self.first)

    @rule(name=SERVER)
    def succeeded(self, name):
        """A server answers, perhaps late."""
        self.ledger.succeeded(name)
        self.known[name].row = 0

    @rule(name=SERVER, forGood=st.booleans())
    def ejectByHand(self, name, forGood):
        """A person takes a server out."""
        until = None if forGood else self.now + 5
        self.ledger.eject(name, until, byHand=True)
        self.known[name] = Known(out=True, until=until, byHand=True)

    @rule(name=SERVER)
    def ejectOtherwise(self, name):
        """Something else does, which a person's word outweighs."""
        self.ledger.eject(name, self.now + 7)
        if not self.known[name].byHand:
            self.known[name] = Known(out=True, until=self.now + 7)

    @rule()
    def ask(self):
        """Whoever is due is tested, and is not due any more."""
        due = [name for name in NAMES if self.known[name].until is not None]
        due = sorted(
            (self.known[name].until, name) for name in due if self.known[name].until <= self.now
        )
        assert self.ledger.due(self.now) == [name for _, name in due]
        for _, name in due:
            self.ledger.asked(name)
            self.known[name].until, self.known[name].byHand = None, False
        assert self.ledger.due(self.now) == []

    @precondition(lambda self: self.testing())
    @rule(data=st.data())
    def postpone(self, data):
        """A test fails: the time out doubles up to its cap, less what chance takes off."""
        name = data.draw(st.sampled_from(self.testing()))
        known = self.known[name]
        known.tests += 1
        seconds = min(self.first * 2**known.tests, self.most) * (1 - JITTER * CHANCE)
        assert self.ledger.postpone(name, self.now) == pytest.approx(seconds)
        known.until = self.ledger.until(name)
        assert known.until == pytest.approx(self.now + seconds)

    @rule(name=SERVER)
    def readmit(self, name):
        """A server comes back with a clean sheet."""
        self.ledger.readmit(name)
        self.known[name] = Known()

    @invariant()
    def allIsAsKnown(self):
        """Every question has the model's answer."""
        for name, known in getattr(self, "known", {}).items():
            assert self.ledger.isLive(name) == (not known.out)
            assert self.ledger.isByHand(name) == known.byHand
            assert self.ledger.until(name) == known.until
            assert self.ledger.failures(name) == known.row

    @invariant()
    def theNextDeadlineIsTheFirst(self):
        """No server that waits is forgotten."""
        known = getattr(self, "known", {}).values()
        moments = [each.until for each in known if each.until is not None]
        if known:
            assert self.ledger.nextDeadline() == min(moments, default=None)


def test_theLedgerDoesWhatTheModelDoes():
    """Failures, ejections by chance and by hand, tests that fail and returns."""
    run_state_machine_as_test(
        Life, settings=settings(max_examples=150, stateful_step_count=40, deadline=None)
    )
