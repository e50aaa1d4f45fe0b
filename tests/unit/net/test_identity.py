"""Servers that speak TLS, and whether they are who they should be."""

from __future__ import annotations

import datetime as dt
import ipaddress

import pytest
from cryptography import x509
from twisted.internet.address import IPv4Address
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.internet.task import Clock
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.test.iosim import FakeTransport, connect

from nuttwist.config import Listen, PoolConfig, ServerConfig
from nuttwist.config.credentials import certificateName, clientsSee, readCredentials
from nuttwist.net.handshake import securing
from nuttwist.net.identity import NONE
from nuttwist.net.troubles import InsecureError
from tests.rig.authority import Authority

NAME = "db.example"
ADDRESS = "127.0.0.1"
SECRET = b"AUTH secret\r\n"
DIRECTORY = x509.DirectoryName(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)]))
OTHER = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.5.5.7.8.7"), b"\x05\x00")

#: What a certificate may have that is for nobody, or for somebody else; and what is wanted.
STRANGERS = [
    ((), NAME),
    ((), ADDRESS),
    ((x509.RFC822Name("root@db.example"),), NAME),
    ((DIRECTORY,), NAME),
    ((OTHER,), NAME),
    ((x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),), NAME),
    ((x509.UniformResourceIdentifier("https://db.example:1/"),), NAME),
    ((x509.UniformResourceIdentifier("https://db.example"),), NAME),
    (("*",), NAME),
    (("*.example",), NAME),
    (("*.*.example",), NAME),
    (("d*.db.example",), "d1.db.example"),
    (("db.*",), NAME),
    (("*.db.example",), NAME),
    (("*.db.example",), "a.b.db.example"),
    (("12345",), NAME),
    (("127.0.0.1",), NAME),
    (("db.example.evil",), NAME),
    (("db.example\0.evil",), NAME),
    (("db",), NAME),
    ((x509.DNSName(ADDRESS),), ADDRESS),
    (("*.0.0.1", "*"), ADDRESS),
    (("127.0.0.2",), ADDRESS),
    ((x509.IPAddress(ipaddress.ip_address("::ffff:127.0.0.1")),), ADDRESS),
    ((x509.UniformResourceIdentifier("https://127.0.0.1"),), ADDRESS),
    ((NAME,), ADDRESS),
    ((ADDRESS,), NAME),
]

#: What a certificate may have that is for the one that is wanted, in whatever company.
FRIENDS = [
    ((NAME,), NAME),
    (("DB.Example",), NAME),
    (("*.db.example",), "a.db.example"),
    ((ADDRESS,), ADDRESS),
    ((ADDRESS,), "127.1"),
    (("::1",), "0:0::1"),
    (("*", NAME), NAME),
    (("12345", x509.UniformResourceIdentifier("https://db.example:1/"), OTHER, NAME), NAME),
    (("*", x509.RFC822Name("root@db.example"), ADDRESS), ADDRESS),
    (("xn--b-eha.example",), "b\u00fc.example"),
]


class Asking(Protocol):
    """What begins when the server is who it should be."""

    def connectionMade(self):
        self.transport.write(SECRET)


class Listening(Protocol):
    """The server."""

    heard = b""

    def dataReceived(self, data):
        self.heard += data


