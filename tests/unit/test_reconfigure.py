"""A pool whose configuration changes while it runs."""

from __future__ import annotations

import attrs
import pytest

from nuttwist.config import ServerConfig
from nuttwist.net.watcher import State
from nuttwist.ring.ledger import Out
from nuttwist.terms import settingsOf
from tests.unit.pools import ask, feed, heard, heardAll

ABORTED = b"SERVER_ERROR Software caused connection abort\r\n"
SLOW = {"type": "fake", "replies": [{"data": "END\r\n", "delay_ms": 300}]}


def change(machine, pool, drain_timeout=5000, **settings):
    """Reconfigure a pool, and give the list that gets something when the old is gone."""
    distributor = pool.distributor
    config = attrs.evolve(distributor.config, drain_timeout=drain_timeout, **settings)
    done = []
    settings = settingsOf(config, distributor._wiring.dialect)
    distributor.reconfigure(config, settings).addCallback(done.append)
    machine.network.settle()
    return done


def line(machine, name, **changes):
    """The configuration of one of the machine's servers."""
    host, port = machine.servers[name].address
    return attrs.evolve(ServerConfig(host=host, port=port, name=name), **changes)


def serverOf(pool, name):
    """The server of a pool with this name."""
    return next(each for each in pool.distributor.servers if each.config.name == name)


def backendOf(pool, name):
    """The first connection of a server."""
    return serverOf(pool, name).connections(0)[0]


def test_keptServersKeepEverything(machine):
    """Weights, places and added servers leave the others' connections and counters alone."""
    machine.serve("two", "three")
    pool = machine.start()
    client = machine.client()
    for name in ("two", "three"):
        ask(client, b"get %s\r\n" % machine.key(name))
    before = {name: (serverOf(pool, name), backendOf(pool, name)) for name in machine.servers}
    pool.distributor.eject("two")
    machine.serve("a")
    lines = [line(machine, "a"), line(machine, "two", weight=3), line(machine, "three")]
    assert change(machine, pool, servers=lines)
    for name, (server, backend) in before.items():
        assert serverOf(pool, name) is server
        assert backendOf(pool, name) is backend
        assert backend.state is State.CONNECTED
        assert server.counters.requests == 1
        assert pool.distributor.servers[server.index] is server
        assert backend.pipeline.rank == server.index
    assert serverOf(pool, "two").config.weight == 3
    assert not pool.distributor.ledger.isLive("two")
    assert ask(client, b"get %s\r\n" % machine.key("a")) == b"END\r\n"
    assert serverOf(pool, "a").counters.requests == 1


def test_aRemovedServerFinishesItsRequests(machine):
    """What is in flight is answered, and only then the connection is closed."""
    machine.serve("one", "two", **SLOW)
    pool = machine.start()
    key, old = machine.key("two"), backendOf(machine.proxy.pools["pool"], "two")
    client, other = machine.client(), machine.client()
    client.send(b"get %s\r\n" % key)
    machine.network.settle()
    done = change(machine, pool, servers=[line(machine, "one")])
    assert not done
    other.send(b"get %s\r\n" % key)
    assert heard(client, 0.3) == b"END\r\n"
    machine.network.settle()
    assert done
    assert old.state is State.IDLE
    assert old.pipeline.counters.server_eof == old.pipeline.counters.server_connections == 0
    assert heard(other, 0.3) == b"END\r\n"
    assert machine.servers["one"].script.received == [b"get %s\r\n" % key]


def test_requestsThatAreNotWrittenYetAreFinishedToo(machine):
    """A connection that is still being made for a request is made, used, and closed."""
    machine.serve("one", "two")
    pool = machine.start()
    key = machine.key("two")
    client = machine.client()
    client._write(b"get %s\r\n" % key)
    while not backendOf(pool, "two").pipeline.inQueue:
        machine.network.pump()
    old = backendOf(pool, "two")
    done = change(machine, pool, servers=[line(machine, "one")])
    assert heard(client) == b"END\r\n"
    assert done
    assert old.state is State.IDLE


