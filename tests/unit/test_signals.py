"""Signals, sent to this process."""

from __future__ import annotations

import os
import signal

import pytest
from twisted.internet.testing import MemoryReactorClock

from nuttwist.signals import Signals, keptForLater


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
