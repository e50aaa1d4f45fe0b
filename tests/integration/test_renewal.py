"""Files with certificates that are renewed, and clients that never finish a handshake."""

from __future__ import annotations

import attrs
from twisted.internet.ssl import Certificate, optionsForClientTLS
from twisted.logger import globalLogPublisher
from twisted.protocols.tls import TLSMemoryBIOFactory

from nuttwist.config import Listen, SettingError
from nuttwist.net import encryption
from tests.rig.authority import Authority

from .case import PlainReactor, ProxyCase
from .servers import LOOPBACK, KeptFactory
from .talking import TalkerFactory
from .test_tls import TLSPeer

SET = b"set k 0 0 1\r\nx\r\n", b"STORED\r\n"
GOT = b"get k\r\n", b"VALUE k 0 1\r\nx\r\nEND\r\n"
NAME = "pool.example"


class BatchedRenewalTests(ProxyCase):
    """Pools whose files change while they run, on the turn batcher."""

    async def setUp(self):
        await ProxyCase.setUp(self)
        self.authority = Authority(self.directory())

    def listening(self, **settings):
        """Start a pool to which clients speak TLS."""
        certificate, key = self.authority.sign(NAME, file="front")
        endpoint = f"ssl:0:interface={LOOPBACK}:privateKey={key}:certKey={certificate}"
        return self.pool(self.demo(), listen=Listen(endpoint=endpoint), **settings)

    async def tlsClient(self, pool):
        """Connect with TLS; the client and the number of the certificate that it was shown."""
        trust = Certificate.loadPEM(self.authority.path.read_bytes())
        factory = TalkerFactory()
        secured = TLSMemoryBIOFactory(optionsForClientTLS(NAME, trust), True, factory)
        secured.clientConnectionFailed = factory.clientConnectionFailed
        self.reactor.connectTCP(LOOPBACK, pool.address().port, secured)
        made = await factory.made
        self._clients.append(made)
        await made.answers(*SET)
        shown = made.transport.getHandle().get_peer_certificate(as_cryptography=True)
        return made, shown.serial_number

    async def test_aRenewedCertificateIsShownToNewClients(self):
        """It is told in one line; the port stays open, and who is connected stays so."""
        pool = self.listening()
        port = pool.listening.port
        client, before = await self.tlsClient(pool)
        self.authority.sign(NAME, file="front")
        changes = await pool.parent.reconfigure([pool.config])
        endpoint = pool.config.listen.endpoint
        self.assertEqual(changes.lines(), [f"pool pool: certificate of {endpoint} renewed"])
        _, after = await self.tlsClient(pool)
        self.assertNotEqual(before, after)
        await client.answers(*GOT)
        self.assertIs(pool.listening.port, port)

    async def test_aFileThatIsTheSameIsNoChange(self):
        """What is written again as it was makes no line, and touches nothing."""
        pool = self.listening()
        shown = pool.credentials.shown
        path = self.authority.path.with_name("front.key")
        path.write_bytes(path.read_bytes())
        self.assertFalse(await pool.parent.reconfigure([pool.config]))
        self.assertIs(pool.credentials.shown, shown)

    async def test_aHalfRenewedCertificateIsRefused(self):
        """A key without its certificate refuses all that was to change; the old one goes on."""
        pool = self.listening()
        _, before = await self.tlsClient(pool)
        certificate = self.authority.path.with_name("front.pem")
        old = certificate.read_bytes()
        self.authority.sign(NAME, file="front")
        certificate.write_bytes(old)
        config = attrs.evolve(pool.config, timeout=5000)
        error = await self.assertFailure(pool.parent.reconfigure([config]), SettingError)
        self.assertIn("pool 'pool': listen: saw 'ssl:0:", str(error))
        self.assertIn("front.key' to be the key of the certificate: it is another's", str(error))
        self.assertIsNone(pool.config.timeout)
        _, after = await self.tlsClient(pool)
        self.assertEqual(before, after)

    async def test_aPortThatIsTakenOverShowsTheRenewedCertificate(self):
        """Also when the listener changes with it."""
        pool = self.listening()
        _, before = await self.tlsClient(pool)
        self.authority.sign(NAME, file="front")
        changes = await pool.parent.reconfigure([attrs.evolve(pool.config, backlog=7)])
        self.assertEqual([line.split()[2] for line in changes.lines()], ["backlog", "certificate"])
        _, after = await self.tlsClient(pool)
        self.assertNotEqual(before, after)

    async def test_aPoolByItselfTakesItToo(self):
        """A pool that is reconfigured by itself reads its files again."""
        pool = self.listening()
        _, before = await self.tlsClient(pool)
        self.authority.sign(NAME, file="front")
        await pool.reconfigure(pool.config)
        _, after = await self.tlsClient(pool)
        self.assertNotEqual(before, after)

    # -- servers

    async def test_anAuthorityThatIsReplacedIsTrustedByNewConnections(self):
        """The connection that is made stays; the next is checked by what the file has by then."""
        factory = KeptFactory()
        server = self._kept(TLSPeer(self.reactor, factory, *self.authority.sign(LOOPBACK)))
        pool = self.pool(server, tls=True, tls_ca=str(self.authority.path))
        client = await self.client(pool)
        await client.answers(*SET)
        successor = Authority(self.directory())
        self.authority.path.write_bytes(successor.path.read_bytes())
        changes = await pool.parent.reconfigure([pool.config])
        self.assertEqual(changes.lines(), [f"pool pool: tls_ca {self.authority.path} renewed"])
        await client.answers(*GOT)
        self.assertEqual(pool.distributor.servers[0].counters.server_connections, 1)
        self.assertEqual(len(factory.kept), 1)
        await server.stop()
        server.secure(*successor.sign(LOOPBACK))
        server.start()
        await client.answers(*SET)

    async def test_aRenewedCertificateIsShownToServers(self):
        """A server that takes another one from now on gets it, on the next connection."""
        its = Certificate.loadPEM(self.authority.path.read_bytes())
        shown = TLSPeer(self.reactor, KeptFactory(), *self.authority.sign(LOOPBACK), client=its)
        server = self._kept(shown)
        certificate, key = self.authority.sign("proxy", file="proxy")
        pool = self.pool(
            server,
            tls=True,
            tls_ca=str(self.authority.path),
            tls_certificate=str(certificate),
            tls_key=str(key),
        )
        client = await self.client(pool)
        await client.answers(*SET)
        successor = Authority(self.directory())
        for mine, other in zip((certificate, key), successor.sign("proxy"), strict=True):
            mine.write_bytes(other.read_bytes())
        changes = await pool.parent.reconfigure([pool.config])
        self.assertEqual(
            changes.lines(),
            ["pool pool: tls_key renewed", f"pool pool: tls_certificate {certificate} renewed"],
        )
        await server.stop()
        wanted = Certificate.loadPEM(successor.path.read_bytes())
        server.secure(*self.authority.sign(LOOPBACK), client=wanted)
        server.start()
        await client.answers(*SET)

    # -- handshakes

    def closed(self, pool):
        """Why clients are closed from now on, as the log has it."""
        pool.parent.setVerbosity(7)
        reasons = []

        def observe(event):
            if event.get("event") == "client_closed":
                reasons.append(event["reason"])

        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)
        return reasons

    async def test_aClientThatSpeaksNoTLSIsToldOf(self):
        """The log says at verbosity 7 what was wrong with the handshake."""
        pool = self.listening()
        closed = self.closed(pool)
        client = await self.client(pool)
        client.send(b"get k\r\n")
        await client.untilLost()
        while not closed:
            await self.turn()
        self.assertIn("SSL routines", closed[0])
        self.assertEqual(pool.distributor.counters.client_err, 1)

    async def test_aClientThatNeverFinishesItsHandshakeIsClosed(self):
        """It is counted as an error; one that has finished stays, and no timer is left."""
        self.patch(encryption, "HANDSHAKE", 1.0)
        pool = self.listening(client_connections=2)
        closed = self.closed(pool)
        served, _ = await self.tlsClient(pool)
        silent = await self.client(pool)
        silent.send(b"\x16\x03\x01")
        refused = await self.client(pool)
        await silent.untilLost()
        await refused.untilLost()
        counters = pool.distributor.counters
        while counters.client_connections > 1:
            await self.turn()
        self.assertEqual((counters.client_err, counters.client_refused), (1, 1))
        self.assertEqual(closed, ["TLS: the handshake was not finished within 10 s"])
        await served.answers(*GOT)
        await pool.parent.stopService()
        self.assertEqual(self.delayedCalls(), [])


class PlainRenewalTests(BatchedRenewalTests):
    """On the reactor as it is."""

    reactorOfProxy = PlainReactor
