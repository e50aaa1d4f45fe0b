"""Certificates and keys that a configuration names."""

from __future__ import annotations

import datetime as dt
import ssl
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from nuttwist.config import SettingError
from nuttwist.config.credentials import readCredentials
from nuttwist.config.file import ConfigError, loadConfig
from tests.rig.authority import Authority
from tests.unit.config.yamltext import poolText, read


@pytest.fixture
def authority(tmp_path):
    """An authority with files in the folder of the test."""
    return Authority(tmp_path)


def mistakes(tmp_path, *keys, listen="127.0.0.1:1"):
    """What is wrong with a file of one pool."""
    path = tmp_path / "conf.yml"
    path.write_text(poolText(*keys, listen=listen))
    try:
        loadConfig(str(path))
    except ConfigError as error:
        return str(error).replace(str(tmp_path), "")
    return ""


def test_rightFilesAreTaken(authority, tmp_path):
    """An authority, a certificate with its key, and an endpoint of one or two files."""
    certificate, key = authority.sign("a.example")
    both = tmp_path / "both.pem"
    both.write_bytes(certificate.read_bytes() + authority.path.read_bytes() + key.read_bytes())
    mine = f"tls_ca: {authority.path}", f"tls_certificate: {certificate}", f"tls_key: {key}"
    assert not mistakes(tmp_path, "tls: true", "tls_name: a.example", *mine)
    assert not mistakes(tmp_path, listen=f"ssl:1:privateKey={key}:certKey={certificate}")
    chain = f"extraCertChain={authority.path}"
    assert not mistakes(tmp_path, listen=f"ssl:1:privateKey={both}:{chain}")
    assert not mistakes(tmp_path, "tls: true")


def test_fileThatIsNotThereIsAMistake(tmp_path):
    """It is told with its place, as a mistake in the text is."""
    assert mistakes(tmp_path, "tls: true", f"tls_ca: {tmp_path}/ca.pem") == (
        "/conf.yml:4:11: pool 'p': tls_ca: saw '/ca.pem', allowed: a file with certificates in "
        "PEM: No such file or directory"
    )
    listen = f"ssl:1:privateKey={tmp_path}/key.pem"
    assert (
        "privateKey: '/key.pem' to be a file with a private key in PEM, without a password: No"
        in (mistakes(tmp_path, listen=listen))
    )


def test_fileWithTheWrongThingIsAMistake(authority, tmp_path):
    """A key is no certificate, a certificate no key, and a key opens only its own certificate."""
    certificate, key = authority.sign("a.example")
    _, other = authority.sign("a.example", file="other")
    for which, wrong in (
        ((certificate, certificate), "there is none in it"),
        ((key, key), "there is none in it"),
        ((certificate, other), "the key of the certificate: it is another's"),
    ):
        mine, its = which
        keys = "tls: true", f"tls_certificate: {mine}", f"tls_key: {its}"
        assert wrong in mistakes(tmp_path, *keys)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("a003020102", "a003020104", "a file with certificates in PEM: there is none in it"),
        ("2a8648ce3d0201", "2a8648ce3d0277", "the key of the certificate: it is another's"),
        ("2a8648ce3d030107", "2a8648ce3d030177", "the key of the certificate: it is another's"),
    ],
)
def test_certificateOfAnUnknownKindIsAMistake(authority, tmp_path, before, after, said):
    """Neither its version nor its kind of key is taken on trust."""
    certificate, key = authority.sign("a.example")
    right = x509.load_pem_x509_certificate(certificate.read_bytes()).public_bytes(Encoding.DER)
    wrong = right.replace(bytes.fromhex(before), bytes.fromhex(after), 1)
    assert wrong != right
    pem = ssl.DER_cert_to_PEM_cert(wrong)
    certificate.write_text(pem)
    mine = f"tls_certificate: {certificate}", f"tls_key: {key}"
    assert said in mistakes(tmp_path, listen=f"ssl:1:privateKey={key}:certKey={certificate}")
    assert said in mistakes(tmp_path, "tls: true", *mine)


def test_directoryIsNoFile(tmp_path):
    """Whatever cannot be read is said in the system's words."""
    assert "Is a directory" in mistakes(tmp_path, "tls: true", f"tls_ca: {tmp_path}")


def test_keyThatIsTooWeakIsAMistake(tmp_path):
    """What OpenSSL would refuse at the first connection is refused at once, in its words."""
    both = tmp_path / "weak.pem"
    both.write_bytes(weak())
    for wrong in (
        mistakes(tmp_path, listen=f"ssl:1:privateKey={both}"),
        mistakes(tmp_path, "tls: true", f"tls_certificate: {both}", f"tls_key: {both}"),
    ):
        assert "what the library that encrypts accepts: ee key too small" in wrong


def weak():
    """A certificate and its key, both of them out of fashion."""
    key = rsa.generate_private_key(65537, 1024)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "weak")])
    now = dt.datetime.now(dt.timezone.utc)
    certificate = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now).sign(
        key, hashes.SHA256()
    )
    return certificate.public_bytes(Encoding.PEM) + key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


@pytest.mark.parametrize("package", ["service_identity", "idna"])
def test_missingPackagesAreNamed(authority, monkeypatch, package):
    """Without the extra, or only a part of it, one line tells how to install it."""
    monkeypatch.setitem(sys.modules, package, None)
    _, key = authority.sign("a.example")
    for pool in (
        read(poolText("tls: true")),
        read(poolText(listen=f"ssl:1:privateKey={key}")),
    ):
        with pytest.raises(SettingError, match=r"pip install nuttwist\[tls\]"):
            readCredentials([pool])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["tls_name: cache_1"], "tls_name: saw 'cache_1', allowed: a name that a certificate can"),
        ([f"tls_name: {'x' * 64}"], "a certificate can have: Label too long"),
        ([], "tls: saw 'true', allowed: true with tls_name, or if each server has a name that a"),
        (["tls_name: cache-1"], ""),
        (["tls_name: ::1"], ""),
    ],
)
def test_nameThatNoCertificateHasIsAMistake(tmp_path, lines, said):
    """What the library would refuse with each connection is refused at once."""
    path = tmp_path / "conf.yml"
    path.write_text(poolText("tls: true", *lines, servers=["cache_1:1:1"]))
    if said:
        with pytest.raises(ConfigError, match=said):
            loadConfig(str(path))
    else:
        loadConfig(str(path))


def test_anotherMistakeHidesNoCertificate(tmp_path):
    """All that is wrong with a pool is told at once, and each once."""
    said = mistakes(tmp_path, "tls: true", "timeout: soon", "tls_ca: /nowhere.pem")
    assert [line.split(": saw")[0].split(": ")[-1] for line in said.splitlines()] == [
        "timeout",
        "tls_ca",
    ]
    wrong = "tls: true", "tls_ca: /nowhere.pem"
    said = mistakes(tmp_path, *wrong, listen="ssl:1:privateKey=/nowhere.key")
    assert [key in said for key in ("nowhere.key", "nowhere.pem")] == [True, True]
    said = mistakes(tmp_path, *wrong, "tls_name: ''", listen="ssl:1:privateKey=/nowhere.key")
    assert [key in said for key in ("nowhere.key", "nowhere.pem")] == [True, False]
