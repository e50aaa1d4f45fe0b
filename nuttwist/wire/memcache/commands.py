"""
The table of the memcached text protocol, as the proxy sees it.

For every verb: how its line is shaped, where the key stands, which arguments are numbers and
what the server will answer. Source of shapes and limits: memcached's doc/protocol.txt; of the
error texts: memcached 1.6.
"""

from __future__ import annotations

import enum

import attrs

from nuttwist.wire.request import ACKNOWLEDGE, CLASSIC, META

#: memcached's limit (KEY_MAX_LENGTH), in bytes.
KEY_MAX = 250

CRLF = b"\r\n"

#: What the proxy sends behind a quiet request, to know when there will be no reply to it.
BARRIER = b"mn\r\n"

ERROR = b"ERROR\r\n"
END = b"END\r\n"
BAD_FORMAT = b"CLIENT_ERROR bad command line format\r\n"
BAD_CHUNK = b"CLIENT_ERROR bad data chunk\r\n"
BAD_DELTA = b"CLIENT_ERROR invalid numeric delta argument\r\n"
BAD_EXPTIME = b"CLIENT_ERROR invalid exptime argument\r\n"
BAD_DELETE = b"CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n"
BAD_BASE64 = b"CLIENT_ERROR error decoding key\r\n"
LINE_TOO_LONG = b"CLIENT_ERROR line too long\r\n"
TOO_MANY_FLAGS = b"CLIENT_ERROR options flags too long\r\n"
TOO_LARGE = b"SERVER_ERROR object too large for cache\r\n"
NOT_TEXT = (
    b"CLIENT_ERROR only the text protocol is supported here, "
    b"and this is not the first byte of a command\r\n"
)
NO_FLUSH = b"SERVER_ERROR flush_all is off for this pool: the setting is flush_all: true\r\n"


#: First bytes of a request in memcached's binary protocol, of a reply in it, and of TLS.
NOT_TEXT_BYTES = (b"\x80", b"\x81", b"\x16")

#: Bytes; memcached closes the connection over a longer line that is no get or gets: with its CR
#: it may have 2048 (proto_text.c, try_read_command_ascii), and the connection is everybody's.
SHORT_LINE = 2047

#: Flags of an ms; memcached refuses more and would take the value for commands.
FLAGS_MAX = 16


class Shape(enum.Enum):
    """
    How a request is read; each has one function in L{nuttwist.wire.memcache.shapes}.
    """

    RETRIEVE = "retrieve"
    STORE = "store"
    CHANGE = "change"
    DELETE = "delete"
    META = "meta"
    META_STORE = "metaStore"
    VERSION = "version"
    NOOP = "noop"
    STATS = "stats"
    VERBOSITY = "verbosity"
    FLUSH = "flush"
    QUIT = "quit"


@attrs.frozen
class Command:
    """
    A row of the table.

    @ivar shape: how the line is read.
    @ivar key: index of the (first) key in the words of the line; the verb is word 0.
    @ivar number: range of the last fixed argument when it is a number.
    @ivar wrong: the error when that argument is no such number.
    @ivar expect: what the server answers.
    @ivar about: how it is routed and answered, for the documentation.
    """

    shape: Shape
    about: str
    key: int = 1
    number: range | None = None
    wrong: bytes = BAD_FORMAT
    expect: int = CLASSIC


#: 32 bits, as memcached keeps flags; some releases refuse more and take the value for commands.
FLAGS = range(2**32)
#: Seconds or a Unix time, signed 64 bits; negative means expired at once.
EXPTIME = range(-(2**63), 2**63)
#: What every release of memcached reads: of more than 32 bits, some refuse the line and take the
#: value for commands. Such a time is sent as the last or the first of these.
SENT_EXPTIME = range(-(2**31), 2**31)
#: memcached's own bound for a length: room must be left for CR LF. It refuses the line of a longer
#: one, and reads what follows as commands.
LENGTH = range(2**31 - 2)
CAS = range(2**64)
#: Of what the servers write to their logs.
LEVEL = range(2**64)
#: Wide enough to pass a minus sign: memcached answers that one itself, as twemproxy lets it.
DELTA = range(-(2**64), 2**64)

_ONE = "to the key's server, byte for byte"
_SPLIT = "split by server, merged in request order"
_LOCAL = "answered by the proxy"

COMMANDS: dict[bytes, Command] = {
    b"get": Command(Shape.RETRIEVE, _SPLIT),
    b"gets": Command(Shape.RETRIEVE, _SPLIT),
    b"gat": Command(Shape.RETRIEVE, _SPLIT, key=2, number=EXPTIME, wrong=BAD_EXPTIME),
    b"gats": Command(Shape.RETRIEVE, _SPLIT, key=2, number=EXPTIME, wrong=BAD_EXPTIME),
    b"set": Command(Shape.STORE, _ONE),
    b"add": Command(Shape.STORE, _ONE),
    b"replace": Command(Shape.STORE, _ONE),
    b"append": Command(Shape.STORE, _ONE),
    b"prepend": Command(Shape.STORE, _ONE),
    b"cas": Command(Shape.STORE, _ONE, number=CAS),
    b"incr": Command(Shape.CHANGE, _ONE, number=DELTA, wrong=BAD_DELTA),
    b"decr": Command(Shape.CHANGE, _ONE, number=DELTA, wrong=BAD_DELTA),
    b"touch": Command(Shape.CHANGE, _ONE, number=EXPTIME, wrong=BAD_EXPTIME),
    b"delete": Command(Shape.DELETE, _ONE, wrong=BAD_DELETE),
    b"mg": Command(Shape.META, _ONE, expect=META),
    b"md": Command(Shape.META, _ONE, expect=META),
    b"ma": Command(Shape.META, _ONE, expect=META),
    b"me": Command(Shape.META, _ONE, expect=META),
    b"ms": Command(Shape.META_STORE, _ONE, number=LENGTH, expect=META),
    b"mn": Command(Shape.NOOP, "answered by the proxy, after everything before it"),
    b"version": Command(Shape.VERSION, "to one server"),
    b"verbosity": Command(Shape.VERBOSITY, _LOCAL),
    b"stats": Command(Shape.STATS, "the proxy's own counters"),
    b"flush_all": Command(
        Shape.FLUSH,
        "to every server, with `flush_all: true`",
        number=EXPTIME,
        wrong=BAD_EXPTIME,
        expect=ACKNOWLEDGE,
    ),
    b"quit": Command(Shape.QUIT, "closes, after the replies that are owed"),
}
