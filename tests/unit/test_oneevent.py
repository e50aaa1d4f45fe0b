"""What takes several connections of a server at once is one failure."""

from __future__ import annotations

from nuttwist.net.troubles import DEADLINE
from tests.unit.pools import EJECTING, REFUSED, ask, heard


class TestOneEvent:
    """Several connections of a server that are lost together."""

    def start(self, machine, **settings):
        """A pool with four connections to one server, each with a request in flight."""
        machine.serve("one", type="fake", mode="hang")
        pool = machine.start(**{**EJECTING, "server_connections": 4, **settings})
        client = machine.client()
        keys = [b"key%d" % number for number in range(40)]
        client.send(b"".join(b"get %s\r\n" % key for key in keys))
        heard(client)
        (server,) = pool.distributor.servers
        assert all(each.pipeline.outQueue for each in server.backends)
        return pool, client, [next(self.on(server, keys, each)) for each in server.backends]

    def on(self, server, keys, backend):
        """Those of some keys that go by this connection."""
        return (key for key in keys if server.pipelineFor(key, 0) is backend.pipeline)

    def test_isOneFailure(self, machine):
        """A server that is killed has failed once, however many connections it had."""
        pool, client, _ = self.start(machine)
        machine.servers["one"].kill()
        assert heard(client).count(b"SERVER_ERROR") == 40
        assert pool.distributor.ledger.failures("one") == 1
        assert pool.distributor.counters.server_ejects == 0
        assert pool.distributor.servers[0].counters.server_eof == 4

    def test_theNextAttemptIsAnother(self, machine):
        """A connection that is begun after the event and fails is the second failure."""
        pool, client, keys = self.start(machine)
        machine.servers["one"].kill()
        heard(client)
        assert ask(client, b"get %s\r\n" % keys[0]) == REFUSED
        assert pool.distributor.counters.server_ejects == 1

    def test_attemptsAtOnceAreOneFailure(self, machine):
        """Connections that are tried together and refused together are one failure."""
        pool, client, keys = self.start(machine, server_failure_limit=3)
        machine.servers["one"].kill()
        heard(client)
        gets = b"".join(b"get %s\r\n" % key for key in keys)
        assert ask(client, gets) == REFUSED * 4
        assert pool.distributor.ledger.failures("one") == 2
        assert ask(client, gets) == REFUSED * 4
        assert pool.distributor.counters.server_ejects == 1

    def test_deadlinesOfOneSilenceAreOneFailure(self, machine):
        """A server that is silent on all connections has failed once when all have timed out."""
        pool, client, keys = self.start(machine, timeout=400)
        machine.network.elapse(0.2)
        client.send(b"get %s\r\n" % keys[0])
        machine.network.elapse(0.4)
        assert pool.distributor.servers[0].counters.server_timedout == 4
        assert pool.distributor.ledger.failures("one") == 1

    def test_aLookAtWhatWasIdleIsPartOfTheEvent(self, machine):
        """An idle connection is tried again at once; that it is refused says nothing new."""
        machine.serve("one")
        pool = machine.start(**{**EJECTING, "server_connections": 2})
        client = machine.client()
        keys = [b"key%d" % number for number in range(20)]
        gets = b"".join(b"get %s\r\n" % key for key in keys)
        assert ask(client, gets) == b"END\r\n" * 20
        machine.servers["one"].stop()
        client.send(b"get %s\r\n" % keys[0])
        machine.network.settle()
        machine.servers["one"].cont()
        machine.servers["one"].kill()
        assert heard(client).startswith(b"SERVER_ERROR")
        assert pool.distributor.ledger.failures("one") == 1
        assert pool.distributor.servers[0].counters.server_err == 2

    def test_aSuccessEndsTheEvent(self, machine):
        """What is lost after the server has answered is a failure of its own."""
        machine.serve("one")
        pool = machine.start(**{**EJECTING, "server_connections": 2, "server_failure_limit": 5})
        client = machine.client()
        keys = [b"key%d" % number for number in range(20)]
        gets = b"".join(b"get %s\r\n" % key for key in keys)
        ask(client, gets)
        first, second = pool.distributor.servers[0].backends
        for each in (first, second):
            machine.servers["one"].stop()
            client.send(gets)
            machine.network.settle()
            each.drop(DEADLINE)
            assert pool.distributor.ledger.failures("one") == 1
            machine.servers["one"].cont()
            heard(client)
            assert pool.distributor.ledger.failures("one") == 0
