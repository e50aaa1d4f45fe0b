"""Where the HTTP side listens, and its token."""

from __future__ import annotations

import pytest

from nuttwist.http.settings import HttpSettings, WrongHttp, readToken
from nuttwist.http.site import isLoopback, nameIn


@pytest.mark.parametrize(
    ("given", "endpoint"),
    [
        ("tcp:8222", "tcp:8222:interface=127.0.0.1"),
        ("tcp:8222:interface=0.0.0.0", "tcp:8222:interface=0.0.0.0"),
        ("unix:/run/n.sock", "unix:/run/n.sock"),
    ],
)
def test_withoutAnInterfaceItIsLoopback(given, endpoint):
    """What names an interface is left alone."""
    assert HttpSettings(given).endpoint == endpoint


def test_theTokenIsTheFirstLine(tmp_path):
    """And it is not shown with the settings."""
    file = tmp_path / "token"
    file.write_text("0123456789abcdef\nmore\n")
    token = readToken(str(file))
    assert token == "0123456789abcdef"
    assert token not in repr(HttpSettings("tcp:1", token))


@pytest.mark.parametrize("text", ["", "short\n", "0123456789 abcdef01\n", "ü" * 20])
def test_whatIsNoTokenIsRefused(tmp_path, text):
    """Too short, with blanks, or no ASCII."""
    file = tmp_path / "token"
    file.write_text(text)
    with pytest.raises(WrongHttp, match="token file"):
        readToken(str(file))


def test_aTokenFileThatIsNotThereIsRefused(tmp_path):
    """The error names it."""
    with pytest.raises(WrongHttp, match="absent"):
        readToken(str(tmp_path / "absent"))


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1:80", True),
        ("127.8.9.1", True),
        ("[::1]:80", True),
        ("LOCALHOST:1", True),
        ("localhost.evil.example", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_namesOfThisMachine(host, ours):
    """Loopback addresses and localhost."""
    assert isLoopback(nameIn(host)) is ours
