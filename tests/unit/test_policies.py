"""What becomes of the keys of a server that is out: errors at once, or another pool."""

from __future__ import annotations

import attrs
import pytest

from nuttwist.config import Listen, PoolConfig, ServerConfig
from nuttwist.service import ProxyService
from tests.unit.pools import ask, feed, heard, heardAll

REFUSED = b"SERVER_ERROR Connection refused\r\n"
OUT = b"SERVER_ERROR server two is out: Connection refused\r\n"


def config(machine, name, servers, **settings):
    """A pool of some of the machine's servers."""
    places = {each: machine.servers[each].address for each in servers}
    made = [ServerConfig(host=host, port=port, name=each) for each, (host, port) in places.items()]
    settings = {"server_failure_limit": 1, **settings}
    return PoolConfig(name=name, listen=Listen(host="127.0.0.1"), servers=made, **settings)


def start(machine, *pools):
    """Start a proxy, and give the distributors of its pools."""
    machine.proxy = ProxyService(pools, machine.network)
    machine.proxy.startService()
    machine.network.settle()
    return [machine.proxy.pools[each.name].distributor for each in pools]


def owned(distributor, name, number=0):
    """A key that the ring has on a server."""
    keys = (b"key%d" % each for each in range(10_000))
    mine = [key for key in keys if distributor.locate(key).config.name == name]
    return mine[number]


@pytest.fixture
def failing(machine):
    """A pool of two servers with on_failure: fail, of which one has just been ejected."""
    machine.serve("one", "two")
    (distributor,) = start(machine, config(machine, "pool", ["one", "two"], on_failure="fail"))
    machine.servers["two"].kill()
    client = machine.client()
    assert ask(client, b"get %s\r\n" % owned(distributor, "two")) == REFUSED
    return distributor, client


class TestFail:
    """C{on_failure: fail}."""

    def test_keysOfTheServerGetAnErrorThatNamesIt(self, machine, failing):
        """Nothing is connected any more, and the error says which server, and why."""
        distributor, client = failing
        before = distributor.counters.opened
        key = owned(distributor, "two")
        assert ask(client, b"get %s\r\n" % key) == OUT
        assert ask(client, b"set %s 0 0 1 noreply\r\nx\r\nget %s\r\n" % (key, key)) == OUT
        assert distributor.counters.opened == before
        assert distributor.counters.server_ejects == 1

    def test_otherKeysStayWhereTheyAre(self, machine, failing):
        """No key of a live server moves."""
        distributor, client = failing
        own = [owned(distributor, "one", number) for number in range(5)]
        for key in own:
            assert ask(client, b"set %s 0 0 1\r\nx\r\n" % key) == b"STORED\r\n"
        assert all(distributor.locate(key).config.name == "one" for key in own)

    def test_aRequestForBothIsOneError(self, machine, failing):
        """A multi-key get that needs the server gets one error line."""
        distributor, client = failing
        keys = owned(distributor, "one"), owned(distributor, "two")
        assert ask(client, b"get %s %s\r\n" % keys) == OUT

    def test_itComesBack(self, machine, failing):
        """A server that is found well has its keys again."""
        distributor, client = failing
        key = owned(distributor, "two")
        machine.servers["two"].start()
        machine.network.elapse(30)
        assert ask(client, b"get %s\r\n" % key) == b"END\r\n"

    def test_everybodyMayBeOut(self, machine, failing):
        """Each key's error names the server of its own."""
        distributor, client = failing
        machine.servers["one"].kill()
        key = owned(distributor, "one")
        ask(client, b"get %s\r\n" % key)
        assert ask(client, b"get %s\r\n" % key) == OUT.replace(b"two", b"one")
        assert ask(client, b"get %s\r\n" % owned(distributor, "two")) == OUT

    def test_byHandItIsTheSame(self, machine, failing):
        """Keys of a server that a person has ejected get an error that says so."""
        distributor, client = failing
        distributor.eject("one")
        error = b"SERVER_ERROR server one is out: ejected by hand\r\n"
        assert ask(client, b"get %s\r\n" % owned(distributor, "one")) == error


