"""
What the parent and a worker say to each other: one JSON object a line.

A message that is read has the types that its fields are declared with, down to tuples in lists:
the compiled core takes no list for a tuple. What is declared as C{Any} holds what JSON has.
"""

from __future__ import annotations

import json
from typing import Any, get_args

import attrs
from cattrs import BaseValidationError, Converter, ForbiddenExtraKeysError

from nuttwist.observed import Observed
from nuttwist.statistics import PoolFigures


class WrongMessage(ValueError):
    """
    A line that is no message; the argument is the line.
    """


@attrs.frozen
class Start:
    """
    To a worker, first: serve these pools.

    @ivar pools: as L{nuttwist.workers.configs} writes them.
    @ivar listeners: the file descriptor of each pool's listener, by its name, in the order of
        the pools.
    @ivar tally: the file descriptor of the L{nuttwist.workers.tally.Tally}.
    @ivar number: of the worker, from 0.
    @ivar workers: how many there are.
    @ivar readSize: bytes read from a connection at a time.
    @ivar verbose: from 0 to 11.
    @ivar out: the servers that are out already.
    @ivar files: what the parent has read in files with certificates and keys, by their paths, as
        Latin-1; they may be others by now.
    @ivar secret: what hidden keys are hashed with, as hexadecimal digits; empty when nobody looks
        at requests.
    """

    pools: list[dict[str, Any]]
    listeners: dict[str, int]
    tally: int
    number: int
    workers: int
    readSize: int
    verbose: int
    out: list[Ejected]
    files: dict[str, str] = attrs.field(factory=dict, repr=False)
    secret: str = ""


@attrs.frozen
class Change:
    """
    To a worker: serve these pools from now on. With it come file descriptors: that of their
    tally, then one for each of C{listeners}.

    @ivar pools: as in L{Start}.
    @ivar listeners: the names of the pools that listen anew.
    @ivar files: as in L{Start}.
    """

    pools: list[dict[str, Any]]
    listeners: list[str]
    files: dict[str, str] = attrs.field(factory=dict, repr=False)


@attrs.frozen
class Changed:
    """
    To the parent: these pools are served.
    """


@attrs.frozen
class Stop:
    """
    To a worker: close everything and end.
    """


@attrs.frozen
class Verbose:
    """
    To a worker: log so much from now on.

    @ivar verbosity: from 0 to 11.
    """

    verbosity: int


@attrs.frozen
class Ready:
    """
    To the parent: the worker accepts clients.
    """


@attrs.frozen
class Ejected:
    """
    A server is out; told by the worker that ejected it, and then to the others.

    @ivar seconds: for how long from now, before it is asked whether it is well; L{None}: it is
        not asked.
    @ivar why: in a few words.
    @ivar byHand: a person has ejected it, and not its failures.
    """

    pool: str
    server: str
    seconds: float | None
    why: str = ""
    byHand: bool = False


@attrs.frozen
class Readmitted:
    """
    A server is back; told by the worker that found it well, and then to the others.

    @ivar byHand: a person has let it in, and it was not asked.
    """

    pool: str
    server: str
    byHand: bool = False


@attrs.frozen
class Ask:
    """
    To a worker: tell the counters.

    @ivar number: comes back with the answer.
    @ivar look: tell also what was seen of requests.
    @ivar tap: tell also the samples since the last time this was asked; they are kept as long
        as it is asked again and again.
    """

    number: int
    look: bool = False
    tap: bool = False


@attrs.frozen
class Told:
    """
    To the parent: the counters of this moment.

    @ivar number: of the L{Ask}; 0 when the worker tells them unasked, because it ends.
    @ivar seen: of each pool; nothing when that was not asked for.
    @ivar samples: the fields of each.
    """

    number: int
    pools: list[PoolFigures]
    seen: list[Observed] = attrs.field(factory=list)
    samples: list[dict[str, Any]] = attrs.field(factory=list)


@attrs.frozen
class Logged:
    """
    To the parent: an event of the worker's log.

    @ivar level: the name of its level.
    @ivar event: its name, if it is one of L{nuttwist.logs.events}.
    @ivar fields: of such an event.
    @ivar traceback: of the exception that it is about; empty if it is about none.
    """

    level: str
    text: str
    namespace: str = ""
    event: str | None = None
    fields: dict[str, Any] = attrs.field(factory=dict)
    traceback: str = ""


Message = (
    Start | Change | Changed | Stop | Verbose | Ready | Ejected | Readmitted | Ask | Told | Logged
)

#: By the word that stands for it in a line.
KINDS: dict[str, type[Any]] = {each.__name__.lower(): each for each in get_args(Message)}

_converter = Converter(forbid_extra_keys=True, detailed_validation=False)

#: What is raised for a line that is no JSON, or for fields that are not those of the message.
_WRONG = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    BaseValidationError,
    ForbiddenExtraKeysError,
)


def encode(message: Message) -> bytes:
    """
    The line of a message, without its end.
    """
    kind = type(message).__name__.lower()
    return json.dumps({"kind": kind, **_converter.unstructure(message)}).encode("ascii")


def decode(line: bytes) -> Message:
    """
    The message of a line.

    @raise WrongMessage: it is none.
    """
    try:
        fields = json.loads(line)
        message: Message = _converter.structure(fields, KINDS[fields.pop("kind")])
    except _WRONG as wrong:
        raise WrongMessage(line) from wrong
    return message
