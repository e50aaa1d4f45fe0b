"""A file read again and again, with whatever is in it by then."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import CannotListenError
from twisted.logger import LogLevel, capturedLogs, formatEvent
from twisted.python.failure import Failure

from nuttwist.changes import Changes, Renewal, difference
from nuttwist.config import Listen, PoolConfig, ServerConfig, SettingError
from nuttwist.config.credentials import Credentials
from nuttwist.config.file import ConfigError, parseConfig
from nuttwist.reloading import Reloading, Together

ALPHA = PoolConfig(
    name="alpha",
    listen=Listen(host="127.0.0.1", port=22121),
    servers=[ServerConfig(host="10.0.0.1", port=11211)],
)
WRONG = "alpha:\n  listen: 127.0.0.1:1\n  hash: nosuch\n  timeout: soon\n  servers:\n  - a:1:1\n"


class Files:
    """
    A file whose content is there when the test says so, and a proxy.

    @ivar reads: of the file, not answered yet.
    @ivar pools: of the proxy.
    @ivar error: what the proxy cannot do.
    """

    def __init__(self) -> None:
        self.reads: list[Deferred] = []
        self.pools = [ALPHA]
        self.error: Exception | None = None
        self.reloading = Reloading("/etc/pools.yml", self._read, self)

    def _read(self, path: str) -> Deferred:
        assert path == "/etc/pools.yml"
        self.reads.append(Deferred())
        return self.reads[-1]

    def reconfigure(self, pools: list[PoolConfig]) -> Deferred[Changes]:
        """What a proxy does."""
        if self.error is not None:
            return fail(self.error)
        before, self.pools = self.pools, pools
        return succeed(difference(before, pools))

    def reload(self, answer: object) -> list[tuple[object, str]]:
        """Reload, and give what was logged about it behind the first line."""
        with capturedLogs() as events:
            self.reloading.reload()
            self.reads.pop().callback(answer)
        return [(each["log_level"], formatEvent(each)) for each in events[1:]]


@pytest.fixture
def files() -> Files:
    """Give a file and a proxy."""
    return Files()


def test_nothingChanged(files: Files) -> None:
    """The same file is no news, and that is said."""
    assert files.reload([ALPHA]) == [(LogLevel.info, "nothing changed")]


def test_whatChangedIsALineEach(files: Files) -> None:
    """The difference is logged when it is in force."""
    assert files.reload([]) == [
        (LogLevel.info, "pool alpha: removed"),
        (LogLevel.info, "/etc/pools.yml is in force"),
    ]
    assert files.pools == []


def test_everyMistakeIsALine(files: Files) -> None:
    """A wrong file is refused whole, with all that is wrong in it."""
    with pytest.raises(ConfigError) as wrong:
        parseConfig(WRONG.encode(), "/etc/pools.yml")
    *mistakes, last = files.reload(Failure(wrong.value))
    assert [("nosuch" in mistakes[0][1], "soon" in mistakes[1][1])] == [(True, True)]
    assert {level for level, _ in mistakes} == {LogLevel.error}
    assert last == (LogLevel.error, "/etc/pools.yml is refused, nothing changed")
    assert files.pools == [ALPHA]


@pytest.mark.parametrize(
    "error",
    [
        CannotListenError("127.0.0.1", 1, OSError("taken")),
        SettingError("backup", "b", "the name of a pool", "alpha"),
    ],
)
def test_whatCannotBeDoneIsRefused(files: Files, error: Exception) -> None:
    """A port or a certificate that is not to be had leaves everything as it was."""
    files.error = error
    assert files.reload([]) == [
        (LogLevel.error, str(error)),
        (LogLevel.error, "/etc/pools.yml is refused, nothing changed"),
    ]
    files.error = None
    assert files.reload([ALPHA]) == [(LogLevel.info, "nothing changed")]


class Beside:
    """
    Somebody with a certificate of its own.

    @ivar shown: whether the renewed one is shown.
    @ivar error: what is wrong with it.
    """

    shown = False
    error: Exception | None = None

    def read(self) -> Credentials:
        """Its files."""
        if self.error is not None:
            raise self.error
        return Credentials({("certificate", "/c.pem"): b"new"})

    def renew(self, fresh: Credentials) -> tuple[Renewal, ...]:
        """Those are shown."""
        assert fresh == Credentials({("certificate", "/c.pem"): b"new"})
        self.shown = True
        return (Renewal("http", ("certificate",)),)


@pytest.fixture
def beside(files: Files) -> Beside:
    """Give somebody who is reloaded together with the proxy."""
    made = Beside()
    files.reloading = Reloading("/etc/pools.yml", files._read, Together(files, made))
    return made


def test_aCertificateBesideThePoolsIsTakenInWithThem(files: Files, beside: Beside) -> None:
    """It is told behind what has changed in the pools."""
    assert [text for _, text in files.reload([])] == [
        "pool alpha: removed",
        "http: certificate renewed",
        "/etc/pools.yml is in force",
    ]
    assert beside.shown


def test_aWrongCertificateBesideThePoolsRefusesAll(files: Files, beside: Beside) -> None:
    """The pools stay as they were."""
    beside.error = SettingError("http", "ssl:1", "a file")
    assert [text for _, text in files.reload([])] == [
        "http: saw 'ssl:1', allowed: a file",
        "/etc/pools.yml is refused, nothing changed",
    ]
    assert files.pools == [ALPHA]


def test_poolsThatAreRefusedLeaveTheCertificateBesideThem(files: Files, beside: Beside) -> None:
    """It is not shown either."""
    files.error = CannotListenError("127.0.0.1", 1, OSError("taken"))
    files.reload([])
    assert not beside.shown


def test_severalAtOnceAreOneMore(files: Files) -> None:
    """Asked for while the file is read, it is read once more behind that."""
    for _ in range(3):
        files.reloading.reload()
    (first,) = files.reads
    first.callback([])
    _, second = files.reads
    assert files.pools == []
    second.callback([ALPHA])
    assert files.pools == [ALPHA]
    assert len(files.reads) == 2


def test_theUnexpectedDoesNotEndIt(files: Files) -> None:
    """A mistake of the proxy's own is logged, and the next time is as any other."""
    with capturedLogs() as events:
        files.reloading.reload()
        files.reads.pop().errback(ZeroDivisionError())
    assert events[-1]["log_level"] is LogLevel.critical
    assert files.reload([]) != []
