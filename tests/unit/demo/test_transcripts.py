"""What the embedded server answers: requests, and the replies memcached 1.6.18 gives to them."""

from __future__ import annotations

import pytest

from tests.unit.demo.talking import tellThreeWays

_BAD_LINE = b"CLIENT_ERROR bad command line format\r\n"
_BAD_DATA = b"CLIENT_ERROR bad data chunk\r\n"
_BAD_TOKEN = b"CLIENT_ERROR bad token in command line format\r\n"
_BAD_FLAG = b"CLIENT_ERROR invalid or duplicate flag\r\n"
_BAD_EXPTIME = b"CLIENT_ERROR invalid exptime argument\r\n"
_BAD_DELTA = b"CLIENT_ERROR invalid numeric delta argument\r\n"
_BAD_OPAQUE = b"CLIENT_ERROR opaque token too long\r\n"
_BAD_KEY = b"CLIENT_ERROR error decoding key\r\n"
_NO_NUMBER = b"CLIENT_ERROR cannot increment or decrement non-numeric value\r\n"
_TOO_LARGE = b"SERVER_ERROR object too large for cache\r\n"
_USAGE = b"CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n"
_LONG = b"k" * 251
_SET = b"set a 0 0 1\r\nx\r\n"

_CLASSIC = {
    "set and get": (_SET + b"get a\r\n", b"STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n"),
    "bare LF": (b"set a 0 0 1\nx\r\nget a\n", b"STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n"),
    "binary value": (
        b"set a 5 0 4\r\n\r\n\x00\xff\r\nget a\r\n",
        b"STORED\r\nVALUE a 5 4\r\n\r\n\x00\xff\r\nEND\r\n",
    ),
    "longest key": (
        b"set %b 0 0 0\r\n\r\nget %b\r\n" % (_LONG[1:], _LONG[1:]),
        b"STORED\r\nVALUE %b 0 0\r\n\r\nEND\r\n" % _LONG[1:],
    ),
    "keys asked twice": (
        _SET + b"get a b a\r\n",
        b"STORED\r\n" + b"VALUE a 0 1\r\nx\r\n" * 2 + b"END\r\n",
    ),
    "gets and cas": (
        _SET
        + b"gets a\r\ncas a 0 0 1 9\r\ny\r\ncas a 0 0 1 1\r\nz\r\ncas b 0 0 1 1\r\nz\r\ngets a\r\n",
        (
            b"STORED\r\nVALUE a 0 1 1\r\nx\r\nEND\r\nEXISTS\r\nSTORED\r\nNOT_FOUND\r\n"
            b"VALUE a 0 1 2\r\nz\r\nEND\r\n"
        ),
    ),
    "conditional stores": (
        b"replace a 0 0 1\r\nx\r\nadd a 0 0 1\r\nx\r\nadd a 0 0 1\r\ny\r\n",
        b"NOT_STORED\r\nSTORED\r\nNOT_STORED\r\n",
    ),
    "joins keep flags": (
        (
            b"append a 0 0 1\r\nx\r\nset a 5 100 1\r\nx\r\nappend a 7 0 1\r\ny\r\n"
            b"prepend a 9 0 1\r\nz\r\nmg a v f t\r\n"
        ),
        b"NOT_STORED\r\nSTORED\r\nSTORED\r\nSTORED\r\nVA 3 f5 t100\r\nzxy\r\n",
    ),
    "delete": (
        _SET + b"delete a 0\r\ndelete a\r\ndelete a 1\r\ndelete a 0 noreply\r\n",
        b"STORED\r\nDELETED\r\nNOT_FOUND\r\n" + _USAGE,
    ),
    "delete of the key noreply": (b"delete noreply\r\n", b"NOT_FOUND\r\n"),
    "decr leaves blanks": (
        b"set a 0 0 3\r\n100\r\ndecr a 1\r\nget a\r\ndecr a 500\r\nget a\r\n",
        b"STORED\r\n99\r\nVALUE a 0 3\r\n99 \r\nEND\r\n0\r\nVALUE a 0 3\r\n0  \r\nEND\r\n",
    ),
    "incr grows and wraps": (
        b"set a 0 0 2\r\n99\r\nincr a 1\r\nincr a 18446744073709551516\r\nincr b 1\r\n",
        b"STORED\r\n100\r\n0\r\nNOT_FOUND\r\n",
    ),
    "touch and gat": (
        _SET
        + b"touch a 50\r\nmg a t\r\ngat 90 a b\r\nmg a t\r\ngats -1 a\r\nget a\r\ntouch a 1\r\n",
        (
            b"STORED\r\nTOUCHED\r\nHD t50\r\nVALUE a 0 1\r\nx\r\nEND\r\nHD t90\r\n"
            b"VALUE a 0 1 1\r\nx\r\nEND\r\nEND\r\nNOT_FOUND\r\n"
        ),
    ),
    "noreply": (
        (
            b"set a 0 0 1 noreply\r\n5\r\nincr a 1 noreply\r\ntouch a 9 noreply\r\n"
            b"verbosity 1 noreply\r\n"
            b"get a\r\nflush_all noreply\r\nget a\r\n"
        ),
        b"VALUE a 0 1\r\n6\r\nEND\r\nEND\r\n",
    ),
    "noreply hides errors": (
        b"set a 0 0 x noreply\r\nset a 0 0 1 noreply\r\nyyyy\r\nincr %b 1 noreply\r\n" % _LONG,
        b"ERROR\r\n",
    ),
    "version": (b"version\r\nversion x\r\n", b"VERSION 0.1.0-demo\r\n" * 2),
    "verbosity": (
        b"verbosity 1\r\nverbosity x\r\nverbosity\r\n",
        b"OK\r\n" + _BAD_LINE + b"ERROR\r\n",
    ),
    "flush_all": (
        _SET + b"flush_all\r\nget a\r\nflush_all 0\r\nflush_all x\r\nflush_all 0 0 0\r\n",
        b"STORED\r\nOK\r\nEND\r\nOK\r\n" + _BAD_EXPTIME + b"ERROR\r\n",
    ),
    "quit": (b"quit\r\nversion\r\n", b""),
    "web browser": (b"GET / HTTP/1.1\r\nversion\r\n", b""),
    "unknown commands": (
        b"\r\n\n \r\nx\r\nGET a\r\nget\r\nset a 0 0\r\nincr a\r\n",
        b"ERROR\r\n" * 8,
    ),
    "key too long": (
        b"get a %b\r\ndelete %b\r\nincr %b 1\r\ntouch %b 1\r\ngat 1 %b\r\n" % ((_LONG,) * 5),
        _BAD_LINE * 5,
    ),
    "wrong numbers": (
        (
            b"set a x 0 1\r\nset a 0 x 1\r\nset a 0 0 -1\r\ncas a 0 0 1 x\r\nincr a x\r\n"
            b"decr a -1\r\ntouch a x\r\ngat x a\r\n"
        ),
        _BAD_LINE * 4 + _BAD_DELTA * 2 + _BAD_EXPTIME * 2,
    ),
    "no number": (_SET + b"incr a 1\r\n", b"STORED\r\n" + _NO_NUMBER),
    "value longer than said": (
        b"set a 0 0 1\r\nxyzzz\r\nget a\r\n",
        _BAD_DATA + b"ERROR\r\nEND\r\n",
    ),
    "line ends at a NUL": (_SET + b"get a\0b c\r\n", b"STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n"),
}

