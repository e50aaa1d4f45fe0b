"""
Where the HTTP side is reached. What an C{ssl:} endpoint needs is read here, as it is for pools, so
that its certificate can be renewed.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import quoteStringArgument, serverFromString
from twisted.internet.interfaces import IListeningPort, IProtocolFactory

from nuttwist.changes import Renewal
from nuttwist.config import Listen, SettingError
from nuttwist.config.credentials import Credentials, clientsSee
from nuttwist.config.endpoint import readEndpoint
from nuttwist.listening import encrypted

#: What the log calls it.
LABEL = "http"


def unencrypted(endpoint: str) -> str:
    """
    The same place as that of an C{ssl:} endpoint, without encryption.
    """
    settings = readEndpoint(endpoint).settings
    return ":".join(
        ["tcp", settings["port"]]
        + [
            f"{name}={quoteStringArgument(settings[name])}"
            for name in ("interface", "backlog")
            if name in settings
        ]
    )


class Entrance:
    """
    The endpoint, with the certificate that holds.
    """

    def __init__(self, endpoint: str, factory: IProtocolFactory, reactor: Any) -> None:
        """
        @param endpoint: any of Twisted's; one that begins with C{ssl:} as a pool can have it.
        @param reactor: with what the endpoint needs, and time.
        @raise ValueError: it is no endpoint, or its certificate cannot be used.
        """
        self._listen = Listen(endpoint=endpoint) if endpoint.startswith("ssl:") else None
        self._credentials = self.read()
        self._factory = factory
        if self._listen is not None:
            self._factory = encrypted(factory, lambda: self._credentials.shown, reactor)
            endpoint = unencrypted(endpoint)
        self._endpoint = serverFromString(reactor, endpoint)

    def listen(self) -> Deferred[IListeningPort]:
        """
        Listen from now on.
        """
        listening: Deferred[IListeningPort] = self._endpoint.listen(self._factory)
        return listening

    def read(self) -> Credentials:
        """
        What is in the files by now.

        @raise SettingError: it cannot be used.
        """
        if self._listen is None:
            return Credentials()
        try:
            return clientsSee(self._listen)
        except SettingError as error:
            raise SettingError(LABEL, self._listen.endpoint, error.allowed) from error

    def renew(self, fresh: Credentials) -> tuple[Renewal, ...]:
        """
        Show this from now on; connections that are made stay.

        @return: what is different.
        """
        what = self._credentials.renewedBy(fresh)
        if not what:
            return ()
        self._credentials = fresh
        return (Renewal(LABEL, what),)
