"""
Where every command of redis goes: what the server's own table does not say.
"""

from __future__ import annotations

import enum


class Route(enum.Enum):
    """
    How a command is routed; the value is the sentence about it in the documentation.
    """

    KEYED = "to the server of its keys"
    MGET = "split by server, the values merged in the order of the keys"
    MSET = "split by server, `+OK` when every part is"
    SUM = "split by server, the numbers added"
    DBSIZE = "to every server, the numbers added"
    KEYS = "to every server, the keys in one array"
    RANDOMKEY = "to every server, one of the keys"
    SCAN = "to one server after the other; the cursor says which"
    SCRIPT_EXISTS = "to every server, 1 for what all of them have"
    EVERYWHERE = "to every server, one answer when all have done it"
    FLUSH = "to every server, with `flush_all: true`"
    ANY = "to one server"
    LOCAL = "answered by the proxy"
    UNSUPPORTED = "refused"


#: What is not here goes by its keys. The name of a container stands for all its subcommands but
#: those that are named themselves.
_ROUTED: dict[Route, str] = {
    Route.KEYED: """
        memory|usage object|encoding object|freq object|idletime object|refcount
        xgroup|create xgroup|createconsumer xgroup|delconsumer xgroup|destroy xgroup|setid
        xinfo|consumers xinfo|groups xinfo|stream
    """,
    Route.MGET: "mget",
    Route.MSET: "mset",
    Route.SUM: "del exists touch unlink",
    Route.DBSIZE: "dbsize",
    Route.KEYS: "keys",
    Route.RANDOMKEY: "randomkey",
    Route.SCAN: "scan",
    Route.SCRIPT_EXISTS: "script|exists",
    Route.EVERYWHERE: """
        function|delete function|flush function|load function|restore
        script|flush script|load
    """,
    Route.FLUSH: "flushall flushdb",
    Route.ANY: """
        client|help command|getkeysandflags command|help config|help
        function|dump function|help function|list function|stats
        memory|help object|help script|help xgroup|help xinfo|help
    """,
    Route.LOCAL: """
        auth client|getname client|id client|info client|no-evict client|no-touch client|reply
        client|setinfo client|setname client|list client|getredir client|trackinginfo
        command config|get echo hello info lolwut ping quit reset select time
    """,
    Route.UNSUPPORTED: """
        acl asking bgrewriteaof bgsave blmove blmpop blpop brpop brpoplpush bzmpop bzpopmax
        bzpopmin client cluster config debug discard exec failover function lastsave latency
        memory migrate module monitor move multi object pfdebug pfselftest psubscribe psync
        pubsub punsubscribe readonly readwrite replconf replicaof restore-asking role save script
        shutdown slaveof slowlog ssubscribe subscribe sunsubscribe swapdb sync unsubscribe
        unwatch wait watch xgroup xinfo xread|block xreadgroup|block
    """,
}

ROUTES: dict[bytes, Route] = {
    name.encode(): route for route, names in _ROUTED.items() for name in names.split()
}

#: What a user should know beyond the route, for the documentation.
NOTES: dict[bytes, str] = {
    b"client|reply": "ON only",
    b"client|setinfo": "of redis 7.2, which current clients send at once",
    b"config|get": "the few parameters that clients ask for",
    b"exists": "each key is counted, also one that is named twice",
    b"function|dump": "the functions that went to every server",
    b"function|stats": "what this one server runs",
    b"hello": "with 3, the servers are spoken to in RESP3 as well",
    b"mset": "atomic only among the keys of one server",
    b"publish": "the channel is routed as a key is",
    b"select": "0 only",
    b"sort": "BY and GET see the keys of that server only",
    b"sort_ro": "BY and GET see the keys of that server only",
    b"spublish": "the channel is routed as a key is",
    b"xread": "without BLOCK",
    b"xreadgroup": "without BLOCK",
}


def routeOf(name: bytes) -> Route:
    """
    Where a command goes.

    @param name: in lower case, a subcommand as C{b"object|encoding"}.
    """
    container = name.partition(b"|")[0]
    return ROUTES.get(name) or ROUTES.get(container, Route.KEYED)
