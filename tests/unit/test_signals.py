"""Signals, sent to this process."""

from __future__ import annotations

import os
import signal

import pytest
from twisted.internet.testing import MemoryReactorClock

from nuttwist.signals import Insistence, Signals, keptForLater


class Reactor(MemoryReactorClock):
    """A reactor whose other threads are this one."""

    def callFromThread(self, function, *arguments):
        self.callLater(0, function, *arguments)


@pytest.fixture
def reactor():
    """Give a reactor, and see that the signals are afterwards what they were."""
    before = {each: signal.getsignal(each) for each in (signal.SIGUSR1, signal.SIGTERM)}
    yield Reactor()
    after = {each: signal.getsignal(each) for each in before}
    for each, handler in before.items():
        signal.signal(each, handler)
    assert after == before


def test_anActionIsOfTheReactor(reactor) -> None:
    """A signal is acted upon in a turn of the reactor, each time, until it is given back."""
    acted = []
    signals = Signals(reactor, {signal.SIGUSR1: lambda: acted.append(1)})
    signals.install()
    for count in (1, 2):
        os.kill(os.getpid(), signal.SIGUSR1)
        assert len(acted) == count - 1
        reactor.advance(0)
        assert len(acted) == count
    signals.restore()


def test_whatIsIgnoredEndsNobody(reactor) -> None:
    """At its end a process takes no notice of a signal that it had an action for."""
    usual = signal.getsignal(signal.SIGUSR1)
    signals = Signals(reactor, {signal.SIGUSR1: lambda: pytest.fail("done")})
    signals.install()
    signals.ignore()
    os.kill(os.getpid(), signal.SIGUSR1)
    reactor.advance(0)
    signal.signal(signal.SIGUSR1, usual)


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
    """Of signals that come in one turn the first stops it, and the others mean a hurry."""
    _, heard = insistence
    sent(reactor, signal.SIGTERM, signal.SIGTERM, signal.SIGINT)
    assert heard == ["stop", "hurry", "hurry"]


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


def test_whatComesTooEarlyComesAgain(reactor) -> None:
    """A signal before the reactor runs is sent once more when it does."""
    heard = []
    usual = signal.getsignal(signal.SIGTERM)
    with keptForLater(reactor, signal.SIGTERM):
        os.kill(os.getpid(), signal.SIGTERM)
    signal.signal(signal.SIGTERM, lambda *_: heard.append(1))
    for function, arguments, keywords in reactor.whenRunningHooks:
        function(*arguments, **keywords)
    assert heard == []
    reactor.advance(0)
    assert heard == [1]
    signal.signal(signal.SIGTERM, usual)


def test_aStartThatFailsKeepsNothing(reactor) -> None:
    """When nothing is started, the signal is again what it was."""
    with pytest.raises(ZeroDivisionError), keptForLater(reactor, signal.SIGTERM):
        raise ZeroDivisionError
