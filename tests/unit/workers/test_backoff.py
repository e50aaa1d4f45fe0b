"""A worker that ends again and again is started ever more rarely."""

from __future__ import annotations

from twisted.internet.task import Clock

from nuttwist.workers.backoff import FIRST, MOST, STEADY, Backoff


def waits(clock: Clock, backoff: Backoff, *lives: float) -> list[float]:
    """How long is waited after workers that live so long."""
    found = []
    for life in lives:
        backoff.started(clock.seconds())
        clock.advance(life)
        found.append(backoff.ended(clock.seconds()))
        clock.advance(found[-1])
    return found


def test_firstIsReplacedSoon():
    """After a long life the next begins at once, or nearly so."""
    assert waits(Clock(), Backoff(), 3600) == [FIRST]


def test_waitDoublesUpToAMost():
    """Each worker that ends soon doubles the wait, and there is an end to that."""
    found = waits(Clock(), Backoff(), *[1.0] * 2000)
    assert found[:4] == [FIRST, 2 * FIRST, 4 * FIRST, 8 * FIRST]
    assert found[20:] == [MOST] * 1980


def test_steadyWorkerIsForgiven():
    """One that runs long enough makes its end the first again; one that just does not, does not."""
    lives = [1.0, 1.0, STEADY - 0.001, STEADY, 1.0]
    found = waits(Clock(), Backoff(), *lives)
    assert found == [FIRST, 2 * FIRST, 4 * FIRST, FIRST, 2 * FIRST]
