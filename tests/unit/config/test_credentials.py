"""What pools encrypt with, read at one moment."""

from __future__ import annotations

import attrs
import pytest

from nuttwist.config import Listen, PoolConfig, ServerConfig
from nuttwist.config.credentials import (
    Credentials,
    certificateName,
    readCredentials,
    renewals,
)
from nuttwist.config.rules import SettingError
from nuttwist.workers.configs import encodeFiles, readIn
from tests.rig.authority import Authority


@pytest.fixture
def authority(tmp_path):
    """An authority with files in the folder of the test."""
    return Authority(tmp_path)


@pytest.fixture
def pools(authority):
    """Two pools that share all files, and one that needs none."""
    certificate, key = (str(each) for each in authority.sign("a.example"))
    listen = Listen(endpoint=f"ssl:1:privateKey={key}:certKey={certificate}")
    keys = {"tls_ca": str(authority.path), "tls_certificate": certificate, "tls_key": key}
    servers = (ServerConfig(host="a.example", port=1),)
    return [
        PoolConfig(name="first", listen=listen, servers=servers, tls=True, **keys),
        PoolConfig(name="second", listen=listen, servers=servers, tls=True, **keys),
        PoolConfig(name="third", listen=Listen(host="h", port=1), servers=servers),
    ]


def test_eachFileIsReadOnce(pools):
    """All pools see the same moment of a file that they share."""
    seen = []

    def read(path):
        seen.append(path)
        with open(path, "rb") as file:  # noqa: PTH123  as a program may
            return file.read()

    first, second, third = readCredentials(pools, read).values()
    assert len(seen) == len(set(seen)) == 3
    assert first == second
    assert third == Credentials()


def test_whatIsRenewedIsToldByItsSetting(pools, authority):
    """The files of a listener are one thing, those for servers one each, a key without its path."""
    before = readCredentials(pools)
    assert renewals(before, readCredentials(pools)) == {}
    certificate, _ = authority.sign("a.example")
    endpoint = pools[0].listen.endpoint
    told = (f"certificate of {endpoint}", "tls_key", f"tls_certificate {certificate}")
    assert renewals(before, readCredentials(pools)) == {"first": told, "second": told}


def test_anotherPathIsNotARenewal(pools, authority):
    """That is told as a change of the setting."""
    before = readCredentials(pools)
    other = Authority(authority.path.parent, "other")
    moved = PoolConfig(
        name="first",
        listen=pools[2].listen,
        servers=pools[0].servers,
        tls=True,
        tls_ca=str(other.path),
    )
    assert renewals(before, readCredentials([moved])) == {}


def test_workersHaveWhatTheParentHasRead(pools, authority):
    """Whatever the files have in them by then."""
    before = readCredentials(pools)
    files = encodeFiles(before.values())
    authority.path.unlink()
    authority.sign("b.example")
    assert readCredentials(pools, readIn(files)) == before


@pytest.mark.parametrize(
    "name", ["a.example", "127.0.0.1", "127.1", "::1", "12345", "b\u00fc.example"]
)
def test_aCertificateCanBeForWhatAServerIsCalled(name):
    """Host names and addresses in all forms."""
    assert certificateName(name) == certificateName(name)


@pytest.mark.parametrize("name", ["a_b.example", "x" * 64, "-a.example".replace("-a", "ab--cd")])
def test_aCertificateCannotBeForAnything(pools, name):
    """What cannot be compared is refused with its setting, before any connection."""
    wrong = attrs.evolve(pools[0], tls_name=name)
    with pytest.raises(SettingError, match="a name that a certificate can have") as refused:
        readCredentials([wrong])
    assert refused.value.key == "tls_name"


def test_contentsAreNotShown(pools):
    """A key does not come into a log by its object."""
    assert "BEGIN" not in repr(readCredentials(pools))
