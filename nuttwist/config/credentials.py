"""
What a pool encrypts with: its files as they were at one moment, ready for connections.

It is read as a whole before anything is changed, so that a file which is wrong, or only half
renewed, changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import attrs

from nuttwist.config import Listen, PoolConfig
from nuttwist.config.certificates import Files, Identity, Read, fromDisk
from nuttwist.config.endpoint import Endpoint, readEndpoint
from nuttwist.config.rules import SettingError, numericHost

INSTALLED = "only with the packages for encryption: pip install nuttwist[tls]"
NAME = "a name that a certificate can have"


@attrs.frozen
class Credentials:
    """
    What was read for one pool. It is equal to another if the same was in the same files.

    @ivar contents: of the files, by what they are called and their path.
    @ivar shown: how connections from clients are encrypted, for a pool to which they speak TLS.
    @ivar towards: how connections to servers are encrypted, for a pool that speaks TLS to them. Who
        signs their certificates is in it, and not for whom those are: see L{certificateName}.
    """

    contents: Mapping[tuple[str, str], bytes] = attrs.field(factory=dict, repr=False)
    shown: Any = attrs.field(default=None, eq=False, repr=False)
    towards: Any = attrs.field(default=None, eq=False, repr=False)

    def renewedBy(self, fresh: Credentials) -> tuple[str, ...]:
        """
        What the files are called that have something else in them by now.
        """
        renewed = (
            called
            for (called, path), content in fresh.contents.items()
            if self.contents.get((called, path), content) != content
        )
        return tuple(dict.fromkeys(renewed))


def readCredentials(pools: Iterable[PoolConfig], read: Read = fromDisk) -> dict[str, Credentials]:
    """
    Read what pools encrypt with, each file once.

    @return: by the names of the pools.
    @raise SettingError: a file cannot be read or has the wrong thing in it, a key is not that of
        its certificate, or the library is not there.
    """
    once = cache(read)
    return {each.name: _credentials(each, once) for each in pools}


def _credentials(pool: PoolConfig, read: Read) -> Credentials:
    shown = clientsSee(pool.listen, pool.name, read) if isEncrypted(pool.listen) else Credentials()
    if not pool.tls:
        return shown
    seen = _serversSee(pool, read)
    return attrs.evolve(seen, shown=shown.shown, contents={**shown.contents, **seen.contents})


def isEncrypted(listen: Listen) -> bool:
    """
    Whether clients speak TLS to it.
    """
    return bool(listen.endpoint) and readEndpoint(listen.endpoint).isEncrypted


def clientsSee(listen: Listen, pool: str = "", read: Read = fromDisk) -> Credentials:
    """
    What is shown to those who connect.

    @param listen: with an C{ssl:} endpoint.
    @param pool: the name of the pool that listens there, if it is one.
    @raise SettingError: as L{readCredentials}, about C{listen}.
    """
    ssl = _library("listen", listen.endpoint, pool)
    files = Files(read, "", lambda *_: f"certificate of {listen.endpoint}")
    try:
        mine = _endpointIdentity(readEndpoint(listen.endpoint), files)
    except SettingError as error:
        allowed = f"{error.key}: {error.value!r} to be {error.allowed}"
        raise SettingError("listen", listen.endpoint, allowed, pool) from error
    shown = ssl.CertificateOptions(**attrs.asdict(mine, recurse=False))
    _tried("listen", listen.endpoint, pool, shown.getContext)
    return Credentials(files.contents, shown)


def _endpointIdentity(endpoint: Endpoint, files: Files) -> Identity:
    settings = endpoint.settings
    certificate = "certKey" if "certKey" in settings else "privateKey"
    names = ("privateKey", certificate, "extraCertChain")
    return files.identity(*((name, settings[name]) for name in names if name in settings))


def _serversSee(pool: PoolConfig, read: Read) -> Credentials:
    ssl = _library("tls", "true", pool.name)
    _checkNames(pool)
    files = Files(read, pool.name, _called)
    trust, own, key = ssl.platformTrust(), {}, "tls"
    if pool.tls_ca is not None:
        chain = files.certificates("tls_ca", pool.tls_ca)
        trust = ssl.trustRootFromCertificates([_asTwisteds(each) for each in chain])
    if pool.tls_certificate is not None and pool.tls_key is not None:
        key = "tls_certificate"
        mine = files.identity(("tls_key", pool.tls_key), (key, pool.tls_certificate))
        own = attrs.asdict(mine, recurse=False)
    towards = ssl.CertificateOptions(trustRoot=trust, **own)
    _tried(key, pool.tls_certificate or "true", pool.name, towards.getContext)
    return Credentials(files.contents, None, towards)


def _checkNames(pool: PoolConfig) -> None:
    for key, value, name, allowed in _names(pool):
        try:
            certificateName(name)
        except ValueError as error:  # noqa: PERF203  the first is enough
            raise SettingError(key, value, f"{allowed}: {error}", pool.name) from None


def certificateName(name: str) -> Any:
    """
    What the certificate of a server must be for, as the library that compares names has it.

    @param name: a host name, or an address in any form.
    @raise ValueError: a certificate cannot be for that.
    """
    import idna  # noqa: PLC0415  an extra
    from service_identity.hazmat import DNS_ID, IPAddress_ID  # noqa: PLC0415  an extra

    numeric = numericHost(name)
    if numeric is None:
        return DNS_ID(idna.encode(name).decode("ascii"))
    # The interface behind an address says nothing of who is there.
    return IPAddress_ID(numeric.partition("%")[0])


def _names(pool: PoolConfig) -> Iterator[tuple[str, str, str, str]]:
    # Each with the setting that says so, its value, and what is allowed there.
    if pool.tls_name is not None:
        yield "tls_name", pool.tls_name, pool.tls_name, NAME
        return
    for each in pool.servers:
        allowed = f"true with tls_name, or if each server has {NAME}, unlike {each.host!r}"
        yield "tls", "true", each.host, allowed


def _asTwisteds(certificate: Any) -> Any:
    from OpenSSL import crypto  # noqa: PLC0415  an extra
    from twisted.internet import ssl  # noqa: PLC0415  needs the extra

    return ssl.Certificate(crypto.X509.from_cryptography(certificate))


def _called(key: str, path: str) -> str:
    # Of a key only that it is another is told.
    return key if key == "tls_key" else f"{key} {path}"


def _tried(key: str, value: object, pool: str, make: Callable[[], object]) -> None:
    from OpenSSL import SSL  # noqa: PLC0415  an extra

    try:
        make()
    except SSL.Error as error:
        reasons = ", ".join(reason for _, _, reason in error.args[0])
        allowed = f"what the library that encrypts accepts: {reasons}"
        raise SettingError(key, value, allowed, pool) from None


def _library(key: str, value: str, pool: str) -> Any:
    try:
        # Without these, Twisted would compare names less strictly, or read them in another way.
        import idna  # noqa: F401, PLC0415  an extra
        import service_identity  # noqa: F401, PLC0415  an extra
        from twisted.internet import ssl  # noqa: PLC0415  needs the extra
    except ImportError:
        raise SettingError(key, value, INSTALLED, pool) from None
    return ssl


def renewals(
    before: Mapping[str, Credentials], after: Mapping[str, Credentials]
) -> dict[str, tuple[str, ...]]:
    """
    What has been renewed, by the names of the pools that there were and are.
    """
    found = {name: before[name].renewedBy(each) for name, each in after.items() if name in before}
    return {name: what for name, what in found.items() if what}
