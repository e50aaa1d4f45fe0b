"""
Two rules under load while servers die and come back: every request gets exactly one reply, in
order, and no client sees another's bytes.
"""

from __future__ import annotations

import re
from random import Random

from twisted.internet.defer import Deferred, gatherResults

from .case import PlainReactor, ProxyCase

CLIENTS = 20
BATCHES = 15
DEPTH = 20

#: Any one reply to a set or a get of one or two keys.
REPLY = re.compile(
    rb"STORED\r\n|SERVER_ERROR [^\r]*\r\n|(?:VALUE [^ ]+ 0 \d+\r\n<[^>]*>\r\n)*END\r\n"
)
BLOCK = re.compile(rb"VALUE ([^ ]+) 0 \d+\r\n<([^>]*)>\r\n")


def valueOf(key, random):
    """A value that tells whose it is, of some length."""
    return b"<%s %s>" % (key, b"." * random.choice((0, 10, 1000, 20_000)))


class Customer:
    """
    One client: sends batches, and holds every reply against its request.

    @ivar errors: how many replies were errors.
    @ivar found: how many values have come back.
    """

    def __init__(self, test, talker, name):
        self.talker = talker
        self.errors = self.found = 0
        self._test = test
        self._name = name
        self._random = Random(name)

    def requests(self, batch):
        """One batch: each request with the keys whose values may come back."""
        for number in range(DEPTH):
            key = b"%s.%d.%d" % (self._name, batch, number)
            value = valueOf(key, self._random)
            yield b"set %s 0 0 %d\r\n%s\r\n" % (key, len(value), value), ()
            yield b"get %s\r\n" % key, (key,)
            earlier = b"%s.%d.%d" % (self._name, self._random.randrange(batch + 1), number)
            yield b"get %s %s\r\n" % (earlier, key), (earlier, key)

    async def work(self):
        """Send all batches."""
        for batch in range(BATCHES):
            requests = list(self.requests(batch))
            self.talker.send(b"".join(request for request, _ in requests))
            for request, keys in requests:
                self._check(request, keys, await self._reply())
            self._test.tick()

    async def _reply(self):
        talker = self.talker
        found = REPLY.match(talker.received)
        if found is None:
            await talker.until(lambda: REPLY.match(talker.received) or talker.lost)
            found = REPLY.match(talker.received)
        assert found is not None, talker.received[:200]
        talker.received = talker.received[found.end() :]
        return found[0]

    def _check(self, request, keys, reply):
        if reply.startswith(b"SERVER_ERROR"):
            self.errors += 1
        elif keys:
            blocks = BLOCK.findall(reply)
            self.found += len(blocks)
            shown = [key for key, _ in blocks]
            assert shown == [key for key in keys if key in shown], (request, reply[:200])
            assert all(value.split(b" ")[0] == key for key, value in blocks), (request, reply[:200])
        else:
            assert reply == b"STORED\r\n", (request, reply[:200])


class Load:
    """Many clients, servers that come and go."""

    async def start(self, **settings):
        self.peers = [self.demo(name) for name in ("one", "two", "three")]
        self.pool_ = self.pool(*self.peers, **settings)
        self.ticks = 0
        talkers = await gatherResults([self.connect(self.pool_) for _ in range(CLIENTS)])
        return [Customer(self, each, b"c%d" % number) for number, each in enumerate(talkers)]

    def tick(self):
        """A client has finished a batch: every so many, a server goes or comes back."""
        self.ticks += 1

    def work(self, customers):
        return gatherResults(
            [Deferred.fromCoroutine(each.work()) for each in customers], consumeErrors=True
        )

    async def test_withAllServersUp(self):
        """Without failures there is no error, and everything that was stored is found."""
        customers = await self.start()
        await self.work(customers)
        self.assertEqual(sum(each.errors for each in customers), 0)
        self.assertEqual(sum(each.found for each in customers), 3 * CLIENTS * BATCHES * DEPTH)
        self.assertEqual([each.talker.received for each in customers], [b""] * CLIENTS)

    async def test_withServersThatDie(self):
        """Servers are killed and come back all the time; the rules hold for every reply."""
        customers = await self.start(
            auto_eject_hosts=True,
            server_failure_limit=2,
            server_retry_timeout=20,
            server_connections=2,
            timeout=5000,
        )
        kills = []

        async def kill():
            victim = self.peers[len(kills) % 3]
            kills.append(victim)
            await victim.stop()
            victim.start()

        def tick():
            self.ticks += 1
            if self.ticks % 10 == 0:
                dying.append(Deferred.fromCoroutine(kill()))

        dying = []
        self.tick = tick
        await self.work(customers)
        await gatherResults(dying)
        self.assertEqual(len(kills), CLIENTS * BATCHES // 10)
        self.assertGreater(sum(each.errors for each in customers), 0)
        self.assertGreater(sum(each.found for each in customers), CLIENTS * BATCHES * DEPTH // 4)
        self.assertEqual([each.talker.received for each in customers], [b""] * CLIENTS)

    async def test_withClientsThatReset(self):
        """Clients reset in the middle of their pipelines; the others are not disturbed."""
        customers = await self.start()
        working = self.work(customers)
        for number in range(50):
            leaver = await self.client(self.pool_)
            leaver.send(b"get c%d.0.0 c%d.1.1\r\n" % (number, number) * 100)
            await self.turn()
            leaver.transport.abortConnection()
        await working
        self.assertEqual(sum(each.errors for each in customers), 0)
        self.assertEqual(sum(each.found for each in customers), 3 * CLIENTS * BATCHES * DEPTH)


class BatchedLoadTests(Load, ProxyCase):
    """On the turn batcher."""


class PlainLoadTests(Load, ProxyCase):
    """On the reactor as it is."""

    reactorOfProxy = PlainReactor