@pytest.fixture
def backed(machine):
    """A pool of two servers with a backup pool of two others."""
    machine.serve("one", "two", "b1", "b2")
    return start(
        machine,
        config(machine, "pool", ["one", "two"], on_failure="backup", backup="spare"),
        config(machine, "spare", ["b1", "b2"], auto_eject_hosts=True),
    )


def lose(machine, distributor, name="two"):
    """Have a server ejected, and give a key of it and a client."""
    key = owned(distributor, name)
    machine.servers[name].kill()
    client = machine.client()
    ask(client, b"get %s\r\n" % key)
    assert not distributor.ledger.isLive(name)
    return key, client


class TestBackup:
    """C{on_failure: backup}."""

    def test_keysGoWhereTheBackupHasThem(self, machine, backed):
        """The other pool's ring says which of its servers has a key."""
        distributor, spare = backed
        key, client = lose(machine, distributor)
        assert ask(client, b"set %s 0 0 1\r\nx\r\n" % key) == b"STORED\r\n"
        assert spare.locate(key).counters.requests == 1
        assert distributor.servers[1].counters.requests == 1

    def test_otherKeysStayWhereTheyAre(self, machine, backed):
        """Only keys of the server that is out go to the backup."""
        distributor, spare = backed
        _, client = lose(machine, distributor)
        assert ask(client, b"get %s\r\n" % owned(distributor, "one")) == b"END\r\n"
        assert [each.counters.requests for each in spare.servers] == [0, 0]

    def test_itComesBack(self, machine, backed):
        """When the server is well, its keys are its own again."""
        distributor, _ = backed
        key, client = lose(machine, distributor)
        ask(client, b"set %s 0 0 1\r\nx\r\n" % key)
        machine.servers["two"].start()
        machine.network.elapse(30)
        assert ask(client, b"get %s\r\n" % key) == b"END\r\n"

    def test_theBackupsServersComeAndGo(self, machine, backed):
        """Ways that are remembered are forgotten when a server of the backup goes or comes."""
        distributor, spare = backed
        key, client = lose(machine, distributor)
        ask(client, b"get %s\r\n" % key)
        name = spare.locate(key).config.name
        machine.servers[name].kill()
        assert ask(client, b"get %s\r\n" % key).startswith(b"SERVER_ERROR")
        assert ask(client, b"get %s\r\n" % key) == b"END\r\n"
        assert spare.locate(key).config.name != name
        machine.servers[name].start()
        spare.readmit(name)
        assert ask(client, b"set %s 0 0 1\r\nx\r\n" % key) == b"STORED\r\n"
        assert spare.locate(key).config.name == name
        assert spare.locate(key).counters.responses == 2

    def test_whenNeitherIsLiveItIsAnError(self, machine, backed):
        """With all of the backup out too, an error comes at once."""
        distributor, spare = backed
        key, client = lose(machine, distributor)
        spare.eject("b1")
        spare.eject("b2")
        assert ask(client, b"get %s\r\n" % key) == REFUSED

    def test_aBackupThatIsStoppedIsNone(self, machine, backed):
        """A pool without its backup fails the keys of who is out, and no connection is made."""
        distributor, spare = backed
        key, client = lose(machine, distributor)
        ask(client, b"get %s\r\n" % key)
        spare.stopService()
        assert ask(client, b"get %s\r\n" % key) == OUT
        spare.startService()
        assert ask(client, b"get %s\r\n" % key) == b"END\r\n"

    def test_anotherBackup(self, machine, backed):
        """A pool may be given another backup, or none."""
        distributor, spare = backed
        key, client = lose(machine, distributor)
        ask(client, b"get %s\r\n" % key)
        distributor.backUp(None)
        assert ask(client, b"get %s\r\n" % key) == OUT
        distributor.backUp(spare)
        assert ask(client, b"get %s\r\n" % key) == b"END\r\n"

    def test_aBackupThatIsCrowdedHoldsBack(self, machine, backed):
        """A client that feeds a slow server of the backup is held back, and goes on later."""
        distributor, spare = backed
        machine.network.wire.window = 65536
        key, client = lose(machine, distributor)
        slow = spare.locate(key)
        machine.servers[slow.config.name].stop()
        request = b"set %s 0 0 100000\r\n%s\r\n" % (key, b"v" * 100_000)
        feed(client, request * 100, slow.connections(0)[0])
        assert (spare.ways.crowded, distributor.ways.crowded) == (1, 1)
        distributor.backUp(None)
        assert distributor.ways.crowded == 0
        distributor.backUp(spare)
        assert distributor.ways.crowded == 1
        machine.servers[slow.config.name].cont()
        heardAll(client, b"STORED\r\n" * 100)
        assert (spare.ways.crowded, distributor.ways.crowded) == (0, 0)


