"""Where pools listen and servers are: unix sockets, IPv6, ports that are taken."""

from __future__ import annotations

import os
import socket
import stat

from twisted.internet.error import CannotListenError

from nuttwist.config import Listen

from .case import PlainReactor, ProxyCase
from .servers import KeptFactory, Peer, UnixPeer

SET = b"set k 0 0 1\r\nx\r\n", b"STORED\r\n"


class Listeners:
    """Addresses of every kind."""

    async def test_unixSocketsOnBothSides(self):
        """A client on a path, a server on another; the path is gone after the stop."""
        place = self.directory()
        server = self._kept(UnixPeer(self.reactor, KeptFactory(), "one", str(place / "server")))
        pool = self.pool(server, listen=Listen(path=str(place / "pool"), mode=0o600))
        client = await self.client(pool)
        await client.answers(*SET)
        await pool.parent.stopService()
        self.assertFalse((place / "pool").exists())

    async def test_aMissingServerSocket(self):
        """A server's path that is not there is an error with its own words."""
        place = self.directory()
        server = UnixPeer(self.reactor, KeptFactory(), "one", str(place / "server"))
        await server.stop()
        client = await self.client(self.pool(server))
        await client.answers(b"get k\r\n", b"SERVER_ERROR No such file or directory\r\n")

    async def test_permissionsAreExact(self):
        """The mode is the one asked for whatever the umask, and else the umask's."""
        place = self.directory()
        usual = os.umask(0o027)
        self.addCleanup(os.umask, usual)
        for mode, expected in ((0o600, 0o600), (0o666, 0o666), (0o777, 0o777), (None, 0o750)):
            path = place / f"pool{mode}"
            self.pool(self.demo(), listen=Listen(path=str(path), mode=mode))
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), expected)

    async def test_aStaleSocketIsRemoved(self):
        """What a dead process has left behind is in nobody's way."""
        path = self.directory() / "pool"
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
        pool = self.pool(self.demo(), listen=Listen(path=str(path)))
        await (await self.client(pool)).answers(*SET)

    def refused(self, path):
        """Fail unless a pool cannot be started there."""
        proxy = self.unstarted(self.configure(self.demo(), listen=Listen(path=str(path))))
        error = self.assertRaises(CannotListenError, proxy.startService)
        self.assertIn(str(path), str(error))

    async def test_aRegularFileStays(self):
        """A file in the way is an error, and is left as it is."""
        path = self.directory() / "pool"
        path.write_text("precious")
        self.refused(path)
        self.assertEqual(path.read_text(), "precious")

    async def test_anotherListenerStays(self):
        """A socket that somebody listens on is theirs."""
        path = self.directory() / "pool"
        pool = self.pool(self.demo(), listen=Listen(path=str(path)))
        self.refused(path)
        await (await self.client(pool)).answers(*SET)

    async def test_aDirectoryThatIsNotThere(self):
        """A path that cannot be bound is an error as any other."""
        self.refused(self.directory() / "missing" / "pool")

    async def test_aFailedStartLeavesTheUmask(self):
        """The process has the umask it had."""
        usual = os.umask(0o022)
        self.addCleanup(os.umask, usual)
        self.refused(self.directory() / "missing" / "pool")
        self.pool(self.demo(), listen=Listen(path=str(self.directory() / "pool"), mode=0o600))
        self.assertEqual(os.umask(0o022), 0o022)

    async def test_ipv6OnBothSides(self):
        """Pools listen and servers are reached on IPv6."""
        server = self._kept(Peer(self.reactor, KeptFactory(), "one", host="::1"))
        pool = self.pool(server, listen=Listen(host="::1"))
        await (await self.client(pool)).answers(*SET)

    async def test_clientsOverTheLimitAreTold(self):
        """client_connections clients are served; one more is told why not and let go."""
        pool = self.pool(self.demo(), client_connections=2)
        first, second = await self.client(pool), await self.client(pool)
        await first.answers(*SET)
        await second.answers(*SET)
        third = await self.client(pool)
        self.assertEqual(await third.untilLost(), b"ERROR Too many open connections\r\n")
        await first.answers(b"quit\r\n", b"")
        await first.untilLost()
        fourth = await self.client(pool)
        await fourth.answers(*SET)
        self.assertEqual(pool.distributor.counters.client_refused, 1)


class BatchedListenerTests(Listeners, ProxyCase):
    """On the turn batcher."""


class PlainListenerTests(Listeners, ProxyCase):
    """On the reactor as it is."""

    reactorOfProxy = PlainReactor
