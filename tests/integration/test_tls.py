"""Servers over TLS, and what a proxy makes of those that are not who they should be."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.ssl import Certificate, PrivateCertificate
from twisted.logger import globalLogPublisher

from tests.rig.authority import Authority

from .case import PlainReactor, ProxyCase, descriptors
from .servers import LOOPBACK, KeptFactory, Peer

SET = b"set k 0 0 1\r\nx\r\n", b"STORED\r\n"
GET = b"get k\r\n"
PROTOCOL_ERROR = b"SERVER_ERROR Protocol error\r\n"
BIG = b"v" * 500_000


class TLSPeer(Peer):
    """A server that speaks TLS."""

    def __init__(self, reactor, factory, certificate, key, client=None):
        self.secure(certificate, key, client)
        Peer.__init__(self, reactor, factory, "one")

    def secure(self, certificate, key, client=None):
        """Have this certificate from now on, and want clients to have one of that authority."""
        pem = certificate.read_bytes() + key.read_bytes()
        own = PrivateCertificate.loadPEM(pem)
        self._options = own.options(*([client] if client else []))

    def start(self):
        self._port = self._reactor.listenSSL(
            self._number, self.factory, self._options, interface=LOOPBACK
        )
        self._number = self._port.getHost().port


class EncryptedServers:
    """Servers with certificates of all kinds."""

    def tlsServer(self, *names, client=False, factory=None):
        """Start a server whose certificate has these names."""
        self.authority = Authority(self.directory())
        its = Certificate.loadPEM(self.authority.path.read_bytes()) if client else None
        made = factory or KeptFactory()
        return self._kept(TLSPeer(self.reactor, made, *self.authority.sign(*names), client=its))

    def secured(self, server, **settings):
        """Start a pool of this server that trusts its authority."""
        return self.pool(server, tls=True, tls_ca=str(self.authority.path), **settings)

    def heard(self):
        """What is logged from now on."""
        texts = []

        def observe(event):
            if event.get("log_namespace", "").startswith("nuttwist"):
                texts.append(event["log_format"].format(**event))

        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)
        return texts

    async def test_theAddressOfAServerIsInItsCertificate(self):
        """A server by address is checked by address, and large values pass."""
        pool = self.secured(self.tlsServer(LOOPBACK))
        client = await self.client(pool)
        await client.answers(b"set b 0 0 %d\r\n%b\r\n" % (len(BIG), BIG), b"STORED\r\n")
        await client.answers(b"get b\r\n", b"VALUE b 0 %d\r\n%b\r\nEND\r\n" % (len(BIG), BIG))
        self.assertEqual(pool.distributor.servers[0].counters.server_connections, 1)

    async def test_theNameOfAServerIsInItsCertificate(self):
        """tls_name has precedence over the host."""
        client = await self.client(self.secured(self.tlsServer("a.example"), tls_name="a.example"))
        await client.answers(*SET)

    async def test_anotherNameIsAFailedServer(self):
        """A certificate for somebody else: an error, a count and a line that says so."""
        texts = self.heard()
        pool = self.secured(self.tlsServer("b.example"), tls_name="a.example")
        await (await self.client(pool)).answers(GET, PROTOCOL_ERROR)
        counters = pool.distributor.servers[0].counters
        self.assertEqual((counters.server_err, counters.server_connections), (1, 0))
        self.assertIn("TLS: its certificate is not for a.example", "".join(texts))

    async def test_anotherAddressIsAFailedServer(self):
        """A certificate for another address is refused as well."""
        client = await self.client(self.secured(self.tlsServer("127.0.0.2")))
        await client.answers(GET, PROTOCOL_ERROR)

    async def test_anotherAuthorityIsAFailedServer(self):
        """A certificate that somebody else has signed is refused."""
        texts = self.heard()
        server = self.tlsServer(LOOPBACK)
        self.authority = Authority(self.directory(), "another")
        await (await self.client(self.secured(server))).answers(GET, PROTOCOL_ERROR)
        self.assertIn("TLS: certificate verify failed", "".join(texts))

    async def test_aPoolThatGoesLeavesNothing(self):
        """A pool with several connections over TLS is removed in good order."""
        texts = self.heard()
        pool = self.secured(self.tlsServer(LOOPBACK), server_connections=2, drain_timeout=60_000)
        proxy = pool.parent
        client = await self.client(pool)
        await client.answers(b"get a\r\nget b\r\nget c\r\nget d\r\n", b"END\r\n" * 4)
        self.assertEqual(pool.distributor.servers[0].counters.server_connections, 2)
        await proxy.reconfigure([self.configure(self.demo("two"), name="other")])
        while not any("stopped" in each or "did not end" in each for each in texts):
            await self.turn()
        self.assertEqual(pool.distributor.servers[0].counters.server_connections, 0)
        self.assertFalse([each for each in texts if "did not end" in each])

    async def test_aServerThatSpeaksPlainly(self):
        """What a server without TLS says is no handshake."""
        self.authority = Authority(self.directory())
        await (await self.client(self.secured(self.demo()))).answers(GET, PROTOCOL_ERROR)

    async def test_anEncryptedServerInAPlainPool(self):
        """Without tls: true the server's words are no reply."""
        client = await self.client(self.pool(self.tlsServer(LOOPBACK), timeout=1000))
        self.assertIn(b"SERVER_ERROR", await client.ask(GET, 13))

    async def test_aServerThatIsSilentInTheHandshake(self):
        """The time for a connection is over all of it."""
        self.authority = Authority(self.directory())
        client = await self.client(self.secured(self.scripted(), timeout=200))
        await client.answers(GET, b"SERVER_ERROR Connection timed out\r\n")

    async def test_aServerThatClosesInTheHandshake(self):
        """It is as one that resets the connection."""
        self.authority = Authority(self.directory())
        server = self.scripted(lambda connection: connection.transport.loseConnection())
        client = await self.client(self.secured(server))
        await client.answers(GET, b"SERVER_ERROR Connection reset by peer\r\n")

    async def test_aProxyThatShowsItsCertificate(self):
        """A server that wants a certificate gets it."""
        server = self.tlsServer(LOOPBACK, client=True)
        certificate, key = self.authority.sign("proxy", file="proxy")
        pool = self.secured(server, tls_certificate=str(certificate), tls_key=str(key))
        await (await self.client(pool)).answers(*SET)

    async def test_aProxyWithoutTheCertificateThatIsWanted(self):
        """A server that wants a certificate and gets none fails."""
        client = await self.client(self.secured(self.tlsServer(LOOPBACK, client=True)))
        await client.answers(GET, PROTOCOL_ERROR)

    async def test_aServerThatGetsARightCertificate(self):
        """A probe checks the certificate too: the server is back when that is right."""
        server = self.tlsServer("b.example")
        pool = self.secured(
            server,
            tls_name="a.example",
            auto_eject_hosts=True,
            server_failure_limit=1,
            server_retry_timeout=20,
        )
        client = await self.client(pool)
        await client.answers(GET, PROTOCOL_ERROR)
        await client.answers(GET, b"SERVER_ERROR Connection refused\r\n")
        await server.stop()
        server.secure(*self.authority.sign("a.example"))
        server.start()
        while pool.distributor.locate(b"k") is None:
            await self.turn()
        await client.answers(*SET)

    async def test_aStopInTheHandshake(self):
        """A proxy that is stopped gives up what it has begun."""
        connected = Deferred()
        server = self.scripted(connected=lambda _: connected.callback(None))
        self.authority = Authority(self.directory())
        pool = self.secured(server)
        client = await self.client(pool)
        client.send(GET)
        await connected
        await pool.parent.stopService()
        self.assertEqual(await client.untilLost(), b"")

    async def test_afterAStopInTheHandshakeNoSocketIsLeft(self):
        """The connection is closed by the time that the proxy has stopped."""
        server = self.scripted()
        self.authority = Authority(self.directory())
        before = descriptors()
        pool = self.secured(server, preconnect=True)
        while not any(each.received for each in server.factory.kept):
            await self.turn()
        (accepted,) = server.factory.kept
        # It may not have heard of the end when the proxy has stopped.
        theirs = str(accepted.transport.fileno())
        await pool.parent.stopService()
        left = {number: what for number, what in descriptors().items() if number != theirs}
        self.assertEqual(left, before)


class BatchedTLSTests(EncryptedServers, ProxyCase):
    """On the turn batcher."""


class PlainTLSTests(EncryptedServers, ProxyCase):
    """On the reactor as it is."""

    reactorOfProxy = PlainReactor
