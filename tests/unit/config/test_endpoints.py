"""Endpoint strings as a value of listen."""

from __future__ import annotations

import pytest

from nuttwist.config import Listen, SettingError
from nuttwist.config.endpoint import readEndpoint
from tests.unit.config.yamltext import messageAbout, mistakesIn, poolText, read


@pytest.mark.parametrize(
    ("text", "kind", "settings"),
    [
        ("tcp:22121", "tcp", {"port": "22121"}),
        ("tcp:port=1:backlog=5", "tcp", {"port": "1", "backlog": "5"}),
        (r"tcp6:1:interface=\:\:1", "tcp6", {"port": "1", "interface": "::1"}),
        (r"ssl:1:privateKey=/a\:b\\=c", "ssl", {"port": "1", "privateKey": r"/a:b\=c"}),
        ("unix:/run/p:mode=660", "unix", {"address": "/run/p", "mode": "660"}),
        ("systemd:INET:index=0", "systemd", {"domain": "INET", "index": "0"}),
        ("systemd:domain=UNIX:name=front", "systemd", {"domain": "UNIX", "name": "front"}),
    ],
)
def test_settingsAreReadByNameAndTheFirstByPlace(text, kind, settings):
    """An endpoint is a kind and its settings, with what was escaped in them."""
    endpoint = readEndpoint(text)
    assert (endpoint.kind, endpoint.settings) == (kind, settings)
    assert read(poolText(listen=f"'{text}'")).listen == Listen(endpoint=text)


@pytest.mark.parametrize(
    ("listen", "allowed"),
    [
        ("tcp:65536", "'tcp:PORT[:name=value]...', port: a whole number from 0 to 65535"),
        ("tcp:x", "port: a whole number from 0 to 65535"),
        ("tcp:1:2", "2: none of these, but port, interface, backlog"),
        ("tcp:1:", ": none of these, but port, interface, backlog"),
        ("tcp:1:certKey=/c", "certKey: none of these, but port, interface, backlog"),
        ("tcp:1:port=2", "port: once"),
        ("tcp:1:interface=256.1.1.1", "interface: an IPv4 or IPv6 address of this machine or a na"),
        ("ssl:1", "'ssl:PORT:privateKey=...[:name=value]...', privateKey: one"),
        (
            "ssl:1:privateKey=/k.pem:sslmethod=TLSv1_METHOD",
            "sslmethod: none of these, but port, interface, backlog, privateKey, certKey, extraC",
        ),
        (
            "ssl:1:privateKey=/k.pem:dhParameters=/dh.pem",
            "dhParameters: none of these, but port, interface, backlog, privateKey, certKey, ext",
        ),
        ("unix:run", "'unix:ADDRESS[:name=value]...', address: an absolute path of at most 107"),
        ("unix:/run:mode=888", "mode: an octal number from 0001 to 0777"),
        ("unix:/run:lockfile=yes", "lockfile: one of 0, 1"),
        ("systemd:INET", "'systemd:DOMAIN:index=...[:name=value]...', index or name: one"),
        ("systemd:INET:index=0:name=a", "index or name: one"),
        ("systemd:IPX:index=0", "domain: one of INET, INET6, UNIX"),
        ("systemd:index=0", "domain: one"),
        ("tcp:1\\", "port: a whole number from 0 to 65535"),
    ],
)
def test_wrongEndpointTellsItsFormAndThePart(listen, allowed):
    """The mistake names the pool, the key, the whole value and what is wrong in it."""
    message = messageAbout(poolText(listen=f"'{listen}'"))
    assert message.startswith("conf.yml:2:11: pool 'p': listen: saw '")
    assert allowed in message


def test_otherWordsAreHosts():
    """What begins like no endpoint is a host and its port, as in twemproxy."""
    assert read(poolText(listen="ssl.example:1")).listen == Listen("ssl.example", 1)
    assert read(poolText(listen="udp:1")).listen == Listen("udp", 1)


def test_oneEndpointIsForOnePool():
    """Two pools cannot listen on the same endpoint."""
    text = poolText(listen="tcp:1") + poolText(name="q", listen="tcp:1")
    assert [mistake.key for mistake in mistakesIn(text)] == ["listen"]


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"endpoint": "udp:1"}, "endpoint"),
        ({"endpoint": "tcp"}, "endpoint"),
        ({"endpoint": b"tcp:1"}, "endpoint"),
        ({"endpoint": "tcp:1", "port": 1}, "address"),
        ({"endpoint": "unix:/p", "mode": 0o600}, "address"),
    ],
)
def test_endpointOfAProgramIsChecked(fields, key):
    """A listener built in Python has an endpoint or the other fields, and a right one."""
    with pytest.raises(SettingError) as caught:
        Listen(**fields)
    assert caught.value.key == key


def test_endpointIsItsAddress():
    """People are shown the endpoint as it was written."""
    assert Listen(endpoint="tcp:1:interface=127.0.0.1").address == "tcp:1:interface=127.0.0.1"


def test_backlogIsThePoolsUnlessWritten():
    """The setting of the endpoint has precedence."""
    assert readEndpoint("tcp:1").backlog(512) == 512
    assert readEndpoint("tcp:1:backlog=7").backlog(512) == 7
