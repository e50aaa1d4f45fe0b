"""
What the log can say: every event of the proxy's own, with its name, its level and its fields.

The names are for programs that read the log and stay what they are; C{docs/logging.md} says what to
do about each. Nothing else of the package writes to the log.
"""

from __future__ import annotations

from string import Formatter
from typing import Any

import attrs
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

#: Names that the line of an event has anyway.
RESERVED = frozenset({"time", "level", "namespace", "event", "message", "traceback", "fields"})


@attrs.frozen
class Event:
    """
    Something that can happen.

    @ivar name: for programs.
    @ivar text: for people, with fields in braces.
    @ivar more: names of fields that the text does not have.
    """

    name: str
    level: Any  # constantly has no types
    text: str
    more: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """
        The names of all its fields.
        """
        told = [name for _, name, _, _ in Formatter().parse(self.text) if name]
        return (*told, *self.more)

    def __call__(self, log: Logger, **fields: object) -> None:
        """
        It has happened.

        @param log: of the module where it has.
        """
        log.emit(self.level, self.text, event=self.name, fields=fields, **fields)

    def failed(self, log: Logger, failure: Failure | None = None, **fields: object) -> None:
        """
        It has happened over an exception, which the log has too.

        @param failure: L{None}: the exception that is being handled.
        """
        log.failure(self.text, failure, self.level, event=self.name, fields=fields, **fields)


_DEBUG, _INFO, _WARN = LogLevel.debug, LogLevel.info, LogLevel.warn
_ERROR, _CRITICAL = LogLevel.error, LogLevel.critical

# -- the process

STARTING = Event("starting", _INFO, "{version} starts, process {pid}")
STARTED = Event("started", _INFO, "started")
STOPPING = Event("stopping", _INFO, "stopping: what is in flight is finished first")
STOPPED = Event("stopped", _INFO, "stopped")
STOPPING_AT_ONCE = Event("stopping_at_once", _WARN, "stopping at once: told to a second time")
VERBOSITY = Event(
    "verbosity_changed", _INFO, "from now on the log has {least} and what is more serious"
)
LOG_REOPENED = Event("log_reopened", _INFO, "reopened the log file")
LOG_NOT_REOPENED = Event("log_not_reopened", _WARN, "the log file cannot be reopened: {reason}")
NO_LOG_FILE = Event("no_log_file", _INFO, "there is no log file to reopen")

# -- another configuration

RELOADING = Event("reloading", _INFO, "reading {path} again")
RELOADED = Event("reloaded", _INFO, "{path} is in force")
RELOAD_CHANGE = Event("reload_change", _INFO, "{change}")
RELOAD_UNCHANGED = Event("reload_unchanged", _INFO, "nothing changed")
RELOAD_MISTAKE = Event("reload_mistake", _ERROR, "{reason}")
RELOAD_REFUSED = Event("reload_refused", _ERROR, "{path} is refused, nothing changed")
RELOAD_FAILED = Event("reload_failed", _CRITICAL, "the configuration could not be changed")
NOT_RELOADABLE = Event(
    "reload_impossible", _WARN, "the demo has no configuration file to read again"
)

# -- listeners

LISTENING = Event("listening", _INFO, "{listener}: listening on {address}")
NOT_LISTENING = Event("listener_closed", _INFO, "{listener}: not listening on {address} any more")
LISTENER_LOST = Event(
    "listener_lost", _ERROR, "{listener}: cannot go on listening on {address}: {reason}"
)

# -- pools

POOL_DRAINING = Event(
    "pool_draining",
    _INFO,
    "{pool}: draining, clients: {clients}, {seconds:g} s for what is in flight",
)
POOL_STOPPED = Event("pool_stopped", _INFO, "{pool}: stopped")
NOT_ENDED = Event("removal_failed", _CRITICAL, "what was removed did not end well")

# -- clients: of each only with --verbose=7 and more

CLIENT_ACCEPTED = Event("client_accepted", _DEBUG, "{pool}: accepted {client}")
CLIENT_CLOSED = Event(
    "client_closed", _DEBUG, "{pool}: closed {client}: {reason}", ("received", "clients")
)
CLIENT_REFUSED = Event(
    "client_refused", _DEBUG, "{pool}: refused {client}: there are {clients} already"
)
CLIENT_SLOW = Event(
    "client_slow",
    _WARN,
    "{pool}: closing {client}, which takes too little of its replies: {held} bytes are held",
)
CLIENT_SUSPECT = Event("client_suspect", _WARN, "{pool}: closing {client}: {reason}")

# -- servers

SERVER_CONNECTED = Event(
    "server_connected", _INFO, "{pool}: connected to {server} ({address})", ("connections",)
)
SERVER_CLOSED = Event("server_closed", _INFO, "{pool}: closed a connection to {server} ({address})")
SERVER_LOST = Event(
    "server_lost",
    _INFO,
    "{pool}: lost a connection to {server} ({address}): {reason}",
    ("counter",),
)
SERVER_UNREACHABLE = Event(
    "server_unreachable",
    _INFO,
    "{pool}: cannot connect to {server} ({address}): {reason}",
    ("counter",),
)
SERVER_NONSENSE = Event(
    "server_nonsense", _WARN, "{pool}: {server} ({address}) sent what is no reply: {reply!r}"
)
SERVER_REFUSED = Event(
    "greeting_refused", _WARN, "{pool}: {server} ({address}) refused the greeting: {reason}"
)
SERVER_EJECTED = Event(
    "server_ejected",
    _WARN,
    "{pool}: ejected {server} {term}: {reason}",
    ("seconds", "by_hand"),
)
SERVER_PROBED = Event("server_probed", _DEBUG, "{pool}: asking {server} whether it is well")
SERVER_STILL_OUT = Event(
    "server_still_out",
    _INFO,
    "{pool}: {server} is still out, and is asked again in {seconds:.3g} s",
)
SERVER_BACK = Event("server_readmitted", _INFO, "{pool}: {server} is back", ("by_hand",))

# -- workers

WORKER_READY = Event("worker_ready", _INFO, "worker {worker} is ready (pid {pid})")
WORKER_ENDED = Event(
    "worker_ended",
    _WARN,
    "worker {worker} (pid {pid}) has ended: {reason}; another starts in {seconds} s",
)
WORKER_OUTPUT = Event("worker_output", _WARN, "worker {worker}: {line}")
WORKER_UNREADABLE = Event(
    "worker_unreadable", _ERROR, "worker {worker} sent a message that cannot be read: {line!r}"
)
MESSAGE_FAILED = Event("message_failed", _CRITICAL, "{order} cannot be done")

# -- the demo

DEMO_LISTENING = Event(
    "demo_listening",
    _INFO,
    """nutproxy --demo is listening:
  memcached pool  {pool}
  servers         {servers}
  statistics      {statistics}
Try `telnet {host} {port}` and these three lines:
  set greeting 0 0 5
  hello
  get greeting""",
)

# -- what should not happen

TASK_FAILED = Event("task_failed", _CRITICAL, "{task} failed at the end of a turn")
CONNECTION_FAILED = Event("connection_failed", _CRITICAL, "{selectable} is closed over an error")
END_FAILED = Event("end_failed", _CRITICAL, "{selectable} failed over its end")
COUNTING_FAILED = Event("counting_failed", _CRITICAL, "{what} failed; all else goes on")
ANSWER_FAILED = Event("answer_failed", _CRITICAL, "{path} cannot be answered")

EVENTS: tuple[Event, ...] = tuple(each for each in vars().values() if isinstance(each, Event))