_META = {
    "mn": (b"mn\r\nmn x\r\n", b"MN\r\nMN\r\n"),
    "mg misses": (
        b"mg a\r\nmg a v k O1\r\nmg a q\r\nmg YQ== b k\r\n",
        b"EN\r\nEN ka O1\r\nEN kYQ== b\r\n",
    ),
    "mg hits": (
        b"set a 5 0 1\r\nx\r\nmg a\r\nmg a q\r\nmg a s v f t c h l k Oab\r\nmg a k v O\r\n",
        b"STORED\r\nHD\r\nHD\r\nVA 1 s1 f5 t-1 c1 h1 l0 ka Oab\r\nx\r\nVA 1 ka O\r\nx\r\n",
    ),
    "mg makes and claims": (
        b"mg a N30 t v k\r\nmg a N30 t v k\r\nmg a s\r\nget a\r\n",
        b"VA 0 t30 ka W\r\n\r\nVA 0 t30 ka Z\r\n\r\nHD s0 Z\r\nVALUE a 0 0\r\n\r\nEND\r\n",
    ),
    "mg recaches once": (
        b"ms a 1 T50\r\nx\r\nmg a R30\r\nmg a R90\r\nmg a R90\r\n",
        b"HD\r\nHD\r\nHD W\r\nHD Z\r\n",
    ),
    "flags act in order": (
        b"ms a 1 T50\r\nx\r\nmg a T90 t\r\nmg a t T20\r\nmg a t\r\n",
        b"HD\r\nHD t90\r\nHD t90\r\nHD t20\r\n",
    ),
    "binary keys": (
        b"ms AAEg 1 b k\r\nx\r\nmg AAEg b k v\r\nmd AAEg b k O9\r\n",
        b"HD kAAEg b\r\nVA 1 kAAEg b\r\nx\r\nHD kAAEg b O9\r\n",
    ),
    "ms shows": (
        b"ms a 1 k O5 F12 c s\r\nx\r\nms a 1 q\r\nx\r\nms a 1 ME q k c\r\nx\r\n",
        b"HD ka O5 c1\r\nNS ka c0\r\n",
    ),
    "ms modes": (
        (
            b"ms a 1 MA\r\nx\r\nms a 1 MR\r\nx\r\nms a 1 ME\r\nx\r\nms a 1 MA\r\ny\r\n"
            b"ms a 1 MP\r\nz\r\nmg a v\r\n"
        ),
        b"NS\r\nNS\r\nHD\r\nHD\r\nHD\r\nVA 3\r\nzxy\r\n",
    ),
    "ms cas": (
        (
            b"ms a 1 C5\r\nx\r\nms a 1\r\nx\r\nms a 1 C5\r\nx\r\nms a 1 C1\r\nx\r\n"
            b"ms a 1 MA C9\r\nx\r\n"
        ),
        b"NF\r\nHD\r\nEX\r\nHD\r\nEX\r\n",
    ),
    "ms cas 0 agrees with no item": (
        b"ms a 1\r\nx\r\nms a 1 C0\r\ny\r\nms a 1 C0 I\r\ny\r\nms a 1 C0 MA\r\ny\r\nmg a v\r\n",
        b"HD\r\nEX\r\nEX\r\nHD\r\nVA 2\r\nxy\r\n",
    ),
    "only a replaced value goes stale": (
        b"ms a 1\r\nx\r\nms a 1\r\nx\r\nms a 1 C1 I MA\r\ny\r\nms a 1 C9 I\r\ny\r\nmg a v\r\n",
        b"HD\r\nHD\r\nEX\r\nEX\r\nVA 1\r\nx\r\n",
    ),
    "stale value": (
        (
            b"set a 0 0 1\r\nx\r\nmd a I T30\r\nmg a v t\r\nmg a v\r\nms a 1 I C1\r\ny\r\n"
            b"mg a v\r\nms a 1\r\nz\r\nmg a v\r\n"
        ),
        (
            b"STORED\r\nHD\r\nVA 1 t30 X W\r\nx\r\nVA 1 Z X\r\nx\r\nHD\r\nVA 1 Z X\r\ny\r\n"
            b"HD\r\nVA 1\r\nz\r\n"
        ),
    ),
    "md": (
        b"md a\r\nmd a q k\r\nms a 1\r\nx\r\nmd a C5 k\r\nmd a q\r\nmd a\r\n",
        b"NF\r\nNF ka\r\nHD\r\nEX ka\r\nNF\r\n",
    ),
    "ma": (
        (
            b"ma a\r\nma a N30 J13 v t q\r\nma a D10 v\r\nma a MD D5 v\r\nma a M- D99 v\r\n"
            b"ma a q\r\nma a C9 O1\r\n"
        ),
        b"NF\r\nVA 2 t30\r\n13\r\nVA 2\r\n23\r\nVA 2\r\n18\r\nVA 1\r\n0\r\nEX O1\r\n",
    ),
    "me": (
        b"me a\r\nms YQ== 1 b F1 T100\r\nx\r\nme a\r\nmg a\r\nme YQ== b\r\n",
        (
            b"EN\r\nHD\r\nME YQ== exp=-100 la=0 cas=1 fetch=no cls=1 size=65\r\nHD\r\n"
            b"ME YQ== exp=-100 la=0 cas=1 fetch=yes cls=1 size=65\r\n"
        ),
    ),
    "too few tokens": (
        b"mx\r\nmg\r\nmd\r\nma\r\nms\r\nms a\r\nme a b c\r\n",
        b"ERROR\r\n" * 5 + _BAD_LINE * 2,
    ),
    "keys too long": (
        b"mg %b\r\nms %b 1\r\nmd %b\r\nma %b\r\nme %b\r\n" % ((_LONG,) * 5),
        _BAD_LINE * 5,
    ),
    "wrong flags": (
        (
            b"mg a Z\r\nmg a v v\r\nmg a \xff\r\nmg a Tx\r\nmg a b\r\nmg a F\r\nmg a M\r\n"
            b"mg a N1 Tx F\r\n"
        ),
        b"CLIENT_ERROR invalid flag\r\n"
        + b"CLIENT_ERROR duplicate flag\r\n" * 2
        + (_BAD_TOKEN + _BAD_KEY + _BAD_LINE + b"CLIENT_ERROR incorrect length for M token\r\n")
        + _BAD_TOKEN,
    ),
    "wrong flags of ms swallow": (
        b"ms a 1 Z\r\nx\r\nms a 1 MX\r\nx\r\nms a x\r\nms a -1\r\nms a 1 q\r\nxx\r\n",
        b"CLIENT_ERROR invalid flag\r\nCLIENT_ERROR invalid mode for ms M token\r\n"
        + _BAD_LINE * 2
        + _BAD_DATA
        + b"ERROR\r\n",
    ),
    "wrong flags of md and ma": (
        b"md a x\r\nmd a Tx\r\nma a b\r\nma a MX\r\nme a b\r\n",
        _BAD_FLAG * 3 + b"CLIENT_ERROR invalid mode for ma M token\r\n" + _BAD_LINE,
    ),
    "ma on words": (b"ms a 1\r\nx\r\nma a q\r\n", b"HD\r\n" + _NO_NUMBER),
    "opaque too long": (
        b"".join(b"%b O%b\r\n" % (verb, b"o" * 32) for verb in (b"mg a", b"md a", b"ma a"))
        + b"mg a O%b\r\n" % (b"o" * 31),
        _BAD_OPAQUE * 3 + b"EN O%b\r\n" % (b"o" * 31),
    ),
    "too many flags": (
        b"mg a" + b" v" * 18 + b"\r\nmd a" + b" v" * 18 + b"\r\n",
        b"CLIENT_ERROR options flags are too long\r\nCLIENT_ERROR options flags too long\r\n",
    ),
}


