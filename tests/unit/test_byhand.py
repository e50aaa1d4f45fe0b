"""Servers that a person takes out and lets in, on a clock that only the tests move."""

from __future__ import annotations

import pytest

from tests.unit.pools import EJECTING, REFUSED, ask, feed, heard, heardAll


class TestByHand:
    """Servers that a person takes out and lets in."""

    def test_itIsOutUntilItIsLetIn(self, machine):
        """A server that is ejected by hand gets no keys, and is not asked."""
        machine.serve("one", "two")
        pool = machine.start()
        key = machine.key("two")
        pool.distributor.eject("two")
        before = pool.distributor.counters.opened
        machine.network.elapse(3600)
        assert pool.distributor.locate(key).config.name == "one"
        assert pool.distributor.counters.opened == before
        assert pool.distributor.counters.server_ejects == 0
        pool.distributor.readmit("two")
        assert pool.distributor.locate(key).config.name == "two"

    def test_itAnswersWhatItHas(self, machine):
        """Requests in flight are answered by a server that is ejected by hand."""
        machine.serve("one", type="fake", replies=[{"data": "END\r\n", "delay_ms": 300}])
        pool = machine.start()
        client = machine.client()
        client.send(b"get a\r\n")
        heard(client)
        pool.distributor.eject("one")
        assert ask(machine.client(), b"get a\r\n") == REFUSED
        assert heard(client, 0.3) == b"END\r\n"

    def test_itIsAskedWhenItsTimeIsOver(self, machine):
        """Ejected for a time, a server comes back if it is well, and is out as others if not."""
        machine.serve("one", "two")
        pool = machine.start()
        pool.distributor.ledger.random = lambda: 0.0
        machine.servers["two"].kill()
        pool.distributor.eject("one", 60.0)
        pool.distributor.eject("two", 60.0)
        machine.network.elapse(60)
        assert list(pool.distributor.standing.whys) == ["two"]
        assert pool.distributor.ledger.until("two") == 120.0

    def test_aQuestionInFlightDoesNotLetItIn(self, machine):
        """A person who ejects a server while it is asked is not overruled by the answer."""
        machine.serve("one", type="fake", replies=[{"data": "VERSION 1\r\n", "delay_ms": 100}])
        pool = machine.start(**EJECTING)
        pool.distributor.eject("one", 1.0)
        machine.network.elapse(1.05)
        pool.distributor.eject("one")
        machine.network.elapse(1)
        assert not pool.distributor.ledger.isLive("one")

    def test_whoIsHeldBackGoesOn(self, machine):
        """A client that waits for room at the server finds the way to another one."""
        machine.network.wire.window = 65536
        machine.serve("one", "two")
        pool = machine.start()
        key = machine.key("two")
        machine.servers["two"].stop()
        client = machine.client()
        request = b"set %s 0 0 100000\r\n%s\r\n" % (key, b"v" * 100_000)
        (backend,) = pool.distributor.locate(key).connections(0)
        feed(client, request * 100, backend)
        pool.distributor.eject("two")
        assert not backend.pipeline.heldBack
        machine.servers["two"].cont()
        heardAll(client, b"STORED\r\n" * 100)
        assert ask(client, b"get %s\r\n" % key).startswith(b"VALUE")

    @pytest.mark.parametrize(
        ("what", "message"),
        [
            (("three",), "pool pool has no server 'three', but one, two"),
            (("one", 0.0), "outFor must be more than 0 seconds or None, not 0.0"),
        ],
    )
    def test_aMistakeIsRefused(self, machine, what, message):
        """Unknown names and times that are none change nothing, and the error says what is."""
        machine.serve("one", "two")
        pool = machine.start()
        with pytest.raises(ValueError, match=f"^{message}$"):
            pool.distributor.eject(*what)
        with pytest.raises(ValueError, match="has no server 'three'"):
            pool.distributor.readmit("three")
        assert pool.distributor.standing.whys == {}
