"""
Certificates and keys from files.

The library that encrypts is an extra, C{pip install nuttwist[tls]}; it is imported when a setting
asks for it. So that no library asks the terminal for a password, keys are read by C{cryptography},
which does not.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from nuttwist.config.rules import SettingError

PEM = "a file with certificates in PEM"
KEY = "a file with a private key in PEM, without a password"

#: Gives what is in the file of a path, or raises L{OSError}.
Read = Callable[[str], bytes]


def fromDisk(path: str) -> bytes:
    """
    What is in a file at this moment.
    """
    return Path(path).read_bytes()


@attrs.frozen
class Identity:
    """
    A private key, its certificate, and those that lead from that to an authority.
    """

    privateKey: Any
    certificate: Any
    extraCertChain: tuple[Any, ...]


class Files:
    """
    Files that settings name. What is wrong with one is a L{SettingError} about its setting.

    @ivar contents: of those that were read, by what they are called and their path.
    """

    def __init__(self, read: Read, pool: str, called: Callable[[str, str], str]) -> None:
        """
        @param pool: whose settings these are, where it is known.
        @param called: tells what a file is called, by the name of its setting and its path.
        """
        self.contents: dict[tuple[str, str], bytes] = {}
        self._readFile = read
        self._pool = pool
        self._called = called

    def _read(self, key: str, path: str, what: str) -> bytes:
        try:
            content = self._readFile(path)
        except OSError as error:
            raise SettingError(key, path, f"{what}: {error.strerror}", self._pool) from None
        self.contents[self._called(key, path), path] = content
        return content

    def certificates(self, key: str, path: str) -> list[Any]:
        """
        All certificates of a file.

        @raise SettingError: it cannot be read, or there is none in it.
        """
        from cryptography import x509  # noqa: PLC0415  an extra

        text = self._read(key, path, PEM)
        try:
            return list(x509.load_pem_x509_certificates(text))
        except (ValueError, x509.InvalidVersion):
            raise SettingError(key, path, f"{PEM}: there is none in it", self._pool) from None

    def privateKey(self, key: str, path: str) -> Any:
        """
        The private key of a file.

        @raise SettingError: it cannot be read, or there is none in it.
        """
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415  an extra
        from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415  an extra
            load_pem_private_key,
        )

        text = self._read(key, path, KEY)
        try:
            return load_pem_private_key(text, None)
        except (TypeError, ValueError, UnsupportedAlgorithm):
            raise SettingError(key, path, f"{KEY}: there is none in it", self._pool) from None

    def identity(
        self, keyFile: tuple[str, str], certificateFile: tuple[str, str], *chain: tuple[str, str]
    ) -> Identity:
        """
        A key with its certificate.

        @param keyFile: the name of a setting and its path, as all of these.
        @param certificateFile: the first certificate in it is the one; others may follow.
        @param chain: has further certificates.
        @raise SettingError: as the others, or the key is not that of the certificate.
        """
        private = self.privateKey(*keyFile)
        certificate, *others = self.certificates(*certificateFile)
        for each in chain:
            others += self.certificates(*each)
        if private.public_key() != _keyOf(certificate):
            allowed = "the key of the certificate: it is another's"
            raise SettingError(*keyFile, allowed, self._pool)
        return Identity(private, certificate, tuple(others))


def _keyOf(certificate: Any) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415  an extra

    try:
        return certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        # It is of no kind that a private key in a file could be of.
        return None