class Meeting:
    """
    A server with some certificate, and what becomes of a connection to it.

    @ivar refused: why it was, in words; L{None} if it was not.
    @ivar heard: what the server has heard.
    """

    def __init__(self, folder, wanted, signed, authority=None):
        self.clock = Clock()
        self.refused = None
        certificate, key = signed
        its = clientsSee(Listen(endpoint=f"ssl:1:privateKey={key}:certKey={certificate}")).shown
        factory = ServerFactory.forProtocol(Listening)
        server = TLSMemoryBIOFactory(its, False, factory, self.clock).buildProtocol(
            IPv4Address("TCP", ADDRESS, 1)
        )
        listening = server.wrappedProtocol
        trusted = (authority or Authority(folder)).path
        client = self.secured(wanted, str(trusted))(Asking, self._failed)
        ends = FakeTransport(server, True), client, FakeTransport(client, False)
        pump = connect(server, *ends, greet=False)
        pump.flush()
        self.clock.advance(0)
        pump.flush()
        self.heard = listening.heard

    def secured(self, wanted, trusted):
        """The way of connections to a server of that name."""
        pool = PoolConfig(
            name="p",
            listen=Listen(host="h", port=1),
            servers=(ServerConfig(host=wanted, port=1),),
            tls=True,
            tls_ca=trusted,
        )
        options = readCredentials([pool])["p"].towards
        return securing(lambda: options, certificateName(wanted), wanted, self.clock)

    def _failed(self, reason):
        assert isinstance(reason.value, InsecureError)
        self.refused = str(reason.value)


@pytest.fixture
def authority(tmp_path):
    """An authority with files in the folder of the test."""
    return Authority(tmp_path)


@pytest.mark.parametrize(("names", "wanted"), STRANGERS)
def test_aCertificateForNobodyIsRefused(tmp_path, authority, names, wanted):
    """A server that cannot show that it is the one hears nothing, and the log says why."""
    signed = authority.sign(*names, common=wanted)
    met = Meeting(tmp_path, wanted, signed, authority)
    assert met.heard == b""
    assert met.refused == f"its certificate is not for {wanted}"


@pytest.mark.parametrize(("names", "wanted"), FRIENDS)
def test_aCertificateForTheServerIsTaken(tmp_path, authority, names, wanted):
    """Names of other kinds beside its own mean nothing."""
    met = Meeting(tmp_path, wanted, authority.sign(*names), authority)
    assert (met.heard, met.refused) == (SECRET, None)


@pytest.mark.parametrize(("days", "why"), [(-9, "it has expired"), (9, "it is not valid yet")])
def test_aCertificateOutOfItsTimeIsRefused(tmp_path, authority, days, why):
    """Before and after it."""
    signed = authority.sign(NAME, later=dt.timedelta(days=days))
    met = Meeting(tmp_path, NAME, signed, authority)
    assert (met.heard, met.refused) == (b"", f"certificate verify failed: {why}")


def test_aCertificateOfAnotherAuthorityIsRefused(tmp_path, authority):
    """Whatever it is for."""
    met = Meeting(tmp_path, NAME, authority.sign(NAME), Authority(tmp_path, "another"))
    why = "an authority that is not trusted has signed it"
    assert (met.heard, met.refused) == (b"", f"certificate verify failed: {why}")


def test_aCertificateThatCannotBeReadIsRefused(tmp_path, authority, monkeypatch):
    """An exception while it is looked at is a refusal, and not a traceback."""

    def broken(_):
        raise ZeroDivisionError("odd")

    monkeypatch.setattr("nuttwist.net.identity.DNSPattern.from_bytes", broken)
    met = Meeting(tmp_path, NAME, authority.sign(NAME), authority)
    assert (met.heard, met.refused) == (b"", "its certificate cannot be read: odd")


def test_aConnectionOnWhichNothingWasLookedAtIsRefused(tmp_path, authority, monkeypatch):
    """The check counts because it was made, not because nothing was said against it."""

    def unchecked(self, _):
        return self._options.clientConnectionForTLS(_)

    monkeypatch.setattr("nuttwist.net.identity.Checked.clientConnectionForTLS", unchecked)
    met = Meeting(tmp_path, NAME, authority.sign(NAME), authority)
    assert (met.heard, met.refused) == (b"", NONE)


def test_whatOpenSSLHasNoWordsForIsTold(tmp_path, authority, monkeypatch):
    """A number that has no words here is in the log as a number."""
    monkeypatch.setattr("nuttwist.net.identity.WRONG", {})
    signed = authority.sign(NAME, later=dt.timedelta(days=-9))
    met = Meeting(tmp_path, NAME, signed, authority)
    assert met.refused == "certificate verify failed: error 10 of OpenSSL"