def test_idleConnectionsCloseAtOnce(machine):
    """A removed server that owes nothing is gone in a moment, and is not missed."""
    machine.serve("one", "two")
    pool = machine.start(preconnect=True, auto_eject_hosts=True)
    machine.network.settle()
    assert change(machine, pool, servers=[line(machine, "one")])
    assert len(machine.servers["two"].process.sockets()) == 1


@pytest.mark.parametrize("setting", [{"server_connections": 3}, {"redis_db": 1}])
def test_whatConnectionsAreMadeFromMakesNewOnes(machine, setting):
    """All servers get other connections; the old ones finish, and nobody gets an error."""
    machine.serve("one", **SLOW)
    pool = machine.start()
    server = serverOf(pool, "one")
    client, other = machine.client(), machine.client()
    client.send(b"get a\r\n")
    machine.network.settle()
    (old,) = server.backends
    done = change(machine, pool, **setting)
    assert serverOf(pool, "one") is server
    assert old not in server.backends
    assert len(server.backends) == setting.get("server_connections", 1)
    other.send(b"get b\r\n")
    assert heard(client, 0.3) + heard(other, 0.3) == b"END\r\n" * 2
    machine.network.settle()
    assert done
    assert old.state is State.IDLE
    assert server.counters.requests == 2
    assert server.counters.server_connections == 1


def test_otherSettingsLeaveConnectionsAlone(machine):
    """Policies and hashes are not what connections are made from."""
    machine.serve("one")
    pool = machine.start(server_retry_timeout=1000)
    ask(machine.client(), b"get a\r\n")
    old = backendOf(pool, "one")
    settings = {"server_failure_limit": 7, "server_retry_timeout": 5000, "hash": "md5"}
    assert change(machine, pool, **settings, on_failure="fail")
    assert backendOf(pool, "one") is old
    assert (pool.distributor.ledger.limit, pool.distributor.ledger.retryAfter) == (7, 5.0)


def test_whatTakesTooLongFails(machine):
    """When drain_timeout has passed, what is left on an old connection gets an error."""
    machine.serve("one", "two", type="fake", mode="hang")
    pool = machine.start()
    client = machine.client()
    client.send(b"get %s\r\n" % machine.key("two"))
    machine.network.settle()
    done = change(machine, pool, servers=[line(machine, "one")], drain_timeout=400)
    assert heard(client, 0.399) == b""
    assert heard(client, 0.001) == ABORTED
    assert done
    assert pool.distributor.ledger.failures("two") == 0


def test_whoDoesNotReadIsCutOff(machine):
    """What a removed server does not take within drain_timeout is not waited for."""
    machine.network.wire.window = 65536
    machine.serve("one", "two")
    pool = machine.start()
    key = machine.key("two")
    machine.servers["two"].stop()
    client = machine.client()
    request = b"set %s 0 0 100000 noreply\r\n%s\r\n" % (key, b"v" * 100_000)
    client.send(request * 10)
    for _ in range(40):
        heard(client)
    done = change(machine, pool, servers=[line(machine, "one")], drain_timeout=400)
    machine.network.elapse(0.3)
    assert not done
    machine.network.elapse(0.1)
    assert done


def test_whoIsHeldBackGoesOnElsewhere(machine):
    """A client that waits for room on an old connection finds the way to the new one."""
    machine.network.wire.window = 65536
    machine.serve("one", "two")
    pool = machine.start()
    key = machine.key("two")
    machine.servers["two"].stop()
    client = machine.client()
    old = backendOf(pool, "two")
    feed(client, b"set %s 0 0 100000\r\n%s\r\n" % (key, b"v" * 100_000) * 100, old)
    done = change(machine, pool, servers=[line(machine, "one")])
    assert not old.pipeline.heldBack
    assert pool.distributor.ways.crowded == 0
    machine.servers["two"].cont()
    heardAll(client, b"STORED\r\n" * 100)
    assert done
    assert serverOf(pool, "one").counters.requests > 0


