"""
How a line of each shape is read: one function a shape of the command table.

Each gets the client, the line without its end, the line's words and the command's row, and says
how many raw bytes follow the line. Each ends in one of the client's methods, in an answer
of the proxy's own, or in a gather.
"""

from __future__ import annotations

from collections.abc import Callable

from nuttwist.wire.memcache import commands as c, gathers
from nuttwist.wire.memcache.client import Client
from nuttwist.wire.memcache.commands import CRLF, Command, Shape
from nuttwist.wire.memcache.keys import hasFlag, isKey, isWord, routeDecoded, routedKey
from nuttwist.wire.memcache.retrieving import several
from nuttwist.wire.request import CLASSIC, NOTHING, QUIET

#: The numbers of a storage command: FLAGS EXPTIME LENGTH.
STORED = (c.FLAGS, c.EXPTIME, c.LENGTH)

#: Where a line that announces a value says how long it is.
LENGTH_AT = {Shape.STORE: 4, Shape.META_STORE: 2}

#: The shapes that may end in noreply.
NOREPLY = (Shape.STORE, Shape.CHANGE, Shape.DELETE, Shape.VERBOSITY, Shape.FLUSH)


#: Sub-statistics of a server's own memory, which the proxy has none of; clients that ask for
#: them at once get an empty list.
EMPTY_STATS = frozenset({b"items", b"slabs", b"sizes", b"settings", b"conns"})


def number(word: bytes, allowed: range) -> int | None:
    """
    A decimal number in the given range, or L{None}.
    """
    digits = word[1:] if word[:1] in (b"-", b"+") else word
    # int() of a hostile length would be slow, or refuse.
    if not digits.isdigit() or len(digits) > c.SHORT_LINE:
        return None
    value = int(word)
    return value if value in allowed else None


def exptime(word: bytes) -> bytes:
    """
    A time as every release of memcached reads it; see L{commands.SENT_EXPTIME}.
    """
    if len(word) < 10:  # as most are, and too short for more than 32 bits
        return word
    value = int(word)
    return b"%d" % min(max(value, c.SENT_EXPTIME[0]), c.SENT_EXPTIME[-1])


def readable(line: bytes, words: list[bytes], sent: list[bytes], silent: bool) -> bytes:
    """
    A line that every release of memcached reads: as it came, unless it has a word that memcached
    does not look at, or a time of more than 32 bits.

    @param words: those of the line.
    @param sent: those that are to be sent, without C{noreply}.
    """
    if silent:
        sent = [*sent, b"noreply"]
    return line if sent == words else b" ".join(sent)


def announced(words: list[bytes], command: Command) -> int | None:
    """
    How long the value is that a line announces; L{None} when there is none, or no telling.
    """
    at = LENGTH_AT.get(command.shape, len(words))
    return number(words[at], c.LENGTH) if len(words) > at else None


def refuseLong(client: Client, words: list[bytes], command: Command) -> int:
    """
    A line that is longer than every server reads.

    @param words: its first ones, up to a length, and its last one.
    """
    silent = words[-1] == b"noreply" and command.shape in NOREPLY
    return client.skip(c.LINE_TOO_LONG, announced(words, command), silent)


def mayHaveMore(client: Client, silent: bool) -> bool:
    """
    True when one word may stand behind the fixed ones of a line: C{noreply}, or any other, which
    memcached does not look at and twemproxy closes for.
    """
    return silent or not client.settings.hangUp


def retrieve(client: Client, line: bytes, words: list[bytes], command: Command) -> int:
    """
    get and gets KEY..., gat and gats EXPTIME KEY...
    """
    keys = words[command.key :]
    if len(words) == 1:
        return client.refuse(c.ERROR)
    if command.number is not None and number(words[1], command.number) is None:
        return client.refuse(command.wrong)
    if not keys:  # a gat without keys, which memcached answers and twemproxy closes for
        return client.refuse(c.END)
    if command.number is not None and exptime(words[1]) != words[1]:
        words[1] = exptime(words[1])
        line = b" ".join(words)
    head = b" ".join(words[: command.key]) + b" "
    return 0 if several(client, line, head, b" ".join(keys)) else client.refuse(c.BAD_FORMAT)


def store(client: Client, line: bytes, words: list[bytes], command: Command) -> int:
    """
    set and kin: KEY FLAGS EXPTIME LENGTH [CAS] [noreply], then the value.
    """
    allowed = STORED if command.number is None else (*STORED, command.number)
    fixed = 2 + len(allowed)
    size = announced(words, command)
    silent = words[-1] == b"noreply" and len(words) in (fixed, fixed + 1)
    if not fixed <= len(words) <= fixed + mayHaveMore(client, silent):
        return client.skip(c.ERROR, size)
    bad = any(number(word, each) is None for word, each in zip(words[2:], allowed, strict=False))
    if size is None or bad or not isKey(words[1]):
        return client.skip(c.BAD_FORMAT, size, silent)
    sent = [*words[:3], exptime(words[3]), *words[4:fixed]]
    line = readable(line, words, sent, silent)
    return client.announce(line, words[1], size, NOTHING if silent else CLASSIC)


def change(client: Client, line: bytes, words: list[bytes], command: Command) -> int:
    """
    incr, decr and touch KEY NUMBER [noreply].
    """
    silent = words[-1] == b"noreply" and len(words) in (3, 4)
    if not 3 <= len(words) <= 3 + mayHaveMore(client, silent):
        return client.refuse(c.ERROR)
    if not isKey(words[1]):
        return client.refuse(c.BAD_FORMAT, silent)
    if command.number is not None and number(words[2], command.number) is None:
        return client.refuse(command.wrong, silent)
    sent = words[2] if command.number is c.DELTA else exptime(words[2])
    return _changed(client, line, words, [*words[:2], sent], silent)


