"""
An authority that signs certificates, made anew for each test that wants one.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

#: Before and after now, how long certificates are valid.
VALID = dt.timedelta(days=1)


class Authority:
    """
    Signs what it is asked to.

    @ivar path: the file with its own certificate.
    """

    def __init__(self, folder: Path, name: str = "authority") -> None:
        """
        @param folder: where its files go.
        """
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        certificate = (
            self._begun(self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.path = folder / f"{name}.pem"
        self.path.write_bytes(certificate.public_bytes(Encoding.PEM))

    def sign(
        self,
        *names: str | x509.GeneralName,
        file: str = "server",
        common: str | None = None,
        later: dt.timedelta = dt.timedelta(),
    ) -> tuple[Path, Path]:
        """
        Make a key and a certificate for it.

        @param names: host names and addresses that the certificate is for, or names of any kind;
            without any it has no C{subjectAltName}.
        @param common: its common name, as C{file} if not given.
        @param later: by how much its time is moved.
        @return: the file of the certificate and that of the key.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common or file)])
        begun = self._begun(subject, key, later)
        if names:
            alternatives = x509.SubjectAlternativeName(list(map(_asName, names)))
            begun = begun.add_extension(alternatives, critical=False)
        certificate = begun.sign(self._key, hashes.SHA256())
        paths = self._folder / f"{file}.pem", self._folder / f"{file}.key"
        paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
        paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return paths

    def _begun(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        later: dt.timedelta = dt.timedelta(),
    ) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.timezone.utc) + later
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - VALID)
            .not_valid_after(now + VALID)
        )


def _asName(name: str | x509.GeneralName) -> x509.GeneralName:
    if isinstance(name, x509.GeneralName):
        return name
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
