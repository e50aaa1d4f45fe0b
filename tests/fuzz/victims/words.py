"""What hostile streams are made of: recorded conversations, the corpus, and short requests."""

from __future__ import annotations

import json
import random
from pathlib import Path

from hiredis import pack_command

from tests.fuzz import corpusOf, dictionaryOf
from tests.transcripts.replay import chunks_of

TRANSCRIPTS = Path(__file__).parents[2] / "data" / "transcripts"

#: Longer pieces are long for the sake of a bound, and are tried elsewhere.
PIECE_MAX = 16 * 1024

#: Short keys, among them what stands in the lines of a request: an offset that is wrong finds them.
KEYS = b"2 1 3 4 10 0 $1 $3 *2 get GET set END a VALUE STORED -1".split()

#: Values, among them such as look like a part of the protocol.
VALUES = (
    b"1", b"2", b"", b"\r\n", b"\r", b"\n", b"x\r\n*2\r\n", b"$1\r\n2\r\n", b"END\r\n",
    b"*2\r\n$3\r\nGET", b"\r\nSTORED\r\n", b"get 2\r\n", b"VALUE 2 0 1\r\n2\r\nEND\r\n", b"+OK\r\n",
    b"v" * 100,
)  # fmt: skip

MEMCACHED = b"""get KEY;get KEY KEY;gets KEY KEY KEY;gat 0 KEY;touch KEY 0;incr KEY 1;decr KEY 2;
delete KEY;delete KEY noreply;incr KEY 1 noreply;touch KEY 0 noreply;mg KEY;mg KEY v;mg KEY v q;
mg KEY k v s t O1;md KEY;md KEY q;ma KEY;ma KEY v q;mn;me KEY;version;verbosity 1;stats;
gat 1 KEY KEY;set KEY 0 0 SIZE=VALUE;add KEY 0 0 SIZE=VALUE;replace KEY 1 0 SIZE=VALUE;
append KEY 0 0 SIZE=VALUE;
prepend KEY 0 0 SIZE=VALUE;cas KEY 0 0 SIZE 1=VALUE;set KEY 0 0 SIZE noreply=VALUE;
append KEY 0 0 SIZE noreply=VALUE;ms KEY SIZE=VALUE;ms KEY SIZE q=VALUE;ms KEY SIZE T0 F1 c=VALUE;
set KEY 0 0 SIZE=VALUE;set KEY 0 0 SIZE=VALUE;get KEY;get KEY;flush_all;quit""".split(b";")

REDIS = b"""GET KEY;GET KEY;GET KEY;SET KEY VALUE;SET KEY VALUE;INCR KEY;INCR KEY;DEL KEY;
APPEND KEY VALUE;MGET KEY KEY;MGET KEY KEY KEY;MSET KEY VALUE KEY VALUE;EXISTS KEY KEY;
GETSET KEY VALUE;
STRLEN KEY;
SETEX KEY 9 VALUE;GETRANGE KEY 0 1;EXPIRE KEY 100;TTL KEY;TYPE KEY;LPUSH KEY VALUE;LRANGE KEY 0 9;
SADD KEY VALUE;SMEMBERS KEY;HSET KEY VALUE VALUE;HGETALL KEY;ZADD KEY 1 VALUE;ZRANGE KEY 0 9;
SUNION KEY KEY;PING;ECHO VALUE;HELLO 3;HELLO 2;RESET;SELECT 0;DBSIZE;SCAN 0;KEYS KEY;RANDOMKEY;
EVAL return(ARGV) 1 KEY VALUE;EVAL return(redis.call('get',KEYS[1])) 1 KEY;SCRIPT LOAD return(1);
OBJECT ENCODING KEY;DUMP KEY;COMMAND COUNT;CLIENT ID;INFO;MULTI;SUBSCRIBE KEY;BLPOP KEY 1;QUIT;
UNLINK KEY;TOUCH KEY;SETNX KEY VALUE;PSETEX KEY 5 VALUE;XADD KEY * VALUE VALUE;
XRANGE KEY - +""".split(b";")


class Words:
    """
    The words of a dialect.

    @ivar keys: those that short requests are about.
    """

    def __init__(self, dialect: str) -> None:
        """
        @param dialect: C{memcached} or C{redis}.
        """
        self.keys = KEYS
        self._dialect = dialect
        self._pieces = [each for each in _recorded(dialect) + _corpus(dialect) if each]
        lines = dictionaryOf(f"{dialect}-requests").read_text("ascii").splitlines()
        self._tokens = [
            each[1:-1].encode().decode("unicode_escape").encode("latin-1") for each in lines
        ]

    def short(self, draw: random.Random) -> bytes:
        """A valid request for short keys."""
        if self._dialect == "redis":
            return self._redis(draw)
        line, _, isStored = draw.choice(MEMCACHED).strip().partition(b"=")
        value = draw.choice(VALUES)
        while b"KEY" in line:
            line = line.replace(b"KEY", draw.choice(KEYS), 1)
        end = b"\r\n" + value + b"\r\n" if isStored else b"\r\n"
        return line.replace(b"SIZE", b"%d" % len(value)) + end

    def _redis(self, draw: random.Random) -> bytes:
        drawn = {b"KEY": lambda: draw.choice(KEYS), b"VALUE": lambda: draw.choice(VALUES)}
        words = draw.choice(REDIS).split()
        words = [drawn[each]() if each in drawn else each for each in words]
        inline = (
            draw.random() < 0.1 and all(words) and not any(each.split() != [each] for each in words)
        )
        return b" ".join(words) + b"\r\n" if inline else pack_command(tuple(words))

    def piece(self, draw: random.Random) -> bytes:
        """What somebody said once, valid or not; rarely a word alone."""
        return draw.choice(self._tokens if draw.random() < 0.05 else self._pieces)

    def large(self, size: int) -> tuple[bytes, bytes]:
        """A request that stores a value of this size, and one that gets it."""
        value = b"L" * size
        if self._dialect == "redis":
            return pack_command((b"SET", b"large", value)), pack_command((b"GET", b"large"))
        return b"set large 0 0 %d\r\n%b\r\n" % (size, value), b"get large\r\n"


def _recorded(dialect: str) -> list[bytes]:
    said: list[bytes] = []
    for path in sorted(TRANSCRIPTS.glob(f"{dialect}-*.json")):
        steps = [each for case in json.loads(path.read_text())["cases"] for each in case["steps"]]
        chunks = [chunks_of(each["data"]) for each in steps if each["do"] == "send"]
        said += [b"".join(each)[:PIECE_MAX] for each in chunks]
    return said


def _corpus(dialect: str) -> list[bytes]:
    # The first byte of a request's input says which pool it is for; replies come as they are.
    requests = [each.read_bytes()[1:] for each in sorted(corpusOf(f"{dialect}-requests").iterdir())]
    replies = sorted(corpusOf(f"{dialect}-replies").iterdir())
    return requests + [each.read_bytes() for each in replies[::4]]
