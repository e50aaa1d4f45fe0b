"""Real servers over TLS, and real clients over every kind of endpoint."""

from __future__ import annotations

import socket
import ssl
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest
from pymemcache.client.base import Client
from redis import Redis
from redis.exceptions import ResponseError

from tests.e2e.command import SECONDS, TWISTD, finished
from tests.e2e.front import WAYS, Front, encrypted
from tests.e2e.proxy import watched
from tests.e2e.servers import (
    HOST,
    RealServer,
    startMemcached,
    startTLSRedis,
)
from tests.rig.authority import Authority

LARGE = b"v" * 500_000

#: Binds a port, and becomes the program in its arguments, to which it passes the socket.
PASSING = """
import os, socket, sys
listening = socket.create_server((sys.argv[1], int(sys.argv[2])))
os.dup2(os.dup(listening.fileno()), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="front")
os.execv(sys.argv[3], sys.argv[3:])
"""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority with files in the folder of the test."""
    return Authority(tmp_path)


@pytest.fixture(params=["no", "yes"])
def redis(request: pytest.FixtureRequest, authority: Authority) -> Iterator[RealServer]:
    """A redis over TLS with a certificate for 127.0.0.1, that wants one of its clients or not."""
    with startTLSRedis(*authority.sign(HOST), authority.path, request.param) as server:
        yield server


def mine(authority: Authority) -> tuple[str, ...]:
    """The keys of a pool that trusts an authority, and has a certificate of it."""
    certificate, key = authority.sign("proxy", file="proxy")
    own = f"tls_certificate: {certificate}", f"tls_key: {key}"
    return "redis: true", "tls: true", f"tls_ca: {authority.path}", *own


def test_redisOverTLS(tmp_path: Path, authority: Authority, redis: RealServer) -> None:
    """Requests and large values pass to a real server over TLS, which comes back after a kill."""
    keys = *mine(authority), "auto_eject_hosts: true", "server_retry_timeout: 50"
    with (
        Front(tmp_path, f"{HOST}:{redis.port}:1", f"tcp:PORT:interface={HOST}", *keys) as front,
        watched(front),  # type: ignore[arg-type]  # it has a log as a Proxy has
        closing(Redis(HOST, front.port, socket_timeout=SECONDS)) as client,
    ):
        assert client.set("k", LARGE)
        assert client.get("k") == LARGE
        redis.restart()
        while True:
            try:
                assert client.get("k") is None
                break
            except ResponseError:
                continue


def test_wrongNameAndWrongAuthorityAreRefused(
    tmp_path: Path, authority: Authority, redis: RealServer
) -> None:
    """A server that is not who it should be gets no request; the log says why."""
    another = Authority(tmp_path, "another")
    ours = [key for key in mine(authority) if not key.startswith("tls_ca")]
    for key, why in (
        (f"tls_ca: {another.path}", "TLS: certificate verify failed"),
        (f"tls_ca: {authority.path}\n  tls_name: a.example", "its certificate is not for a.ex"),
    ):
        with (
            Front(
                tmp_path, f"{HOST}:{redis.port}:1", f"tcp:PORT:interface={HOST}", *ours, key
            ) as front,
            closing(Redis(HOST, front.port, socket_timeout=SECONDS)) as client,
        ):
            with pytest.raises(ResponseError, match="Protocol error"):
                client.get("k")
            assert why in front.log()


def heardByOne(listening: socket.socket, context: ssl.SSLContext) -> bytes:
    """What the first who connects says, once it is encrypted."""
    connection, _ = listening.accept()
    connection.settimeout(SECONDS)
    with (
        connection,
        suppress(ssl.SSLError, ConnectionError),
        context.wrap_socket(connection, server_side=True) as encrypted,
    ):
        return encrypted.recv(1024)
    return b""


@pytest.mark.parametrize("names", [(), ("*",)], ids=["no names", "a pattern for all"])
def test_whoIsNobodyIsNotToldThePassword(
    tmp_path: Path, authority: Authority, names: tuple[str, ...]
) -> None:
    """A certificate of the authority that is not for the server: not a byte follows it."""
    certificate, key = authority.sign(*names, common=HOST, file="nobody")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with (
        socket.create_server((HOST, 0)) as listening,
        ThreadPoolExecutor() as threads,
        Front(
            tmp_path,
            f"{HOST}:{listening.getsockname()[1]}:1",
            f"tcp:PORT:interface={HOST}",
            *mine(authority),
            "redis_auth: secret",
        ) as front,
        closing(Redis(HOST, front.port, password="secret", socket_timeout=SECONDS)) as client,
    ):
        heard = threads.submit(heardByOne, listening, context)
        with pytest.raises(ResponseError, match="Protocol error"):
            client.get("k")
        assert heard.result(SECONDS) == b""
        assert f"its certificate is not for {HOST}" in front.log()


@WAYS
def test_clientsOverTLS(tmp_path: Path, authority: Authority, options: tuple[str, ...]) -> None:
    """pymemcache with a TLS context talks to an ssl: endpoint, of one process and of several."""
    endpoint, context = encrypted(authority)
    with startMemcached() as server:
        line = f"{HOST}:{server.port}:1"
        with Front(tmp_path, line, endpoint, options=options) as front:
            for number in range(6):
                with closing(
                    Client((HOST, front.port), timeout=SECONDS, tls_context=context)
                ) as client:
                    assert client.set(f"k{number}", LARGE, noreply=False)
                    assert client.get(f"k{number}") == LARGE


def test_aClientThatNeverFinishesItsHandshakeIsClosed(tmp_path: Path, authority: Authority) -> None:
    """It is closed without any key for that, and others are served meanwhile."""
    endpoint, context = encrypted(authority)
    with (
        startMemcached() as server,
        Front(tmp_path, f"{HOST}:{server.port}:1", endpoint) as front,
        closing(socket.create_connection((HOST, front.port), SECONDS)) as silent,
        closing(Client((HOST, front.port), timeout=SECONDS, tls_context=context)) as client,
    ):
        silent.sendall(b"\x16\x03\x01")
        assert client.set("k", b"v", noreply=False)
        with pytest.raises(ConnectionResetError):
            silent.recv(1)
        assert client.get("k") == b"v"


def test_redisClientOverTLSOnBothSides(
    tmp_path: Path, authority: Authority, redis: RealServer
) -> None:
    """redis-py over TLS to a pool whose server is reached over TLS."""
    endpoint, _ = encrypted(authority)
    with (
        Front(tmp_path, f"{HOST}:{redis.port}:1", endpoint, *mine(authority)) as front,
        closing(
            Redis(
                HOST,
                front.port,
                ssl=True,
                ssl_ca_certs=str(authority.path),
                socket_timeout=SECONDS,
            )
        ) as client,
    ):
        assert client.mset({f"k{number}": number for number in range(100)})
        assert client.mget("k1", "k99", "k100") == [b"1", b"99", None]


def test_clientsOnAUnixEndpoint(tmp_path: Path) -> None:
    """pymemcache finds the pool on the path of a unix: endpoint."""
    with startMemcached() as server:
        path = tmp_path / "pool.sock"
        line = f"{HOST}:{server.port}:1"
        with (
            Front(tmp_path, line, f"unix:{path}:mode=600"),
            closing(Client(str(path), timeout=SECONDS)) as client,
        ):
            assert client.set("k", b"v", noreply=False)
            assert client.get("k") == b"v"


@WAYS
def test_socketThatWasPassed(tmp_path: Path, options: tuple[str, ...]) -> None:
    """A parent binds, as systemd does, and the proxy takes its socket by name."""
    before = (sys.executable, "-c", PASSING, HOST, "PORT")
    with startMemcached() as server:
        line = f"{HOST}:{server.port}:1"
        endpoint = "systemd:domain=INET:name=front"
        with (
            Front(tmp_path, line, endpoint, options=options, before=before) as front,
            closing(Client((HOST, front.port), timeout=SECONDS)) as client,
        ):
            assert client.set("k", b"v", noreply=False)
            assert client.get("k") == b"v"


def test_startThatLacksAFileSaysSo(tmp_path: Path) -> None:
    """A missing certificate stops the start and the test of the file, each in one line."""
    path = tmp_path / "conf.yml"
    path.write_text(f"p:\n  listen: ssl:1:privateKey={tmp_path}/key.pem\n  servers:\n   - h:1:1\n")
    for options in ((), ("-t",)):
        ended = finished(*TWISTD, "-n", "nutproxy", "-c", path, *options, cwd=tmp_path)
        assert ended.returncode == 1
        assert "a file with a private key in PEM" in ended.stderr
        assert "No such file or directory" in ended.stderr
        assert "Traceback" not in ended.stderr


def test_startWithoutThePassedSocketSaysSo(tmp_path: Path) -> None:
    """Nobody passed a socket: the start ends with one line."""
    path = tmp_path / "conf.yml"
    path.write_text("p:\n  listen: systemd:INET:index=0\n  servers:\n   - h:1:1\n")
    ended = finished(*TWISTD, "-n", "nutproxy", "-c", path, cwd=tmp_path)
    assert ended.returncode == 1
    assert "pool 'p': listen: saw 'systemd:INET:index=0', allowed: a socket that" in ended.stderr
