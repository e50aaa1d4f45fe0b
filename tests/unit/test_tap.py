"""The command's options and the service made of them, without a socket or a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from twisted.application.service import IService, Service
from twisted.internet.error import CannotListenError
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import LogLevel, LogPublisher
from twisted.python.usage import Options as TwistedOptions, UsageError
from zope.interface.verify import verifyObject

from nuttwist.command import CommandService
from nuttwist.demo.service import DemoService
from nuttwist.listening.refusal import NoListener
from nuttwist.logs.levels import logFilter
from nuttwist.logs.process import Verbosity
from nuttwist.tap import Options, StartError, makeService

CONFIG = """
alpha:
  listen: 127.0.0.1:22121
  servers:
    - 127.0.0.1:11211:1
"""


def parsed(*arguments: str) -> Options:
    """The options of this command line."""
    options = Options()
    options.parseOptions(list(arguments))
    return options


@pytest.fixture
def config(tmp_path: Path) -> str:
    """The path of a file with one pool."""
    path = tmp_path / "one.yml"
    path.write_text(CONFIG)
    return str(path)


class Failing(Service):
    """A service that finds its port taken, at whichever step of the start."""

    def __init__(self, error: CannotListenError) -> None:
        self.error = error

    def privilegedStartService(self) -> None:
        raise self.error

    def startService(self) -> None:
        raise self.error


def test_defaultsAreTwemproxys() -> None:
    """Without arguments every option has the value that twemproxy gives it."""
    assert dict(parsed()) == {
        "config": "conf/nutcracker.yml",
        "stats-port": 22222,
        "stats-addr": "0.0.0.0",
        "stats-interval": 30000,
        "mbuf-size": 65536,
        "workers": 1,
        "http": "",
        "http-settings": None,
        "http-token-file": "",
        "workers-stats-port": None,
        "log-format": "text",
        "verbose": 5,
        "test-conf": 0,
        "describe-stats": 0,
        "demo": 0,
    }


@pytest.mark.parametrize(
    ("arguments", "key", "value"),
    [
        ("-c f", "config", "f"),
        ("--config=f", "config", "f"),
        ("--conf-file f", "config", "f"),
        ("-s 1", "stats-port", 1),
        ("--stats-port=65535", "stats-port", 65535),
        ("-a ::1", "stats-addr", "::1"),
        ("-i 0", "stats-interval", 0),
        ("-m 512", "mbuf-size", 512),
        ("-m 16777216", "mbuf-size", 16777216),
        ("-v 0", "verbose", 0),
        ("-v 99", "verbose", 11),
    ],
)
def test_optionTakesItsValue(arguments: str, key: str, value: object) -> None:
    """The long and the short spellings set the option, at the ends of what is allowed too."""
    assert parsed(*arguments.split())[key] == value


@pytest.mark.parametrize(
    "value", ["", "0", "65536", "-1", "+5", " 80", "8e1", "\u0664\u0662", "22_2"]
)
def test_wrongPortIsNamedWithWhatIsAllowed(value: str) -> None:
    """A usage error names the option, the value as it came, and the range."""
    with pytest.raises(UsageError) as refused:
        parsed("--stats-port", value)
    allowed = "is not a whole number from 1 to 65535"
    assert str(refused.value) == f"option --stats-port: {value!r} {allowed}"


@pytest.mark.parametrize(
    ("verbosities", "least"),
    [
        ((0, 1), LogLevel.critical),
        ((2, 3), LogLevel.error),
        ((4,), LogLevel.warn),
        ((5, 6), LogLevel.info),
        ((7, 8, 9, 10, 11), LogLevel.debug),
    ],
)
def test_verbosityIsALogLevel(verbosities: tuple[int, ...], least: object) -> None:
    """Each of twemproxy's levels lets through one of Twisted's and what is more serious."""
    assert {logFilter(verbosity).defaultLogLevel for verbosity in verbosities} == {least}


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (("127.0.0.1", 22121), "127.0.0.1:22121"),
        ((None, "/run/nutproxy.sock"), "/run/nutproxy.sock"),
    ],
)
@pytest.mark.parametrize("step", ["privilegedStartService", "startService"])
def test_takenPortIsToldInOneLine(place: tuple[str | None, object], told: str, step: str) -> None:
    """At either step of the start the failure is the address and the system's reason."""
    verbosity = Verbosity(5, LogPublisher())
    command = CommandService(MemoryReactorClock(), verbosity, lambda: None, lambda: None)
    Failing(CannotListenError(*place, OSError(98, "Address already in use"))).setServiceParent(
        command
    )
    with pytest.raises(StartError) as failed:
        getattr(command, step)()
    reason = "Address already in use"
    assert failed.value.code == f"nutproxy: cannot listen on {told}: {reason}"


def test_takenPortIsToldWithWhoWantsIt() -> None:
    """One of many pools is named."""
    command = CommandService(
        MemoryReactorClock(), Verbosity(5, LogPublisher()), lambda: None, lambda: None
    )
    taken = CannotListenError("127.0.0.1", 22121, OSError(98, "Address already in use"))
    Failing(NoListener("alpha", taken)).setServiceParent(command)
    with pytest.raises(StartError) as failed:
        command.privilegedStartService()
    told = "alpha: cannot listen on 127.0.0.1:22121: Address already in use"
    assert failed.value.code == f"nutproxy: {told}"


def test_startFailureIsBothAnExceptionAndAnExit() -> None:
    """The runners tidy up after an Exception, and Python prints the words of a SystemExit."""
    assert issubclass(StartError, Exception)
    assert issubclass(StartError, SystemExit)


def test_madeServiceHasOpenedNothing(config: str) -> None:
    """A service is made on the reactor given, and nothing happens before it is started."""
    reactor = MemoryReactorClock()
    service = makeService(parsed("-c", config), reactor)
    assert verifyObject(IService, service)
    assert (reactor.tcpServers, reactor.tcpClients, reactor.getDelayedCalls()) == ([], [], [])


def test_wrongConfigurationMakesNoService(tmp_path: Path) -> None:
    """The reason not to start has the file and every mistake in it."""
    path = tmp_path / "wrong.yml"
    path.write_text(CONFIG + "  hash: nosuch\n  timeout: soon\n")
    with pytest.raises(StartError) as failed:
        makeService(parsed("-c", str(path)), MemoryReactorClock())
    head, *mistakes = str(failed.value).splitlines()
    assert head == f"nutproxy: configuration file '{path}' is invalid"
    assert ["nosuch" in mistakes[0], "soon" in mistakes[1], len(mistakes)] == [True, True, 2]


def test_demoNeedsNoConfiguration() -> None:
    """With --demo the file is not read, and the service is the demo's."""
    (service,) = makeService(parsed("--demo", "-c", "/nosuch"), MemoryReactorClock())
    assert isinstance(service, DemoService)


@pytest.mark.parametrize(("verbosity", "level"), [("5", "warn"), ("11", "debug"), ("2", "error")])
def test_verbosityIsHandedToARunnerWithALevel(config: str, verbosity: str, level: str) -> None:
    """A runner's own level holds unless --verbose asks for something else than the default."""
    options = parsed("-c", config, "-v", verbosity)
    options.parent = TwistedOptions()
    options.parent["logLevel"] = LogLevel.warn
    makeService(options, MemoryReactorClock())
    assert options.parent["logLevel"] is LogLevel.levelWithName(level)


def test_commandDoesNotChooseAReactor() -> None:
    """Importing the module leaves the choice of the reactor to the runner."""
    code = "import sys, nuttwist.tap; sys.exit('twisted.internet.reactor' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
