"""Certificates that are renewed in their files are taken in at SIGHUP, by the real command."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPSConnection
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ResponseError

from tests.e2e.command import SECONDS
from tests.e2e.front import WAYS, Front, encrypted
from tests.e2e.servers import HOST, freePort, startMemcached, startTLSRedis
from tests.rig.authority import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority with files in the folder of the test."""
    return Authority(tmp_path)


def connected(front: Front, context: ssl.SSLContext) -> tuple[ssl.SSLSocket, str]:
    """A client over TLS that is served, and the number of the certificate that it was shown."""
    plain = socket.create_connection((HOST, front.port), SECONDS)
    client = context.wrap_socket(plain, server_hostname=HOST)
    assert serves(client)
    shown = client.getpeercert()
    assert shown is not None
    return client, str(shown["serialNumber"])


def serves(client: ssl.SSLSocket) -> bool:
    """Whether a client gets its answer."""
    client.sendall(b"get nosuch\r\n")
    return client.recv(100) == b"END\r\n"


def shownBy(front: Front, context: ssl.SSLContext) -> set[str]:
    """The certificates that several new clients are shown, enough for each worker to have one."""
    clients = [connected(front, context) for _ in range(6)]
    for client, _ in clients:
        client.close()
    return {number for _, number in clients}


@WAYS
def test_aRenewedCertificateIsShownToNewClients(
    tmp_path: Path, authority: Authority, options: tuple[str, ...]
) -> None:
    """The log has one line for it, and who is connected stays."""
    endpoint, context = encrypted(authority)
    with (
        startMemcached() as server,
        Front(tmp_path, f"{HOST}:{server.port}:1", endpoint, options=options) as front,
    ):
        client, first = connected(front, context)
        assert "nothing changed" in front.reload()
        encrypted(authority)
        said = front.reload()
        assert f"pool pool: certificate of {front.place(endpoint)} renewed\n" in said
        shown = shownBy(front, context)
        assert len(shown) == 1
        assert first not in shown
        assert serves(client)
        client.close()


@WAYS
def test_whatIsHalfRenewedIsRefused(
    tmp_path: Path, authority: Authority, options: tuple[str, ...]
) -> None:
    """The log says which file is wrong, and the old certificate is shown, by new workers too."""
    endpoint, context = encrypted(authority)
    key = tmp_path / "front.key"
    with (
        startMemcached() as server,
        Front(tmp_path, f"{HOST}:{server.port}:1", endpoint, options=options) as front,
    ):
        shown = shownBy(front, context)
        key.write_bytes(b"half of it")
        said = front.reload()
        assert "is refused, nothing changed" in said
        assert re.search(f"pool 'pool': listen: saw 'ssl:.*privateKey: '{key}' to be a file", said)
        if options:
            ready = r"worker 1 is ready \(pid (\d+)\)"
            first = re.findall(ready, front.untilSaid(ready))
            since = len(front.log())
            os.kill(int(first[0]), signal.SIGKILL)
            front.untilSaid(ready, since)
        assert shownBy(front, context) == shown


@WAYS
def test_theCertificateOfTheHTTPSideIsRenewed(
    tmp_path: Path, authority: Authority, options: tuple[str, ...]
) -> None:
    """It is read again with the file, and shown from then on."""
    endpoint, context = encrypted(authority)
    port = freePort()
    http = endpoint.replace("PORT", f"{port}")
    listen = f"tcp:PORT:interface={HOST}"
    with (
        startMemcached() as server,
        Front(
            tmp_path,
            f"{HOST}:{server.port}:1",
            listen,
            options=(f"--http={http}", *options),
            last=port,
        ) as front,
    ):
        first = shownOver(port, context)
        encrypted(authority)
        assert f"http: certificate of {http} renewed\n" in front.reload()
        assert shownOver(port, context) != first


def shownOver(port: int, context: ssl.SSLContext) -> object:
    """The number of the certificate that one who asks over HTTP is shown."""
    connection = HTTPSConnection(HOST, port, timeout=SECONDS, context=context)
    with closing(connection):
        connection.request("GET", "/healthz")
        shown = connection.sock.getpeercert()
        assert connection.getresponse().status == HTTPStatus.OK
        return shown["serialNumber"]


def test_aReplacedAuthorityIsTrusted(tmp_path: Path, authority: Authority) -> None:
    """A server that comes back with another authority's certificate is reached after a SIGHUP."""
    with startTLSRedis(*authority.sign(HOST), authority.path, "no") as redis:
        keys = "redis: true", "tls: true", f"tls_ca: {authority.path}"
        line = f"{HOST}:{redis.port}:1"
        with (
            Front(tmp_path, line, f"tcp:PORT:interface={HOST}", *keys) as front,
            closing(Redis(HOST, front.port, socket_timeout=SECONDS)) as client,
        ):
            assert client.set("k", "v")
            Authority(tmp_path).sign(HOST)
            assert f"pool pool: tls_ca {authority.path} renewed\n" in front.reload()
            assert client.get("k") == b"v"
            redis.restart()
            assert afterTheLoss(client, "k") is None
            assert "TLS:" not in front.log()


def afterTheLoss(client: Redis, key: str) -> object:
    """What a client gets once the proxy is connected again."""
    while True:
        try:
            return client.get(key)
        except ResponseError as error:  # noqa: PERF203  it is lost once
            if "Protocol" in str(error):
                raise
