"""Signals, sent to this process."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

import pytest
from twisted.internet.testing import MemoryReactorClock

from nuttwist.signals import Insistence, Signals, ignore, neverTooMany, stopEarly


class Reactor(MemoryReactorClock):
    """A reactor whose other threads are this one."""

    def __init__(self):
        MemoryReactorClock.__init__(self)
        self.stops = []

    def callFromThread(self, function, *arguments):
        self.callLater(0, function, *arguments)

    def sigTerm(self, number, frame=None):
        """Stop, as soon as it runs."""
        self.stops.append(number)

    sigInt = sigTerm


@pytest.fixture
def reactor():
    """Give a reactor; the signals are afterwards what they were."""
    numbers = (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT)
    before = {each: signal.getsignal(each) for each in numbers}
    # Whoever runs the tests in the background of a shell has it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield Reactor()
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.fixture
def early(reactor):
    """Give one that has taken what comes before it runs."""
    stopEarly(reactor)
    return reactor


def test_anActionIsOfTheReactor(reactor) -> None:
    """A signal is acted upon in a turn of the reactor, each time, until it is given back."""
    acted, usual = [], signal.getsignal(signal.SIGUSR1)
    signals = Signals(reactor, {signal.SIGUSR1: lambda: acted.append(1)})
    signals.install()
    for count in (1, 2):
        os.kill(os.getpid(), signal.SIGUSR1)
        assert len(acted) == count - 1
        reactor.advance(0)
        assert len(acted) == count
    signals.restore()
    assert signal.getsignal(signal.SIGUSR1) == usual


def test_aFloodIsActedUponOnce(reactor) -> None:
    """Signals that come before the reactor's next turn have its action once."""
    acted = []
    signals = Signals(reactor, {signal.SIGUSR1: lambda: acted.append(1)})
    signals.install()
    sent(reactor, *[signal.SIGUSR1] * 5)
    assert acted == [1]
    sent(reactor, signal.SIGUSR1)
    assert acted == [1, 1]


@pytest.fixture
def waker():
    """Give the descriptor that Python writes each signal to, with no room left in it."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writable, bytes(65536))
    before = signal.set_wakeup_fd(writable)
    yield writable
    signal.set_wakeup_fd(before)
    os.close(readable)
    os.close(writable)


def test_nobodyIsToldOfSignalsThatWakeWhoIsAwake(waker, monkeypatch) -> None:
    """More signals than the reactor has read are no error, and it is woken by them as before."""
    complaints: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)
    neverTooMany()
    held = signal.signal(signal.SIGUSR1, lambda *_: None)
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, held)
    assert complaints == []
    assert signal.set_wakeup_fd(-1) == waker


def test_whatIsIgnoredEndsNobody(reactor) -> None:
    """At its end a process takes no notice of a signal that it had an action for."""
    signals = Signals(reactor, {signal.SIGUSR1: lambda: pytest.fail("done")})
    signals.install()
    ignore([signal.SIGUSR1])
    os.kill(os.getpid(), signal.SIGUSR1)
    reactor.advance(0)


def blocked() -> set[int]:
    """Return the signals that do not come now."""
    return signal.pthread_sigmask(signal.SIG_BLOCK, ())


@pytest.mark.parametrize("goes", [Signals.restore, lambda _: ignore([signal.SIGUSR1])])
def test_noSignalComesWhileItsHandlerGoes(reactor, monkeypatch, goes) -> None:
    """Python writes a traceback for one that has come, and has no handler when it is looked for."""
    signals = Signals(reactor, {signal.SIGUSR1: lambda: pytest.fail("done")})
    signals.install()
    usual, real, seen = blocked(), signal.signal, []

    def exchanged(number, handler):
        seen.append(blocked() - usual)
        return real(number, handler)

    monkeypatch.setattr(signal, "signal", exchanged)
    goes(signals)
    assert seen == [{signal.SIGUSR1}]
    assert blocked() == usual


@pytest.fixture
def insistence(reactor):
    """Give what stands before a reactor, and what that and the hurried hear."""
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    heard = []
    signal.signal(signal.SIGTERM, lambda *_: heard.append("stop"))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    insistence = Insistence(reactor, lambda: heard.append("hurry"))
    insistence.install()
    yield insistence, heard
    for number, handler in before.items():
        signal.signal(number, handler)


def sent(reactor, *numbers: signal.Signals) -> None:
    """Send these to this process, all before the reactor has its next turn."""
    for number in numbers:
        os.kill(os.getpid(), number)
    reactor.advance(0)


def test_theReactorIsStoppedOnce(reactor, insistence) -> None:
    """Of signals the first stops it; the others mean a hurry, which is the same for all of them."""
    _, heard = insistence
    sent(reactor, signal.SIGTERM, signal.SIGTERM, signal.SIGINT)
    sent(reactor, signal.SIGTERM)
    assert heard == ["stop", "hurry"]


def test_whoeverHasBegunTheStop(reactor, insistence) -> None:
    """Where it was no signal that began it, the first signal is in a hurry already."""
    insistence, heard = insistence
    insistence.begun()
    sent(reactor, signal.SIGTERM)
    assert heard == ["hurry"]


def test_whatTheReactorIgnoresBeginsNothing(reactor, insistence) -> None:
    """A SIGINT that is ignored is no first signal; nor does another start change who is asked."""
    insistence, heard = insistence
    insistence.install()
    sent(reactor, signal.SIGINT)
    assert heard == []
    sent(reactor, signal.SIGTERM, signal.SIGINT)
    assert heard == ["stop", "hurry"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_whatComesTooEarlyStopsTheReactorLater(early, number) -> None:
    """The first signal before the reactor runs is the reactor's, and none ends the process."""
    os.kill(os.getpid(), number)
    os.kill(os.getpid(), signal.SIGTERM)
    assert early.stops == [number]


def test_whatIsIgnoredStaysIgnored(reactor) -> None:
    """Whoever starts it in the background of a shell can press ctrl-C there."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stopEarly(reactor)
    os.kill(os.getpid(), signal.SIGINT)
    assert reactor.stops == []
