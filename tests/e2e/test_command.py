"""The command line: what it answers by itself, and what it refuses."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

import nuttwist
from tests.e2e.command import MODULE, TWISTD, finished, freePort, poolFile

COUNTERS = [
    "client_eof",
    "client_err",
    "client_connections",
    "server_ejects",
    "forward_error",
    "fragments",
    "server_eof",
    "server_err",
    "server_timedout",
    "server_connections",
    "server_ejected_at",
    "requests",
    "request_bytes",
    "responses",
    "response_bytes",
    "in_queue",
    "in_queue_bytes",
    "out_queue",
    "out_queue_bytes",
]


@pytest.mark.parametrize("runner", [(*TWISTD, "-n"), MODULE], ids=["twistd", "module"])
@pytest.mark.parametrize("option", ["--test-conf", "-t"])
def test_rightConfigurationIsSaidToBeOk(
    runner: tuple[str, ...], option: str, tmp_path: Path
) -> None:
    """The verdict comes on standard error with status 0, and the pool's own port is not needed."""
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        path = poolFile(tmp_path, occupied.getsockname()[1])
        ended = finished(*runner, "nutproxy", option, "-c", path, cwd=tmp_path)
    verdict = f"nutproxy: configuration file '{path}' syntax is ok\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", verdict)


def test_wrongConfigurationIsToldWholeByTestConf(tmp_path: Path) -> None:
    """Every mistake is told below one verdict, with status 1."""
    path = poolFile(tmp_path, freePort(), "hash: nosuch", "timeout: soon")
    ended = finished(*TWISTD, "nutproxy", "--test-conf", "--conf-file", path, cwd=tmp_path)
    verdict, *mistakes = ended.stderr.splitlines()
    assert verdict == f"nutproxy: configuration file '{path}' syntax is invalid"
    assert ended.returncode == 1
    assert ["hash" in mistakes[0], "timeout" in mistakes[1], len(mistakes)] == [True, True, 2]


def test_absentConfigurationIsInvalid(tmp_path: Path) -> None:
    """Without --config the file is conf/nutcracker.yml, which is not there."""
    ended = finished(*TWISTD, "nutproxy", "-t", cwd=tmp_path)
    assert ended.returncode == 1
    assert "'conf/nutcracker.yml' syntax is invalid" in ended.stderr


@pytest.mark.parametrize("runner", [(*TWISTD, "-n"), MODULE], ids=["twistd", "module"])
def test_wrongConfigurationDoesNotStart(runner: tuple[str, ...], tmp_path: Path) -> None:
    """A start with a wrong file ends at once and tells every mistake, without a traceback."""
    path = poolFile(tmp_path, freePort(), "hash: nosuch", "timeout: soon")
    ended = finished(*runner, "nutproxy", "--config", path, cwd=tmp_path)
    assert ended.returncode == 1
    assert f"nutproxy: configuration file '{path}' is invalid\n" in ended.stderr
    assert ["nosuch" in ended.stderr, "soon" in ended.stderr] == [True, True]
    assert "Traceback" not in ended.stdout + ended.stderr


@pytest.mark.parametrize("option", ["--describe-stats", "-D"])
def test_countersAreDescribed(option: str, tmp_path: Path) -> None:
    """Every counter of the statistics is listed once with its meaning, and the status is 0."""
    ended = finished(*TWISTD, "nutproxy", option, cwd=tmp_path)
    listed = [line.split(maxsplit=1) for line in ended.stderr.splitlines() if line[:2] == "  "]
    assert ended.returncode == 0
    assert [name for name, _meaning in listed] == COUNTERS


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-s", "0"], "--stats-port: '0' is not a whole number from 1 to 65535"),
        (["--stats-port", "65536"], "--stats-port: '65536' is not a whole number from 1 to 65535"),
        (["-a", ""], "--stats-addr: '' is not an IP address or a host name"),
        (["-i", "1s"], "--stats-interval: '1s' is not a whole number from 0 to"),
        (["-m", "511"], "--mbuf-size: '511' is not a whole number from 512 to 16777216"),
        (["-m", "16777217"], "--mbuf-size: '16777217' is not a whole number from 512 to 16777216"),
        (["-v", "-3"], "--verbose: '-3' is not a whole number from 0 to 11"),
        (["--nosuch"], "--nosuch"),
        (["extra"], "'extra' is not one"),
    ],
)
def test_wrongOptionIsRefused(arguments: list[str], told: str, tmp_path: Path) -> None:
    """The option, the value and what is allowed are named, with status 1."""
    ended = finished(*TWISTD, "-n", "nutproxy", *arguments, cwd=tmp_path)
    assert ended.returncode == 1
    assert told in (ended.stdout + ended.stderr).splitlines()[-1]


def test_helpNamesEveryOption(tmp_path: Path) -> None:
    """The help of nutproxy lists its options, those of twemproxy's spelling among them."""
    ended = finished(*TWISTD, "nutproxy", "--help", cwd=tmp_path)
    options = ["--config=", "--conf-file=", "--stats-port=", "--stats-addr=", "--stats-interval="]
    options += ["--mbuf-size=", "--verbose=", "--test-conf", "--describe-stats", "--demo"]
    absent = [option for option in options if option not in ended.stdout]
    assert (ended.returncode, absent) == (0, [])


def test_commandIsOfferedByTwistd(tmp_path: Path) -> None:
    """The list of twistd's commands has nutproxy in it."""
    assert "  nutproxy  " in finished(*TWISTD, "--help", cwd=tmp_path).stdout


@pytest.mark.parametrize("runner", [TWISTD, MODULE], ids=["twistd", "module"])
def test_whatIsStartedHasTheFormThatIsTested(runner: tuple[str, ...], tmp_path: Path) -> None:
    """A run of these tests on the compiled core starts compiled proxies, from any folder."""
    version = finished(*runner, "nutproxy", "--version", cwd=tmp_path).stderr.rstrip()
    core = {"compiled": "compiled core", "pure": "pure Python"}
    assert version.endswith(f" ({core[nuttwist.__version__.partition('+')[2]]})")
