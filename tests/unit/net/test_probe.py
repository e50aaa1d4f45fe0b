"""What a server must say to be taken for well."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from nuttwist.net.probe import Probe
from nuttwist.wire.memcache.dialect import MEMCACHE
from nuttwist.wire.redis.dialect import REDIS
from nuttwist.wire.router import Settings

SECRET = Settings(password=b"sekret", database=3)


def verdicts(dialect, settings, said):
    """Probe a server that says this, and tell what was decided."""
    found = []
    clock = Clock()
    question, answers = dialect.probe(settings)
    probe = Probe(question, answers, clock, 1.0, found.append)
    protocol = probe.buildProtocol(None)
    protocol.makeConnection(StringTransport())
    assert protocol.transport.value() == question
    protocol.dataReceived(said)
    clock.advance(1.0)
    assert clock.getDelayedCalls() == []
    return found


@pytest.mark.parametrize(
    ("dialect", "settings", "said", "well"),
    [
        (MEMCACHE, Settings(), b"VERSION 1.6.18\r\n", True),
        (MEMCACHE, Settings(), b"ERROR\r\n", False),
        (MEMCACHE, Settings(), b"VERSION 1.6", False),
        (REDIS, Settings(), b"+PONG\r\n", True),
        (REDIS, Settings(), b"-LOADING not yet\r\n", False),
        (REDIS, SECRET, b"+OK\r\n+OK\r\n+PONG\r\n", True),
        (REDIS, SECRET, b"+OK\r\n+OK\r\n-LOADING not yet\r\n", False),
        (REDIS, SECRET, b"-WRONGPASS no\r\n-NOAUTH no\r\n-NOAUTH no\r\n", False),
        (REDIS, SECRET, b"+OK\r\n+OK\r\n", False),
    ],
)
def test_aServerIsWellThatAnswersAllOfIt(dialect, settings, said, well):
    """The greeting too: a server that refuses it would only fail again. It is decided once."""
    assert verdicts(dialect, settings, said) == [well]
