"""The HTTP side over TLS."""

from __future__ import annotations

from twisted.internet.ssl import Certificate, optionsForClientTLS
from twisted.protocols.tls import TLSMemoryBIOFactory

from nuttwist.http import site
from tests.rig.authority import Authority

from .httpcase import HttpCase
from .servers import LOOPBACK
from .talking import TalkerFactory

ASKED = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


class HttpOverTLSTests(HttpCase):
    """A real endpoint, with a certificate of its own."""

    async def setUp(self):
        await HttpCase.setUp(self)
        self.authority = Authority(self.directory())
        certificate, key = self.authority.sign(LOOPBACK)
        endpoint = f"ssl:0:privateKey={key}:certKey={certificate}"
        self.begin(self.configure(self.demo("one")), endpoint=endpoint)

    async def secured(self):
        """Connect with TLS."""
        trust = Certificate.loadPEM(self.authority.path.read_bytes())
        factory = TalkerFactory()
        wrapped = TLSMemoryBIOFactory(optionsForClientTLS(LOOPBACK, trust), True, factory)
        wrapped.clientConnectionFailed = factory.clientConnectionFailed
        self.reactor.connectTCP(LOOPBACK, self.http.address().port, wrapped)
        made = await factory.made
        self._clients.append(made)
        return made

    async def shownTo(self, client):
        """Have a client ask; give the number of the certificate that it was shown."""
        client.send(ASKED)
        assert await client.line() == b"HTTP/1.1 200 OK\r\n"
        await client.until(lambda: b'{"status":' in client.received.replace(b" ", b""))
        client.received = b""
        shown = client.transport.getHandle().get_peer_certificate(as_cryptography=True)
        return shown.serial_number

    async def test_aRenewedCertificateIsShown(self):
        """Who comes next gets it, and who is connected is answered further."""
        client = await self.secured()
        before = await self.shownTo(client)
        self.authority.sign(LOOPBACK)
        self.http.entrance.renew(self.http.entrance.read())
        assert await self.shownTo(await self.secured()) != before
        assert await self.shownTo(client) == before

    async def test_oneTooManyIsClosed(self):
        """As without TLS; those that are served are not disturbed."""
        self.patch(site, "CONNECTIONS_MAX", 1)
        client = await self.secured()
        await self.shownTo(client)
        plain = await self.client(self.http)
        self.assertEqual(await plain.untilLost(), b"")
        await self.shownTo(client)
