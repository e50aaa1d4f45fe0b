"""Listeners that several accept from, and workers as a service among others."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import stat
from contextlib import closing

import attrs
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.logger import capturedLogs
from zope.interface.verify import verifyObject

from nuttwist.config import Listen
from nuttwist.distributor.standing import BY_HAND
from nuttwist.net.adopting import Inherited, adoptPort, never
from nuttwist.service import ProxyService
from nuttwist.workers.crew import WorkersService
from nuttwist.workers.messages import Ejected, Readmitted

from .case import ProxyCase, keyOf
from .servers import LOOPBACK, KeptFactory

SET = b"set k 0 0 1\r\nx\r\n", b"STORED\r\n"


class AdoptedListeners(ProxyCase):
    """A socket that is bound already, accepted from by a proxy of this process."""

    def bound(self, path=None):
        """A listening socket."""
        made = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        self.addCleanup(made.close)
        made.bind(str(path) if path else (LOOPBACK, 0))
        made.listen(50)
        made.setblocking(False)
        return made

    def adopter(self, listening, isAhead=never):
        """A proxy of one pool that accepts from it."""
        config = self.configure(self.demo())
        inherited = {"pool": Inherited(listening.fileno(), isAhead)}
        made = ProxyService([config], self.reactor, inherited=inherited)
        self.addCleanup(made.stopService)
        made.startService()
        return made.pools["pool"]

    async def test_servesWhereTheSocketIs(self):
        """The pool is where the socket was bound, whatever its configuration says."""
        listening = self.bound()
        pool = self.adopter(listening)
        self.assertEqual(pool.address().port, listening.getsockname()[1])
        await (await self.client(pool)).answers(*SET)

    async def test_withoutASocketNobodyIsLetIn(self):
        """A pool whose socket is lost runs all the same, and gets another one later."""
        listening = self.bound()
        config = self.configure(self.demo())
        made = self.proxy(config, inherited={"pool": Inherited(None)})
        pool = made.pools["pool"]
        self.assertRaises(RuntimeError, pool.address)
        changes = await made.reconfigure([config], {"pool": Inherited(listening.fileno())})
        self.assertFalse(changes)
        self.assertIs(made.pools["pool"], pool)
        await (await self.client(pool)).answers(*SET)

    async def test_anotherSocketForTheSamePool(self):
        """Who is connected stays so, and who comes is let in where the new socket is."""
        first, second = self.bound(), self.bound()
        pool = self.adopter(first)
        client = await self.client(pool)
        await pool.parent.reconfigure([pool.config], {"pool": Inherited(second.fileno())})
        self.assertEqual(pool.address().port, second.getsockname()[1])
        for each in (client, await self.client(pool)):
            await each.answers(*SET)

    async def test_theSocketStaysOpen(self):
        """Who stops accepting leaves the socket to the others, and may come back."""
        listening = self.bound()
        first, second = self.adopter(listening), self.adopter(listening)
        await first.parent.stopService()
        await (await self.client(second)).answers(*SET)
        await second.parent.stopService()
        first.parent.startService()
        await (await self.client(first)).answers(*SET)

    async def test_aPathStaysAsItIs(self):
        """A unix socket keeps its permissions, and its path when the pool stops."""
        path = self.directory() / "pool"
        listening = self.bound(path)
        path.chmod(0o640)
        pool = self.adopter(listening)
        await (await self.client(pool)).answers(*SET)
        await pool.parent.stopService()
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o640)
        pool.parent.startService()
        await (await self.client(pool)).answers(*SET)

    async def test_oneClientATurn(self):
        """Of a crowd that comes at once each turn takes one, so that others get some too."""
        listening = self.bound()
        pool = self.adopter(listening)
        place = listening.getsockname()
        crowd = [socket.create_connection(place) for _ in range(5)]
        self.addCleanup(lambda: [each.close() for each in crowd])
        seen = []
        while len(pool.frontend.clients) < 5:
            seen.append(len(pool.frontend.clients))
            await self.turn()
        self.assertEqual(sorted(set(seen)), [0, 1, 2, 3, 4])

    async def test_othersGoFirst(self):
        """Who is ahead leaves clients to the others, and takes those that they leave."""
        listening = self.bound()
        ahead = self.adopter(listening, lambda: True)
        await (await self.client(ahead)).answers(*SET)
        behind = self.adopter(listening)
        for _ in range(5):
            await (await self.client(ahead)).answers(*SET)
        self.assertEqual(len(ahead.frontend.clients) + len(behind.frontend.clients), 6)
        self.assertTrue(behind.frontend.clients)

    async def test_aSocketThatWasShutDownIsLeftAlone(self):
        """Who has bound it may shut it down while somebody is about to accept; that is no error."""
        listening, asked = self.bound(), []

        def isAhead():
            asked.append(listening.shutdown(socket.SHUT_RDWR))
            return True

        pool = self.adopter(listening, isAhead)
        client = socket.create_connection(listening.getsockname())
        self.addCleanup(client.close)
        while not asked or pool.listening.port._waiting is not None:
            await self.turn()
        self.assertEqual(len(asked), 1)
        self.assertFalse(pool.frontend.clients)

    async def test_theReactorItselfWillDo(self):
        """A port is adopted by any reactor with descriptors, on either kind of socket."""
        for path in (None, self.directory() / "pool"):
            factory = KeptFactory()
            port = adoptPort(self.reactor, Inherited(self.bound(path).fileno()), factory)
            self.assertTrue(verifyObject(IListeningPort, port))
            await (await self.client(port)).answers(*SET)
            await port.stopListening()
            for each in list(factory.kept):
                each.transport.abortConnection()


class Crews(ProxyCase):
    """Real workers of a service in this process."""

    def crew(self, *pools, stats=0):
        """Two workers, not yet started; stopped when the test ends."""
        made = WorkersService(pools, self.reactor, 2, (LOOPBACK, stats))
        self.addCleanup(made.stopService)
        return made

    async def test_startedAndStoppedAgain(self):
        """The service can be started and stopped again and again, and leaves nothing."""
        crew = self.crew(self.configure(self.demo()))
        for _ in range(2):
            crew.startService()
            client = await self.client(crew.listeners["pool"].port)
            await client.answers(*SET)
            await crew.stopService()
            await client.untilLost()

    async def test_manyPoolsKeepTheirListeners(self):
        """However many listeners there are, each pool accepts from its own."""
        server = self.demo()
        names = [f"pool{number}" for number in range(12)]
        place = self.directory()
        crew = self.crew(
            *(
                self.configure(server, name=name, listen=listen)
                for name in names
                for listen in [Listen(path=str(place / name)) if name[-1] in "147" else None]
            )
        )
        crew.startService()
        for name in names:
            client = await self.client(crew.listeners[name].port)
            client.send(b"stats\r\n")
            await client.until(lambda client=client: client.received.endswith(b"END\r\n"))
            self.assertIn(f"STAT pool {name}\r\n".encode(), client.received)

    async def test_stoppedBeforeItServes(self):
        """Workers that are still starting are no reason to wait."""
        crew = self.crew(self.configure(self.demo()))
        crew.startService()
        await crew.stopService()
        self.assertEqual([each.worker for each in crew.places], [None, None])

    async def ready(self, crew):
        """Wait until every worker accepts clients."""
        while not all(each.worker is not None and each.worker.ready for each in crew.places):
            await self.turn()

    async def clientOf(self, crew, place):
        """Connect until the worker of that place has accepted."""
        wanted = b"STAT pid %d\r\n" % place.worker.pid
        while True:
            client = await self.client(crew.listeners["pool"].port)
            client.send(b"stats\r\n")
            await client.until(lambda client=client: client.received.endswith(b"END\r\n"))
            told, client.received = client.received, b""
            if wanted in told:
                return client

    async def found(self, client, key):
        """The value of one byte that a client gets."""
        client.send(b"get %s\r\n" % key)
        head, value, end = [await client.line() for _ in range(3)]
        self.assertEqual((head, end), (b"VALUE %s 0 1\r\n" % key, b"END\r\n"))
        return value[:1]

    async def test_whatIsEjectedByHandIsOutForAll(self):
        """It is out in every worker, and in one that comes later, until it is let in by hand."""
        one, two = self.demo("one"), self.demo("two")
        config = self.configure(one, two)
        key = keyOf(self.unstarted(config).pools["pool"], "one")
        for server, value in ((one, b"1"), (two, b"2")):
            direct = await self.client(server)
            await direct.answers(b"set %s 0 0 1\r\n%s\r\n" % (key, value), b"STORED\r\n")
        crew = self.crew(config)
        crew.startService()
        await self.ready(crew)
        clients = [await self.clientOf(crew, each) for each in crew.places]
        self.assertEqual([await self.found(each, key) for each in clients], [b"1", b"1"])
        crew.heard(None, Ejected("pool", "one", None, BY_HAND, byHand=True))
        for client in clients:
            while await self.found(client, key) == b"1":
                pass
        first, (place, _) = clients[0], crew.places
        os.kill(place.worker.pid, signal.SIGKILL)
        await first.untilLost()
        while place.starts == 1:
            await self.turn()
        await self.ready(crew)
        clients[0] = await self.clientOf(crew, place)
        self.assertEqual([await self.found(each, key) for each in clients], [b"2", b"2"])
        self.assertEqual(json.loads(await crew.document())["pool"]["server_ejects"], 0)
        crew.heard(None, Readmitted("pool", "one", byHand=True))
        for client in clients:
            while await self.found(client, key) == b"2":
                pass

    async def test_aWorkerStartsAmidAChange(self):
        """One that begins while a listener makes room for another does without it."""
        config = self.configure(self.demo(), listen=Listen(host=LOOPBACK))
        crew = self.crew(config, attrs.evolve(config, name="other"))
        crew.startService()
        await self.ready(crew)
        await crew.listeners["pool"].close()
        for place in crew.places:
            place.worker.kill()
        while any(each.starts < 2 for each in crew.places):
            await self.turn()
        await self.ready(crew)
        await (await self.client(crew.listeners["other"].port)).answers(*SET)

    async def test_aWorkerThatCannotBeStartedIsTriedAgain(self):
        """Where the system has no process to give, it may have one later."""
        start, failures = self.reactor.spawnProcess, [OSError(errno.EAGAIN, "no"), None]

        def spawn(*args, **kw):
            failure = failures.pop() if failures else None
            if failure is not None:
                raise failure
            return start(*args, **kw)

        self.patch(self.reactor, "spawnProcess", spawn)
        crew = self.crew(self.configure(self.demo()))
        with capturedLogs() as events:
            crew.startService()
            await self.ready(crew)
        self.assertEqual([each.starts for each in crew.places], [1, 2])
        (told,) = [each for each in events if each.get("event") == "worker_ended"]
        self.assertEqual((told["worker"], told["reason"]), (1, "it cannot be started: no"))

    async def test_takenPortStartsNobody(self):
        """When one port is taken none is bound, and no worker started."""
        with closing(socket.create_server((LOOPBACK, 0))) as taken:
            place = Listen(host=LOOPBACK, port=taken.getsockname()[1])
            free, other = (
                self.configure(self.demo()),
                self.configure(self.demo(), name="other", listen=place),
            )
            crew = self.crew(free, other)
            self.assertRaises(CannotListenError, crew.startService)
        self.assertEqual([each.worker for each in crew.places], [None, None])
        await self.turn()
        self.assertEqual([each.port for each in crew.listeners.values()], [None, None])
