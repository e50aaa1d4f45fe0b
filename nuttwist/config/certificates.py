"""
Certificates and keys from files, for connections to servers and from clients.

The library that encrypts is an extra, C{pip install nuttwist[tls]}; it is imported when a setting
asks for it. So that no library asks the terminal for a password, keys are read by C{cryptography},
which does not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs

from nuttwist.config import Listen, PoolConfig
from nuttwist.config.endpoint import Endpoint, readEndpoint
from nuttwist.config.rules import SettingError

PEM = "a file with certificates in PEM"
KEY = "a file with a private key in PEM, without a password"
INSTALLED = "only with the packages for encryption: pip install nuttwist[tls]"


@attrs.frozen
class Identity:
    """
    A private key, its certificate, and those that lead from that to an authority.
    """

    privateKey: Any
    certificate: Any
    extraCertChain: tuple[Any, ...]


def clientOptions(pool: PoolConfig, host: str) -> Any:
    """
    How connections to a server are encrypted, and what its certificate must be.

    @param host: of the server; C{tls_name} has precedence.
    @return: what L{TLSMemoryBIOFactory} takes for a client.
    @raise SettingError: a file cannot be read or has the wrong thing in it, or the library is not
        there.
    """
    ssl = _library("tls", "true", pool.name)
    trust = None
    if pool.tls_ca is not None:
        chain = _certificates("tls_ca", pool.tls_ca, pool.name)
        trust = ssl.trustRootFromCertificates([ssl.Certificate(each) for each in chain])
    extra: dict[str, Any] = {}
    if pool.tls_certificate is not None and pool.tls_key is not None:
        mine = _identity(pool)
        extra = attrs.asdict(mine, recurse=False)
    return ssl.optionsForClientTLS(
        pool.tls_name or host, trustRoot=trust, extraCertificateOptions=extra
    )


def serverOptions(listen: Listen, pool: str = "") -> Any:
    """
    How connections from clients are encrypted.

    @param listen: with an C{ssl:} endpoint.
    @param pool: the name of the pool that listens there, where it is known.
    @return: what L{TLSMemoryBIOFactory} takes for a server.
    @raise SettingError: as L{clientOptions}, about C{listen}.
    """
    ssl = _library("listen", listen.endpoint, pool)
    endpoint = readEndpoint(listen.endpoint)
    try:
        mine = _endpointIdentity(endpoint)
    except SettingError as error:
        allowed = f"{error.key}: {error.value!r} to be {error.allowed}"
        raise SettingError("listen", listen.endpoint, allowed, pool) from error
    return ssl.CertificateOptions(**attrs.asdict(mine, recurse=False))


def checkCertificates(pool: PoolConfig) -> None:
    """
    See whether a pool can encrypt what it is to encrypt.

    @raise SettingError: it cannot.
    """
    if pool.tls:
        clientOptions(pool, pool.servers[0].host)
    if isEncrypted(pool.listen):
        serverOptions(pool.listen, pool.name)


def isEncrypted(listen: Listen) -> bool:
    """
    Whether clients speak TLS to it.
    """
    return bool(listen.endpoint) and readEndpoint(listen.endpoint).isEncrypted


def _library(key: str, value: str, pool: str = "") -> Any:
    try:
        # Without service_identity, Twisted would compare names less strictly.
        import service_identity  # noqa: F401, PLC0415  an extra
        from twisted.internet import ssl  # noqa: PLC0415  needs the extra
    except ImportError:
        raise SettingError(key, value, INSTALLED, pool) from None
    return ssl


def _identity(pool: PoolConfig) -> Identity:
    certificate, *others = _certificates("tls_certificate", str(pool.tls_certificate), pool.name)
    key = _key("tls_key", str(pool.tls_key), pool.name)
    _match("tls_key", str(pool.tls_key), key, certificate, pool.name)
    return Identity(key, certificate, tuple(others))


def _endpointIdentity(endpoint: Endpoint) -> Identity:
    path = endpoint.settings["privateKey"]
    key = _key("privateKey", path)
    name = "certKey" if "certKey" in endpoint.settings else "privateKey"
    certificate, *others = _certificates(name, endpoint.settings[name])
    chain = endpoint.settings.get("extraCertChain")
    if chain is not None:
        others += _certificates("extraCertChain", chain)
    _match("privateKey", path, key, certificate)
    return Identity(key, certificate, tuple(others))


def _read(key: str, path: str, what: str, pool: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise SettingError(key, path, f"{what}: {error.strerror}", pool) from None


def _certificates(key: str, path: str, pool: str = "") -> list[Any]:
    from cryptography import x509  # noqa: PLC0415  an extra
    from OpenSSL import crypto  # noqa: PLC0415  an extra

    text = _read(key, path, PEM, pool)
    try:
        found = x509.load_pem_x509_certificates(text)
    except ValueError:
        raise SettingError(key, path, f"{PEM}: there is none in it", pool) from None
    return [crypto.X509.from_cryptography(each) for each in found]


def _key(key: str, path: str, pool: str = "") -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415  an extra
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415  an extra
        load_pem_private_key,
    )
    from OpenSSL import crypto  # noqa: PLC0415  an extra

    text = _read(key, path, KEY, pool)
    try:
        return crypto.PKey.from_cryptography_key(load_pem_private_key(text, None))  # type: ignore[arg-type]
    except (TypeError, ValueError, UnsupportedAlgorithm):
        raise SettingError(key, path, f"{KEY}: there is none in it", pool) from None


def _match(key: str, path: str, private: Any, certificate: Any, pool: str = "") -> None:
    if private.to_cryptography_key().public_key() != certificate.to_cryptography().public_key():
        raise SettingError(key, path, "the key of the certificate: it is another's", pool)
