"""
Whether a server that speaks TLS is the one that it should be.

Nothing is taken for granted: a server is refused unless its chain holds and a name or an address in
its certificate was seen to be the one that is wanted. Whatever goes wrong meanwhile is a refusal.
(Twisted's own check takes a certificate when comparing names fails in a way that it did not expect,
as it does with one that has no names.)

The library that encrypts is an extra, so nothing imports this module until a pool wants it.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

from cryptography import x509
from OpenSSL import SSL, crypto
from service_identity import CertificateError
from service_identity.hazmat import DNS_ID, DNSPattern, IPAddress_ID, IPAddressPattern
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

FAILED = "certificate verify failed"

#: OpenSSL's numbers of what can be wrong with a chain, X509_V_ERR_*, in words. Its own words are
#: not to be had.
WRONG = {
    7: "its signature is wrong",
    9: "it is not valid yet",
    10: "it has expired",
    18: "it is signed by itself, and not trusted",
    19: "an authority that is not trusted has signed it",
    20: "an authority that is not trusted has signed it",
    21: "an authority that is not trusted has signed it",
    22: "its chain is too long",
    23: "it is revoked",
    24: "who has signed it is no authority",
    25: "its chain is longer than an authority allows",
    26: "it is not meant for servers",
    47: "an authority may not sign for such names",
    66: "its key is too small",
    67: "the key of an authority is too small",
    68: "it is signed with a digest that is too weak",
    79: "who has signed it is no authority",
}

NONE = "it has shown no certificate"

ADDRESS = (IPv4Address, IPv6Address)


class Verdict:
    """
    What came of looking at the certificate of one connection, as OpenSSL walks its chain.

    @ivar accepted: it is the server's; false until that was seen.
    @ivar refusal: why it is not, in words for the log; empty if it was not looked at.
    """

    def __init__(self, name: str, identity: DNS_ID | IPAddress_ID) -> None:
        """
        @param name: of the server, for the log.
        @param identity: what its certificate must be for.
        """
        self.accepted = False
        self.refusal = ""
        self._name = name
        self._identity = identity

    def __call__(
        self, connection: SSL.Connection, certificate: crypto.X509, error: int, depth: int, ok: int
    ) -> bool:
        """
        OpenSSL asks about one certificate of the chain.

        @param error: what is wrong with it in OpenSSL's eyes, if not C{ok}.
        @param depth: 0 for the server's own, more for those that lead to an authority.
        """
        if not ok:
            self.accepted = False
            self.refusal = f"{FAILED}: {WRONG.get(error, f'error {error} of OpenSSL')}"
        elif depth == 0 and not self.refusal:
            self.refusal = f"its certificate is not for {self._name}"
            self.accepted = self._isFor(certificate)
            if self.accepted:
                self.refusal = ""
        return not self.refusal

    def _isFor(self, certificate: crypto.X509) -> bool:
        try:
            names = _names(certificate.to_cryptography(), self._identity)
            return any(map(self._identity.verify, names))
        except Exception as error:  # noqa: BLE001  whatever it is, nothing was seen to be right
            self.refusal = f"its certificate cannot be read: {error}"
            return False


def _names(
    certificate: x509.Certificate, identity: DNS_ID | IPAddress_ID
) -> Iterator[DNSPattern | IPAddressPattern]:
    # Only of the kind that is wanted: others may be there, in any form, and mean nothing here.
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return
    if isinstance(identity, IPAddress_ID):
        addresses = names.get_values_for_type(x509.IPAddress)
        # The networks that the type allows for are of authorities, not of servers.
        yield from (IPAddressPattern(each) for each in addresses if isinstance(each, ADDRESS))
        return
    for name in names.get_values_for_type(x509.DNSName):
        try:
            yield DNSPattern.from_bytes(name.encode("utf-8"))
        except CertificateError:  # noqa: PERF203  each counts for itself
            # A pattern that must not match anything, such as one for all names.
            continue


@implementer(IOpenSSLClientConnectionCreator)
class Checked:
    """
    Encrypts a connection, and has its certificate looked at.
    """

    def __init__(
        self,
        options: IOpenSSLClientConnectionCreator,
        identity: DNS_ID | IPAddress_ID,
        verdict: Verdict,
    ) -> None:
        """
        @param options: how it is encrypted; they know nothing of names.
        @param identity: what the certificate must be for.
        """
        self._options = options
        self._identity = identity
        self._verdict = verdict

    def clientConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """
        Begin the one.
        """
        connection: SSL.Connection = self._options.clientConnectionForTLS(tlsProtocol)
        if isinstance(self._identity, DNS_ID):
            connection.set_tlsext_host_name(self._identity.hostname)
        required = SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT
        connection.set_verify(required, self._verdict)
        return connection