def test_aRemovedServerIsForgotten(machine):
    """Its ejection ends with it, and one of its name at another address begins anew."""
    machine.serve("one", "two", "three")
    pool = machine.start(auto_eject_hosts=True)
    pool.distributor.learn("two", Out(30.0, "Connection refused"))
    moved = attrs.evolve(line(machine, "three"), name="two")
    assert change(machine, pool, servers=[line(machine, "one"), moved])
    assert pool.distributor.ledger.isLive("two")
    assert pool.distributor.standing.whys == {}
    assert machine.network.calls == []
    assert ask(machine.client(), b"get %s\r\n" % machine.key("two")) == b"END\r\n"
    assert len(machine.servers["three"].process.sockets()) == 2


def test_theFailuresOfARemovedServerAreNobodys(machine):
    """A server that breaks while it finishes is not ejected any more, nor is its successor."""
    machine.serve("one", "two", type="fake", mode="hang")
    pool = machine.start(auto_eject_hosts=True, server_failure_limit=1)
    client = machine.client()
    client.send(b"get %s\r\n" % machine.key("two"))
    machine.network.settle()
    done = change(machine, pool, servers=[line(machine, "one")])
    machine.servers["two"].kill()
    assert heard(client).startswith(b"SERVER_ERROR")
    assert done
    assert pool.distributor.standing.whys == {}
    assert pool.distributor.counters.server_ejects == 0


def test_theAnswersOfARemovedServerAreNobodys(machine):
    """They do not forgive the failures of one of its name."""
    machine.serve("one", "two", **SLOW)
    pool = machine.start(auto_eject_hosts=True, server_failure_limit=3)
    client = machine.client()
    client.send(b"get %s\r\n" % machine.key("two"))
    machine.network.settle()
    moved = attrs.evolve(line(machine, "one"), name="two")
    change(machine, pool, servers=[moved])
    serverOf(pool, "two").troubled()
    assert heard(client, 0.3) == b"END\r\n"
    assert pool.distributor.ledger.failures("two") == 1


def test_addedServersAreConnectedWithPreconnect(machine):
    """With preconnect a server is connected to before it is needed."""
    machine.serve("one")
    pool = machine.start(preconnect=True)
    machine.serve("two")
    change(machine, pool, servers=[line(machine, "one"), line(machine, "two")])
    assert backendOf(pool, "two").state is State.CONNECTED
    before = backendOf(pool, "one")
    change(machine, pool, server_connections=2)
    assert backendOf(pool, "one") is not before
    assert backendOf(pool, "one").state is State.CONNECTED


def test_stoppedWhileOldConnectionsFinish(machine):
    """Stopping the pool does not wait for them."""
    machine.serve("one", type="fake", mode="hang")
    pool = machine.start()
    client = machine.client()
    client.send(b"get a\r\n")
    machine.network.settle()
    done = change(machine, pool, redis_db=1)
    assert not done
    pool.distributor.stopService()
    assert heard(client) == ABORTED
    assert done
    assert machine.network.calls == []
    pool.distributor.startService()


def test_aPoolThatDoesNotRunFollowsToo(machine):
    """The change is there when it is started."""
    machine.serve("one", "two")
    pool = machine.start()
    pool.distributor.stopService()
    assert change(machine, pool, servers=[line(machine, "one")], timeout=77)
    pool.distributor.startService()
    assert ask(machine.client(), b"get a\r\n") == b"END\r\n"


def test_theOtherKindOfPoolIsRefused(machine):
    """A memcached pool cannot become a redis pool, and nothing has changed then."""
    machine.serve("one")
    pool = machine.start()
    with pytest.raises(ValueError, match="cannot change redis to True"):
        change(machine, pool, redis=True)
    assert ask(machine.client(), b"get a\r\n") == b"END\r\n"