@pytest.mark.parametrize(("request_", "reply"), _CLASSIC.values(), ids=_CLASSIC)
def test_classicCommands(request_: bytes, reply: bytes) -> None:
    """A classic command is answered with memcached's bytes however its own arrive."""
    assert tellThreeWays(request_) == {reply}


@pytest.mark.parametrize(("request_", "reply"), _META.values(), ids=_META)
def test_metaCommands(request_: bytes, reply: bytes) -> None:
    """A meta command is answered with memcached's bytes however its own arrive."""
    assert tellThreeWays(request_) == {reply}


@pytest.mark.parametrize("command", [b"set a 0 0 50", b"ms a 50", b"append a 0 0 50", b"ms a 50 q"])
def test_valueTooLargeIsSwallowed(command: bytes) -> None:
    """A value over the item size is read away, answered once, and the next command is heard."""
    request = b"%b\r\n%b\r\nget a\r\n" % (command, b"x" * 50)
    assert tellThreeWays(request, itemSizeMax=100) == {_TOO_LARGE + b"END\r\n"}


@pytest.mark.parametrize("command", [b"set a 0 0 50", b"ms a 50"])
def test_valueLargerThanTheWholeStore(command: bytes) -> None:
    """A value that the memory bound can never hold is refused in memcached's words."""
    reply = b"SERVER_ERROR out of memory storing object\r\n"
    assert tellThreeWays(b"%b\r\n%b\r\n" % (command, b"x" * 50), maxBytes=100) == {reply}


def test_tooLargeWithNoreply() -> None:
    """A refused value sent with noreply is swallowed in silence."""
    request = b"set a 0 0 50 noreply\r\n%b\r\n" % (b"x" * 50)
    assert tellThreeWays(request, itemSizeMax=100) == {b""}
