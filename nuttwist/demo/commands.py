"""
The classic commands of the memcached text protocol, as a table from verb to L{Verb}.

A handler takes the shared L{Host} and the tokens of the line, verb first, and returns a
L{Result}. L{perform} does what all verbs have in common: it cuts the line into tokens, counts
them, honours "noreply" and renders errors.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import attrs

from nuttwist.demo.arguments import keyOf, lengthOf, numberOf
from nuttwist.demo.items import Item, Mode, Outcome, Write
from nuttwist.demo.meta import META
from nuttwist.demo.numerals import signed32, unsigned32, unsigned64
from nuttwist.demo.replies import (
    CLOSE,
    ERROR,
    Body,
    ClientError,
    Host,
    Result,
    ServerError,
    rendered,
    swallow,
    troubleOf,
    whole,
)
from nuttwist.demo.statistics import statistics

_ANY = 1 << 30
_DELETE_USAGE = "bad command line format.  Usage: delete <key> [noreply]"

_REPLIES = {
    Outcome.STORED: b"STORED\r\n",
    Outcome.NOT_STORED: b"NOT_STORED\r\n",
    Outcome.EXISTS: b"EXISTS\r\n",
    Outcome.NOT_FOUND: b"NOT_FOUND\r\n",
}


@attrs.frozen
class Verb:
    """
    One command.

    @ivar fewest: the least number of tokens, with the verb; any other number than allowed is
        answered C{ERROR}.
    @ivar most: the greatest number of tokens.
    @ivar quietFrom: from this many tokens on a last token "noreply" silences the answer, errors
        too; 0 is never.
    """

    run: Callable[[Host, list[bytes]], Result]
    fewest: int
    most: int
    quietFrom: int = 0


def perform(host: Host, line: bytes) -> Result:
    """Do what a command line says; C{None} asks for the connection to be closed."""
    tokens = [token for token in line.partition(b"\0")[0].split(b" ") if token]
    verb = VERBS.get(tokens[0]) if tokens else None
    if verb is None:
        return CLOSE if tokens and tokens[-1].startswith(b"HTTP/") else ERROR
    if not verb.fewest <= len(tokens) <= verb.most:
        return ERROR
    quiet = bool(verb.quietFrom) and len(tokens) >= verb.quietFrom and tokens[-1] == b"noreply"
    result = _guarded(partial(verb.run, host, tokens))
    return _silenced(result) if quiet else result


def _guarded(run: Callable[[], Result]) -> Result:
    try:
        result = run()
    except (ClientError, ServerError) as error:
        return rendered(error)
    if not isinstance(result, Body):
        return result
    return attrs.evolve(result, finish=partial(_finished, result.finish))


def _finished(finish: Callable[[bytes], bytes], data: bytes) -> bytes:
    try:
        return finish(data)
    except (ClientError, ServerError) as error:
        return rendered(error)


def _silenced(result: Result) -> Result:
    if not isinstance(result, Body):
        return b""
    return attrs.evolve(result, finish=partial(_silently, result.finish))


def _silently(finish: Callable[[bytes], bytes], data: bytes) -> bytes:
    finish(data)
    return b""


def _retrieve(withCas: bool, host: Host, tokens: list[bytes]) -> bytes:
    return _values(withCas, tokens[1:], host.cache.get)


def _retrieveAndTouch(withCas: bool, host: Host, tokens: list[bytes]) -> bytes:
    exptime = numberOf(signed32, tokens[1], "invalid exptime argument")
    return _values(withCas, tokens[2:], partial(host.cache.getAndTouch, exptime=exptime))


def _values(withCas: bool, keys: list[bytes], find: Callable[[bytes], Item | None]) -> bytes:
    parts = []
    for key in keys:
        item = find(keyOf(key))
        if item is not None:
            cas = b" %d" % item.cas if withCas else b""
            parts.append(
                b"VALUE %b %d %d%b\r\n%b\r\n" % (key, item.flags, len(item.value), cas, item.value)
            )
    return b"".join(parts) + b"END\r\n"


def _storage(mode: Mode, host: Host, tokens: list[bytes]) -> Body:
    key = keyOf(tokens[1])
    flags = numberOf(unsigned32, tokens[2])
    exptime = numberOf(signed32, tokens[3])
    length = lengthOf(tokens[4])
    cas = numberOf(unsigned64, tokens[5]) if mode is Mode.CAS else None
    write = Write(mode, key, b"", flags, exptime, cas)
    refusal = host.cache.refuse(write, length)
    if refusal is not None:
        return swallow(length, rendered(troubleOf(refusal)))
    return Body(
        length + 2, lambda data: _REPLIES[host.cache.store(attrs.evolve(write, value=whole(data)))]
    )


def _delete(host: Host, tokens: list[bytes]) -> bytes:
    if tokens[2:] not in ([], [b"0"], [b"noreply"], [b"0", b"noreply"]):
        raise ClientError(_DELETE_USAGE)
    return b"DELETED\r\n" if host.cache.delete(keyOf(tokens[1])) else _REPLIES[Outcome.NOT_FOUND]


def _arithmetic(sign: int, host: Host, tokens: list[bytes]) -> bytes:
    key = keyOf(tokens[1])
    delta = numberOf(unsigned64, tokens[2], "invalid numeric delta argument")
    number = host.cache.change(key, delta, up=sign > 0)
    if not isinstance(number, Outcome):
        return b"%d\r\n" % number
    if number not in _REPLIES:
        raise troubleOf(number)
    return _REPLIES[number]


def _touch(host: Host, tokens: list[bytes]) -> bytes:
    key = keyOf(tokens[1])
    exptime = numberOf(signed32, tokens[2], "invalid exptime argument")
    return b"TOUCHED\r\n" if host.cache.touch(key, exptime) else _REPLIES[Outcome.NOT_FOUND]


def _flush(host: Host, tokens: list[bytes]) -> bytes:
    delayed = len(tokens) > 1 and tokens[1:] != [b"noreply"]
    host.cache.flush(numberOf(signed32, tokens[1], "invalid exptime argument") if delayed else 0)
    return b"OK\r\n"


def _version(host: Host, _tokens: list[bytes]) -> bytes:
    return b"VERSION %b\r\n" % host.version.encode()


def _verbosity(_host: Host, tokens: list[bytes]) -> bytes:
    numberOf(unsigned32, tokens[1])
    return b"OK\r\n"


def _quit(_host: Host, _tokens: list[bytes]) -> Result:
    return CLOSE


VERBS = {
    b"get": Verb(partial(_retrieve, False), 2, _ANY),
    b"gets": Verb(partial(_retrieve, True), 2, _ANY),
    b"gat": Verb(partial(_retrieveAndTouch, False), 2, _ANY),
    b"gats": Verb(partial(_retrieveAndTouch, True), 2, _ANY),
    b"set": Verb(partial(_storage, Mode.SET), 5, 6, quietFrom=5),
    b"add": Verb(partial(_storage, Mode.ADD), 5, 6, quietFrom=5),
    b"replace": Verb(partial(_storage, Mode.REPLACE), 5, 6, quietFrom=5),
    b"append": Verb(partial(_storage, Mode.APPEND), 5, 6, quietFrom=5),
    b"prepend": Verb(partial(_storage, Mode.PREPEND), 5, 6, quietFrom=5),
    b"cas": Verb(partial(_storage, Mode.CAS), 6, 7, quietFrom=6),
    b"delete": Verb(_delete, 2, 4, quietFrom=3),
    b"incr": Verb(partial(_arithmetic, 1), 3, 4, quietFrom=3),
    b"decr": Verb(partial(_arithmetic, -1), 3, 4, quietFrom=3),
    b"touch": Verb(_touch, 3, 4, quietFrom=3),
    b"flush_all": Verb(_flush, 1, 3, quietFrom=2),
    b"verbosity": Verb(_verbosity, 2, 3, quietFrom=2),
    b"version": Verb(_version, 1, _ANY),
    b"stats": Verb(statistics, 1, _ANY),
    b"quit": Verb(_quit, 1, _ANY),
    **{name: Verb(run, fewest, _ANY) for name, (run, fewest) in META.items()},
}