def delete(client: Client, line: bytes, words: list[bytes], command: Command) -> int:
    """
    delete KEY [0] [noreply]. The 0 was a time once, and old clients send it.
    """
    if not 2 <= len(words) <= 4:
        return client.refuse(c.ERROR)
    silent = words[-1] == b"noreply" and len(words) > 2
    more = words[2 : len(words) - silent]
    if more and (more != [b"0"] or client.settings.hangUp):
        return client.refuse(command.wrong, silent)
    if not isKey(words[1]):
        return client.refuse(c.BAD_FORMAT, silent)
    return _changed(client, line, words, words[:2], silent)


def _changed(
    client: Client, line: bytes, words: list[bytes], sent: list[bytes], silent: bool
) -> int:
    line = readable(line, words, sent, silent)
    expect = NOTHING if silent else CLASSIC
    client.submit(client.router.route(words[1]), line + CRLF, expect)
    return 0


def meta(client: Client, line: bytes, words: list[bytes], command: Command) -> int:
    """
    mg, md, ma and me KEY FLAG...
    """
    if len(words) < 2 or not isKey(words[1]) or not isWord(b"".join(words)):
        return client.refuse(c.ERROR if len(words) < 2 else c.BAD_FORMAT)
    key = routedKey(words[1], words[2:])
    if key is None:
        return client.refuse(c.BAD_BASE64)
    quiet = hasFlag(words[2:], b"q")
    data = line + CRLF + (c.BARRIER if quiet else b"")
    client.submit(routeDecoded(client.router, key), data, QUIET if quiet else command.expect)
    return 0


def metaStore(client: Client, line: bytes, words: list[bytes], command: Command) -> int:
    """
    ms KEY LENGTH FLAG..., then the value.
    """
    size = announced(words, command)
    if size is None or not isKey(words[1]) or not isWord(b"".join(words)):
        return client.skip(c.ERROR if len(words) < 2 else c.BAD_FORMAT, size)
    if len(words) > 3 + c.FLAGS_MAX:
        return client.skip(c.TOO_MANY_FLAGS, size)
    key = routedKey(words[1], words[3:])
    if key is None:
        return client.skip(c.BAD_BASE64, size)
    return client.announce(line, key, size, QUIET if hasFlag(words[3:], b"q") else command.expect)


def noop(client: Client, line: bytes, words: list[bytes], command: Command) -> int:
    """
    mn: everything before it has been answered when its turn comes.
    """
    client.replies.answer(b"MN\r\n")
    return 0


def version(client: Client, line: bytes, words: list[bytes], command: Command) -> int:
    """
    version, asked of one server, whatever words follow.
    """
    if len(words) > 1 and client.settings.hangUp:
        return client.refuse(c.ERROR)
    # twemproxy hashes this word for commands without a key.
    sent = line if len(words) == 1 else words[0]
    client.submit(client.router.route(b"placeholder"), sent + CRLF, CLASSIC)
    return 0


def stats(client: Client, line: bytes, words: list[bytes], command: Command) -> int:
    """
    stats [servers], the proxy's own.
    """
    about = b" ".join(words[1:])
    if about in EMPTY_STATS:
        client.replies.answer(b"END\r\n")
        return 0
    if about not in (b"", b"servers"):
        return client.refuse(c.ERROR)
    pairs = client.router.statistics(about.decode("ascii"))
    lines = "".join(f"STAT {name} {value}\r\n" for name, value in pairs)
    client.replies.answer(lines.encode("utf-8") + b"END\r\n")
    return 0


def verbosity(client: Client, line: bytes, words: list[bytes], command: Command) -> int:
    """
    verbosity LEVEL [noreply]: accepted, and changes nothing at the servers.
    """
    silent = words[-1] == b"noreply"
    if not 2 <= len(words) <= 2 + mayHaveMore(client, silent):
        return client.refuse(c.ERROR)
    if number(words[1], c.LEVEL) is None:
        return client.refuse(c.BAD_FORMAT, silent)
    if not silent:
        client.replies.answer(b"OK\r\n")
    return 0


def flush(client: Client, line: bytes, words: list[bytes], command: Command) -> int:
    """
    flush_all [DELAY] [noreply], for every server of the pool.
    """
    silent = words[-1] == b"noreply"
    delay = words[1 : len(words) - silent]
    if not client.settings.flush_all:
        return client.refuse(c.NO_FLUSH, silent)
    if len(words) > 2 + mayHaveMore(client, silent):
        return client.refuse(c.ERROR)
    if delay and number(delay[0], c.EXPTIME) is None:
        return client.refuse(command.wrong, silent)
    line = readable(line, words, [words[0], *map(exptime, delay[:1])], silent)
    fleet = list(client.router.fleet())
    if silent:
        for _, pipeline in fleet:
            client.submit(pipeline, line + CRLF, NOTHING)
    else:
        gathers.flush(client.replies, line + CRLF, fleet, client.router.seconds())
        client.fed(pipeline for _, pipeline in fleet)
    return 0


def close(client: Client, line: bytes, words: list[bytes], command: Command) -> int:
    """
    quit, whatever words follow: what was asked before it is answered, what comes behind it is
    dropped.
    """
    client.replies.end()
    return 0


SHAPES: dict[Shape, Callable[[Client, bytes, list[bytes], Command], int]] = {
    Shape.RETRIEVE: retrieve,
    Shape.STORE: store,
    Shape.CHANGE: change,
    Shape.DELETE: delete,
    Shape.META: meta,
    Shape.META_STORE: metaStore,
    Shape.NOOP: noop,
    Shape.VERSION: version,
    Shape.STATS: stats,
    Shape.VERBOSITY: verbosity,
    Shape.FLUSH: flush,
    Shape.QUIT: close,
}