def test_aGetOfManyKeysIsSplitOverTheBackup(machine):
    """With C{retries} nobody hears of the failure, though the other pool has a ring of its own."""
    machine.serve("one", "two", "b1", "b2")
    backed = {"on_failure": "backup", "backup": "spare", "retries": 1}
    distributor, spare = start(
        machine,
        config(machine, "pool", ["one", "two"], hash="md5", **backed),
        config(machine, "spare", ["b1", "b2"], hash="md5"),
    )
    machine.servers["two"].kill()
    client = machine.client()
    keys = [b"key%d" % number for number in range(60)]
    assert ask(client, b"get %s\r\n" % b" ".join(keys)) == b"END\r\n"
    assert [each.counters.requests for each in spare.servers] == [1, 1]
    counters = distributor.counters
    assert (counters.repeated, counters.fragments, counters.forward_error) == (1, 4, 0)


def test_aRandomBackupIsAskedForEachRequest(machine):
    """Ways by a backup that has no fixed ones are not remembered; its own are, until then."""
    machine.serve("one", "two", "b1", "b2")
    distributor, spare = start(
        machine,
        config(machine, "pool", ["one", "two"], on_failure="backup", backup="spare"),
        config(machine, "spare", ["b1", "b2"], distribution="random"),
    )
    assert distributor.ways.cacheable()
    key, client = lose(machine, distributor)
    assert not distributor.ways.cacheable()
    for _ in range(64):
        ask(client, b"get %s\r\n" % key)
    assert all(each.counters.requests for each in spare.servers)


@pytest.mark.parametrize("backs", [True, False])
def test_serversOfTwoPoolsAreTwo(machine, backs):
    """A redis command with keys on servers of one place in two pools is refused, not misled."""
    machine.serve("one", "two", "b1", "b2", type="fake", proto="redis", mode="ident")
    backup = {"on_failure": "backup", "backup": "spare"} if backs else {"on_failure": "fail"}
    distributor, spare = start(
        machine,
        config(machine, "pool", ["one", "two"], redis=True, **backup),
        config(machine, "spare", ["b1", "b2"], redis=True),
    )
    distributor.eject("two")
    client = machine.client()
    own = owned(distributor, "one")
    others = (owned(distributor, "two", number) for number in range(1000))
    gone = next(key for key in others if spare.locate(key).index == 0)
    words = b"*3\r\n$6\r\nSINTER\r\n" + b"".join(
        b"$%d\r\n%s\r\n" % (len(k), k) for k in (own, gone)
    )
    assert ask(client, words).startswith(b"-CROSSSLOT")


def test_aRemovedBackupThatRepeatsDoesNotGoOnForEver(machine):
    """What its servers have not answered when its time is over fails, and nothing is left of it."""
    machine.serve("one")
    machine.serve("silent", type="fake", mode="hang")
    front = config(machine, "pool", ["one"], on_failure="backup", backup="spare")
    spare = config(machine, "spare", ["silent"], retries=3, drain_timeout=5000)
    distributor, _ = start(machine, front, spare)
    distributor.eject("one")
    client = machine.client()
    client.send(b"get k\r\n")
    machine.network.settle()
    machine.proxy.reconfigure([attrs.evolve(front, on_failure="fail", backup=None)])
    machine.network.elapse(4.9)
    assert heard(client) == b""
    machine.network.elapse(0.2)
    assert heard(client) == b"SERVER_ERROR Software caused connection abort\r\n"
    assert machine.network.calls == []
