"""What composing the proxy promises, in memory."""

from __future__ import annotations

import pytest
from twisted.application.service import IService
from zope.interface.verify import verifyObject

from nuttwist.config.file import ConfigError
from nuttwist.service import ProxyService
from tests.unit.pools import ask


def test_itIsAService(machine):
    """It can be attached to whatever takes services."""
    machine.serve("one")
    machine.start()
    assert verifyObject(IService, machine.proxy)


def test_stoppedTwiceOrNeverStarted(machine):
    """Stopping what does not run does no harm."""
    machine.serve("one")
    machine.start()
    machine.stop()
    machine.stop()
    machine.proxy.startService()
    assert ask(machine.client(), b"get a\r\n") == b"END\r\n"


def test_whereAPoolListens(machine):
    """Only a pool that was started has an address; the error says what to do."""
    machine.serve("one")
    pool = machine.start()
    assert pool.address().port > 0
    machine.stop()
    with pytest.raises(RuntimeError, match="'pool' is not listening: start it first"):
        pool.address()


def test_whoAsksForStatisticsReadsNoFile(machine, monkeypatch):
    """The version is known from the start: thousands of questions at once are no burden."""
    machine.serve("one")
    machine.start()
    monkeypatch.setattr("builtins.open", None)
    monkeypatch.setattr("pathlib.Path.read_text", None)
    assert b"STAT version " in ask(machine.client(), b"stats\r\n")


def test_aWrongFileIsRefused(machine, tmp_path):
    """The mistakes of a file come out before anything is opened."""
    machine.serve("one")
    machine.start()
    path = tmp_path / "nutcracker.yml"
    path.write_text("alpha:\n  listen: nonsense\n")
    before = len(machine.network.sockets())
    with pytest.raises(ConfigError, match=r"nutcracker.yml:2:\d+"):
        ProxyService.fromFile(str(path), machine.network)
    assert len(machine.network.sockets()) == before
