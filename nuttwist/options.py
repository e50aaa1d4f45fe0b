"""
The command line of C{nutproxy}: twemproxy's options, as far as twistd has none of its own.

A value that is not allowed is a L{UsageError} that names the option, the value and what is
allowed. The informational options answer on standard error and exit, as twemproxy's do.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from twisted.python.usage import Options as TwistedOptions, UsageError

from nuttwist.config.file import ConfigError, loadConfig
from nuttwist.form import described
from nuttwist.http.settings import HttpSettings, WrongHttp, readToken

LOG_FORMATS = ("text", "json")

_COUNTERS = {
    "pool": {
        "client_eof": "client connections ended by the client or by quit",
        "client_err": "client connections ended in any other way",
        "client_connections": "client connections open now",
        "server_ejects": "times a server was ejected",
        "forward_error": "requests answered with an error of the proxy's",
        "fragments": "parts that requests for several servers were split into",
    },
    "server": {
        "server_eof": "server connections ended by the server",
        "server_err": "server connections ended by an error",
        "server_timedout": "server connections ended by the pool's timeout",
        "server_connections": "server connections open now",
        "server_ejected_at": "when the server was last ejected, microseconds since the epoch",
        "requests": "requests forwarded, each part of a split request counted",
        "request_bytes": "bytes of those requests",
        "responses": "replies passed on to clients",
        "response_bytes": "bytes of those replies",
        "in_queue": "requests waiting to be written to the server now",
        "in_queue_bytes": "bytes of those requests",
        "out_queue": "requests written and waiting for their reply now",
        "out_queue_bytes": "bytes of those requests",
    },
}


def _wholeNumber(option: str, least: int, most: int) -> Callable[[str], int]:
    """
    @return: A parser of the option's value, digits for a number within the bounds.
    @raise UsageError: From the parser.
    """

    def parse(value: str) -> int:
        number = int(value) if value.isascii() and value.isdigit() else -1
        if least <= number <= most:
            return number
        raise UsageError(
            f"option --{option}: {value!r} is not a whole number from {least} to {most}"
        )

    return parse


def _verbosity(value: str) -> int:
    """Parse a verbosity as twemproxy does, which takes any greater number as the greatest."""
    return _wholeNumber("verbose", 0, 11)("11" if value.isdigit() and int(value) > 11 else value)


def _address(value: str) -> str:
    """Refuse the empty address, which would be every interface without saying so."""
    if not value:
        raise UsageError("option --stats-addr: '' is not an IP address or a host name")
    return value


def _logFormat(value: str) -> str:
    if value in LOG_FORMATS:
        return value
    raise UsageError(f"option --log-format: {value!r} is neither {' nor '.join(LOG_FORMATS)}")


def _counterLines() -> list[str]:
    return [
        line
        for scope, counters in _COUNTERS.items()
        for line in (
            f"{scope} stats:",
            *(f"  {name:<20}{meaning}" for name, meaning in counters.items()),
            "",
        )
    ]


class Options(TwistedOptions):
    """
    What C{nutproxy} was asked for.

    The keys are C{config}, C{stats-port}, C{stats-addr}, C{stats-interval} (milliseconds),
    C{mbuf-size} (bytes), C{workers} (as many as there are processors in place of 0),
    C{workers-stats-port}, C{log-format}, C{verbose}, C{http-settings} (C{None} without
    C{--http}), C{test-conf}, C{describe-stats} and C{demo}.
    """

    synopsis = "Usage: twistd [twistd's options] nutproxy [options]"
    longdesc = (
        "A memcached and redis proxy that reads twemproxy's configuration. Daemonising, the pid"
        " file and the log file are twistd's own options, given before nutproxy: twemproxy's"
        " -o is twistd's --logfile, its -p is --pidfile, and twistd daemonises unless told -n."
    )

    optFlags = [
        ["test-conf", "t", "Say whether the configuration is right, and exit 0 or 1."],
        ["describe-stats", "D", "List the counters and their meaning, and exit."],
        ["demo", None, "Serve 127.0.0.1:22121 from two embedded memcached servers."],
    ]

    optParameters = [
        ["config", "c", "conf/nutcracker.yml", "The configuration file."],
        [
            "stats-port",
            "s",
            22222,
            "The port of the statistics.",
            _wholeNumber("stats-port", 1, 65535),
        ],
        ["stats-addr", "a", "0.0.0.0", "The address of the statistics.", _address],  # noqa: S104
        [
            "stats-interval",
            "i",
            30000,
            "Milliseconds; taken for twemproxy's sake, the counters here are always current.",
            _wholeNumber("stats-interval", 0, 2**31 - 1),
        ],
        [
            "mbuf-size",
            "m",
            65536,
            "Bytes read from a connection at once.",
            _wholeNumber("mbuf-size", 512, 16777216),
        ],
        [
            "workers",
            "w",
            1,
            "Processes that serve clients; 0 for as many as there are processors.",
            _wholeNumber("workers", 0, 1024),
        ],
        [
            "workers-stats-port",
            None,
            None,
            "The port of the statistics of each worker; by default there is none.",
            _wholeNumber("workers-stats-port", 1, 65535),
        ],
        [
            "log-format",
            None,
            "text",
            "How the log is written: text, or json with one object a line.",
            _logFormat,
        ],
        ["http", None, "", "The endpoint of metrics, API and dashboard; by default none."],
        [
            "http-token-file",
            None,
            "",
            "A file with the token for what changes state over HTTP.",
        ],
        [
            "verbose",
            "v",
            5,
            "Log 0-1 critical, 2-3 errors, 4 warnings, 5-6 information, 7-11 everything.",
            _verbosity,
        ],
    ]

    def opt_http_host(self, name: str) -> None:
        """A name under which the HTTP side is reached; may be repeated."""
        self.setdefault("http-hosts", []).append(name)

    def opt_conf_file(self, path: str) -> None:
        """twemproxy's spelling of --config."""
        self["config"] = path

    def opt_version(self) -> None:
        """Display the version of nuttwist and its form, and exit."""
        sys.stderr.write(f"This is {described()}\n")
        raise SystemExit(0)

    opt_V = opt_version

    opt_h = TwistedOptions.opt_help

    def parseArgs(self, *extra: str) -> None:
        """Refuse what is not an option: twemproxy's silence hides a mistyped command."""
        if extra:
            raise UsageError(f"nutproxy takes options only, {extra[0]!r} is not one")

    def postOptions(self) -> None:
        """Count the processors, and answer the informational options."""
        if self["demo"] and self["workers"] != 1:
            raise UsageError("option --workers: the demo is one process")
        self["http-settings"] = self._http()
        self["workers"] = self["workers"] or len(os.sched_getaffinity(0))
        if self["describe-stats"]:
            sys.stderr.write("\n".join(_counterLines()))
            raise SystemExit(0)
        if self["test-conf"]:
            raise SystemExit(self._testConfig())

    def _http(self) -> HttpSettings | None:
        path = self["http-token-file"]
        try:
            token = readToken(path) if path else None
        except WrongHttp as wrong:
            raise UsageError(f"option --http-token-file: {wrong}") from None
        hosts = tuple(self.get("http-hosts", ()))
        return HttpSettings(self["http"], token, hosts) if self["http"] else None

    def _testConfig(self) -> int:
        path = self["config"]
        try:
            loadConfig(path)
        except ConfigError as wrong:
            sys.stderr.write(f"nutproxy: configuration file {path!r} syntax is invalid\n{wrong}\n")
            return 1
        sys.stderr.write(f"nutproxy: configuration file {path!r} syntax is ok\n")
        return 0
