"""Where the HTTP side is reached, as far as it can be said without a socket."""

from __future__ import annotations

import pytest
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import ServerFactory
from twisted.internet.testing import MemoryReactorClock

from nuttwist.changes import Renewal
from nuttwist.config import SettingError
from nuttwist.http.entrance import Entrance, unencrypted
from tests.rig.authority import Authority


@pytest.mark.parametrize(
    ("endpoint", "place"),
    [
        ("ssl:8222:privateKey=/k.pem:interface=127.0.0.1", "tcp:8222:interface=127.0.0.1"),
        (
            r"ssl:port=1:interface=\:\:1:backlog=5:privateKey=/k.pem:certKey=/c.pem",
            r"tcp:1:interface=\:\:1:backlog=5",
        ),
    ],
)
def test_thePlaceIsTheSameWithoutEncryption(endpoint, place):
    """Files are left out, what says where it listens is not."""
    assert unencrypted(endpoint) == place


def test_whatIsNotASettingIsRefusedWithWhatIs():
    """Of an ssl: endpoint the same is allowed as in a pool."""
    with pytest.raises(SettingError) as caught:
        Entrance("ssl:1:privateKey=/k.pem:sslmethod=TLSv1_METHOD", ServerFactory(), None)
    assert "sslmethod: none of these, but port, interface, backlog, privateKey" in str(caught.value)


def test_aFileThatIsWrongIsNamed():
    """As an error that the command tells in one line."""
    with pytest.raises(SettingError, match=r"http: saw 'ssl:1:.*/nosuch.pem' to be a file with"):
        Entrance("ssl:1:privateKey=/nosuch.pem", ServerFactory(), None)


def test_aRenewedCertificateIsToldOnce(tmp_path):
    """What is read is shown when it is said that it shall be, and told if it is another."""
    authority = Authority(tmp_path)
    certificate, key = authority.sign("a.example")
    endpoint = f"ssl:1:interface=127.0.0.1:privateKey={key}:certKey={certificate}"
    entrance = Entrance(endpoint, ServerFactory(), MemoryReactorClock())
    assert entrance.renew(entrance.read()) == ()
    authority.sign("a.example")
    fresh = entrance.read()
    assert entrance.renew(fresh) == (Renewal("http", (f"certificate of {endpoint}",)),)
    assert entrance.renew(fresh) == ()


def test_whatIsNotEncryptedHasNothingToRenew():
    """Any endpoint of Twisted's may be one, with what it has of its own."""
    reactor = MemoryReactorClock()
    entrance = Entrance("tcp:8222:interface=127.0.0.1", ServerFactory(), reactor)
    ports = []
    entrance.listen().addCallback(ports.append)
    assert IListeningPort.providedBy(ports[0])
    assert reactor.tcpServers[0][0] == 8222
    assert entrance.renew(entrance.read()) == ()
