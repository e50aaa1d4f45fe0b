"""Pools that listen on Twisted's endpoint strings."""

from __future__ import annotations

import socket
import stat

from twisted.internet.endpoints import _SystemdParser
from twisted.internet.error import CannotListenError
from twisted.internet.ssl import Certificate, optionsForClientTLS
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.systemd import ListenFDs

from nuttwist.config import Listen, SettingError
from tests.rig.authority import Authority

from .case import PlainReactor, ProxyCase
from .servers import LOOPBACK
from .talking import TalkerFactory

SET = b"set k 0 0 1\r\nx\r\n", b"STORED\r\n"
BIG = b"v" * 500_000


class Endpoints:
    """Endpoints of every kind."""

    def at(self, endpoint):
        """Start a pool that listens there."""
        return self.pool(self.demo(), listen=Listen(endpoint=endpoint))

    def encrypted(self, *more):
        """The endpoint of a pool with a certificate, and the authority that signed that."""
        authority = Authority(self.directory())
        certificate, key = authority.sign("pool.example")
        files = f"privateKey={key}:certKey={certificate}"
        return ":".join([f"ssl:0:interface={LOOPBACK}", files, *more]), authority

    async def tlsClient(self, pool, authority):
        """Connect with TLS, and check the certificate."""
        trust = Certificate.loadPEM(authority.path.read_bytes())
        factory = TalkerFactory()
        options = optionsForClientTLS("pool.example", trust)
        secured = TLSMemoryBIOFactory(options, True, factory)
        secured.clientConnectionFailed = factory.clientConnectionFailed
        self.reactor.connectTCP(LOOPBACK, pool.address().port, secured)
        made = await factory.made
        self._clients.append(made)
        return made

    async def test_tcp(self):
        """tcp: and tcp6: are host and port."""
        for endpoint in (f"tcp:0:interface={LOOPBACK}:backlog=5", r"tcp6:0:interface=\:\:1"):
            await (await self.client(self.at(endpoint))).answers(*SET)

    async def test_unix(self):
        """unix: has its permissions, and what a dead process left is in nobody's way."""
        path = self.directory() / "pool"
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
        pool = self.at(f"unix:{path}:mode=600:lockfile=0")
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        await (await self.client(pool)).answers(*SET)

    async def test_ssl(self):
        """ssl: serves clients that speak TLS, large values and several at once too."""
        endpoint, authority = self.encrypted()
        pool = self.at(endpoint)
        first, second = [await self.tlsClient(pool, authority) for _ in range(2)]
        await first.answers(b"set b 0 0 %d\r\n%b\r\n" % (len(BIG), BIG), b"STORED\r\n")
        await second.answers(
            b"get b\r\n" * 3, b"VALUE b 0 %d\r\n%b\r\nEND\r\n" % (len(BIG), BIG) * 3
        )
        await first.answers(b"quit\r\n", b"")
        self.assertEqual(await first.untilLost(), b"")
        await second.answers(*SET)

    async def test_whatIsNoTLSIsClosed(self):
        """A client that speaks plainly to ssl: is disconnected, and others are served."""
        endpoint, authority = self.encrypted()
        pool = self.at(endpoint)
        plain = await self.client(pool)
        plain.send(b"get k\r\n")
        self.assertNotIn(b"END", await plain.untilLost())
        await (await self.tlsClient(pool, authority)).answers(*SET)

    async def test_aServiceStartsAgain(self):
        """An encrypted pool that was stopped can be started again."""
        endpoint, authority = self.encrypted()
        pool = self.at(endpoint)
        await pool.parent.stopService()
        pool.parent.startService()
        await (await self.tlsClient(pool, authority)).answers(*SET)

    def test_aTakenPortStopsTheStart(self):
        """A port that somebody has is an error of the start, whatever the kind of endpoint."""
        endpoint, _ = self.encrypted()
        with socket.create_server((LOOPBACK, 0)) as taken:
            number = taken.getsockname()[1]
            for each in (endpoint, f"tcp:0:interface={LOOPBACK}"):
                listen = Listen(endpoint=each.replace(":0:", f":{number}:"))
                proxy = self.unstarted(self.configure(self.demo(), listen=listen))
                self.assertRaises(CannotListenError, proxy.startService)


class BatchedEndpointTests(Endpoints, ProxyCase):
    """On the turn batcher, which can take sockets that others have bound."""

    async def test_systemd(self):
        """systemd: takes a socket that was passed, by number or name, and again after a stop."""
        for which in ("index=0", "name=front"):
            with socket.create_server((LOOPBACK, 0)) as passed:
                pool = self.passed(passed, which)
                await (await self.client(pool)).answers(*SET)
                await pool.parent.stopService()
                pool.parent.startService()
                await (await self.client(pool)).answers(*SET)
                await pool.parent.stopService()

    def passed(self, listening, which):
        """Start a pool as if this socket had been passed to the process."""
        self.patch(_SystemdParser, "_sddaemon", ListenFDs([listening.fileno()], ["front"]))
        return self.at(f"systemd:domain=INET:{which}")

    def test_aSocketThatWasNotPassed(self):
        """What nobody passed is a mistake in one line that says what was passed."""
        listen = Listen(endpoint="systemd:domain=INET:index=0")
        error = self.assertRaises(
            SettingError, self.unstarted, self.configure(self.demo(), listen=listen)
        )
        self.assertIn("saw 'systemd:domain=INET:index=0', allowed: a socket that", str(error))


class PlainEndpointTests(Endpoints, ProxyCase):
    """On the reactor as it is."""

    reactorOfProxy = PlainReactor
