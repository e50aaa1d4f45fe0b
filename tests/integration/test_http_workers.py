"""The HTTP side of several workers, and how it ends whatever counting does."""

from __future__ import annotations

import json
import os
import signal

from twisted.internet.defer import fail
from twisted.logger import capturedLogs

from nuttwist.http.service import HttpService
from nuttwist.http.settings import HttpSettings
from nuttwist.sampling import Sampling
from nuttwist.workers import crew as crews
from nuttwist.workers.counting import Counting
from nuttwist.workers.crew import WorkersService
from nuttwist.workers.source import CrewSource

from .httpcase import HttpCase
from .servers import LOOPBACK

SET = b"set k 0 0 1\r\nx\r\n", b"STORED\r\n"

PATHS = (
    "/readyz",
    "/metrics",
    "/api/v1/about",
    "/api/v1/pools",
    "/api/v1/pools/pool",
    "/api/v1/pools/pool/keys",
    "/api/v1/pools/pool/keys?by=misses",
    "/api/v1/pools/pool/slow",
    "/api/v1/pools/pool/ring",
    "/api/v1/pools/pool/locate?key=k",
    "/api/v1/series",
    "/api/v1/events",
)


class TestWorkers(HttpCase):
    """Two real workers behind an HTTP side of this process."""

    async def crew(self):
        """Start both, and wait until every worker serves."""
        config = self.configure(self.demo())
        made = WorkersService([config], self.reactor, 2, (LOOPBACK, 0), sampling=Sampling())
        self.addCleanup(made.stopService)
        self.http = HttpService(CrewSource(made, self.reactor), HttpSettings("tcp:0"), self.reactor)
        self.addCleanup(self.http.stopService)
        made.startService()
        self.http.startService()
        await self.ready(made)
        return made

    async def ready(self, crew):
        """Wait until every worker accepts clients."""
        while not all(each.worker is not None and each.worker.ready for each in crew.places):
            await self.turn()

    async def requests(self, crew, worker):
        """Have one worker answer requests: a hit, a miss and what fails."""
        pid = b"STAT pid %d\r\n" % worker.pid
        while True:
            client = await self.client(crew.listeners["pool"].port)
            client.send(b"stats\r\n")
            await client.until(lambda client=client: client.received.endswith(b"END\r\n"))
            if pid in client.received:
                break
        client.received = b""
        await client.answers(*SET)
        await client.answers(b"get k\r\n", b"VALUE k 0 1\r\nx\r\nEND\r\n")
        await client.answers(b"get none\r\n", b"END\r\n")

    async def test_everyPathIsAnsweredOnceThereWereRequests(self):
        """What both workers have seen is added up."""
        crew = await self.crew()
        for place in crew.places:
            await self.requests(crew, place.worker)
        for path in PATHS:
            self.assertEqual((await self.fetch(path))[0], 200, path)
        keys = json.loads((await self.fetch("/api/v1/pools/pool/keys"))[1])["keys"]
        self.assertGreaterEqual(sum(each["estimate"] for each in keys), 2)
        self.assertEqual(json.loads(await crew.document())["pool"]["one"]["requests"], 6)

    async def test_aStopAfterRequestsEnds(self):
        """Also after what ended workers have seen was added up, and another has taken a place."""
        crew = await self.crew()
        for place in crew.places:
            await self.requests(crew, place.worker)
        self.assertEqual((await self.fetch("/metrics"))[0], 200)
        first = crew.places[0]
        os.kill(first.worker.pid, signal.SIGTERM)
        while first.starts == 1:
            await self.turn()
        await self.ready(crew)
        self.assertEqual((await self.fetch("/metrics"))[0], 200)
        await crew.stopService()
        self.assertEqual([each.worker for each in crew.places], [None, None])

    async def test_aStopEndsWhateverCountingDoes(self):
        """What cannot be added up is an error in the log, and no worker is waited for over it."""
        crew = await self.crew()
        await self.requests(crew, crew.places[0].worker)

        def broken(*_):
            raise RuntimeError("no sum")

        self.patch(Counting, "ended", broken)
        with capturedLogs() as events:
            os.kill(crew.places[0].worker.pid, signal.SIGKILL)
            while crew.places[0].starts == 1:
                await self.turn()
            await self.ready(crew)
            await crew.stopService()
        self.assertEqual([each.worker for each in crew.places], [None, None])
        failed = [each for each in events if each.get("event") == "counting_failed"]
        self.assertEqual(len(failed), 3)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 3)

    async def test_aWorkerThatDoesNotAnswerHoldsUpNoStop(self):
        """It is asked for its counters in vain, told to end in vain, and then killed."""
        self.patch(crews, "GRACE", 0.1)
        self.patch(crews, "PATIENCE", 0.1)
        crew = await self.crew()
        os.kill(crew.places[0].worker.pid, signal.SIGSTOP)
        asked = [await self.open("/metrics"), await self.open("/readyz")]
        await crew.stopService()
        self.assertEqual([each.worker for each in crew.places], [None, None])
        for each, status in zip(asked, (b" 200 ", b" 503 "), strict=True):
            self.assertIn(status, (await each.untilLost()).partition(b"\r\n")[0])

    async def test_theLastMinutesGoOnAfterAFailure(self):
        """A second that could not be counted is missing, and logged once; the next is there."""
        crew = await self.crew()
        look, failures = crew.counting.look, [1, 2]

        def failing(pools):
            return fail(RuntimeError("no sum")) if failures and failures.pop() else look(pools)

        self.patch(crew.counting, "look", failing)
        with capturedLogs() as events:
            while failures:
                await self.turn()
            seen = len(self.http.history.series([])["times"])
            while len(self.http.history.series([])["times"]) == seen:
                await self.turn()
        failed = [each for each in events if each.get("event") == "counting_failed"]
        self.assertEqual(len(failed), 1)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
