"""
The addresses that a host name has, asked of the reactor's resolver, which does not block.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet import error
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IResolutionReceiver,
)
from zope.interface import implementer

#: The kinds of addresses that are of use, those first that are tried first.
KINDS = (IPv4Address, IPv6Address)


@implementer(IResolutionReceiver)
class Lookup:
    """
    Collects the addresses of one name.
    """

    def __init__(self, found: Callable[[list[str]], None]) -> None:
        """
        @param found: called with the addresses in the order in which they are to be tried; there
            may be none.
        """
        self._found = found
        self._addresses: list[Any] = []

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        """
        Nothing to do: what is looked up is looked up to the end.
        """

    def addressResolved(self, address: IAddress) -> None:
        """
        The name has this address.
        """
        self._addresses.append(address)

    def resolutionComplete(self) -> None:
        """
        The name has no further addresses.
        """
        usable = [each.host for kind in KINDS for each in self._addresses if isinstance(each, kind)]
        # A resolver may have heard of one twice.
        self._found(list(dict.fromkeys(usable)))


class Resolving(Protocol):
    """
    The part of a reactor that knows names.
    """

    @property
    def nameResolver(self) -> IHostnameResolver: ...


def lookUp(reactor: Resolving, host: str, port: int, found: Callable[[list[str]], None]) -> None:
    """
    Ask for the addresses of a name.

    @param found: called with them; see L{Lookup}.
    @raise twisted.internet.error.DNSLookupError: no query can hold the name. Twisted's resolver
        leaves its caller without an answer to such a one.
    """
    try:
        host.encode("idna")
    except UnicodeError as wrong:
        raise error.DNSLookupError(f"{host!r} is no host name: {wrong}") from wrong
    reactor.nameResolver.resolveHostName(Lookup(found), host, port)
