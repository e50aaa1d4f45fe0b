"""
COMMAND: what can be asked through the proxy, from the table of commands.

Commands that the proxy refuses are none here, and a container has the subcommands that it does
not refuse. Of what redis tells about a command, the table has the name, the number of arguments,
the flags and the fixed places of keys. Its categories are those that follow from the flags
(acl.c, setImplicitACLCategories); hints and key specifications are left empty, and the
documentation is what the proxy does with the command.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nuttwist.wire.redis import resp
from nuttwist.wire.redis.commandtable import COMMANDS, RedisCommand, Route, find, wrongArity
from nuttwist.wire.redis.keys import BadArguments
from nuttwist.wire.redis.localglob import matches, parse
from nuttwist.wire.redis.localrules import SYNTAX, Answer, LocalClient

INVALID_COMMAND = resp.error(b"ERR Invalid command specified")
INVALID_COUNT = resp.error(b"ERR Invalid number of arguments specified for command")
INVALID_ARGUMENTS = resp.error(b"ERR Invalid arguments specified for command")
NO_KEYS = resp.error(b"ERR The command has no key arguments")

#: Categories by the flag they follow from.
CATEGORIES = {
    "write": ("write",),
    "readonly": ("read",),
    "admin": ("admin", "dangerous"),
    "pubsub": ("pubsub",),
    "fast": ("fast",),
    "blocking": ("blocking",),
}

#: All that can be asked for, a subcommand under its full name.
ASKED = {name: row for name, row in COMMANDS.items() if row.route is not Route.UNSUPPORTED}

#: The subcommands of each container.
PARTS: dict[bytes, list[RedisCommand]] = {}
for _row in ASKED.values():
    if b"|" in _row.name:
        PARTS.setdefault(_row.name.partition(b"|")[0], []).append(_row)

#: What COMMAND describes: subcommands within their containers, which are there when they have some.
LISTED = {name: COMMANDS[name] for name in sorted({name.partition(b"|")[0] for name in ASKED})}

#: What can be asked about by name, and what COMMAND LIST names.
NAMED = LISTED | ASKED


def categories(row: RedisCommand) -> list[str]:
    """
    The categories of a command that follow from its flags.
    """
    found = [each for flag in sorted(row.flags) for each in CATEGORIES.get(flag, ())]
    return found if "fast" in row.flags else [*found, "slow"]


def statuses(words: Sequence[str], protocol: int) -> bytes:
    """
    A set of words, as COMMAND has them.
    """
    return resp.setOf([resp.status(word.encode()) for word in words], protocol)


def described(row: RedisCommand, protocol: int) -> bytes:
    """
    What COMMAND INFO tells of a command.
    """
    parts = [] if b"|" in row.name else PARTS.get(row.name, [])
    return resp.array(
        [
            resp.bulk(row.name),
            resp.integer(row.arity),
            statuses(sorted(row.flags), protocol),
            *map(resp.integer, (row.first, row.last, row.step)),
            statuses([f"@{each}" for each in categories(row)], protocol),
            resp.setOf([], protocol),
            resp.setOf([], protocol),
            # redis has an array here, but for the set it has for none.
            resp.array([described(each, protocol) for each in parts])
            if parts
            else resp.setOf([], protocol),
        ]
    )


def everything(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    COMMAND
    """
    return resp.array([described(row, client.session.protocol) for row in LISTED.values()])


def info(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    COMMAND INFO [NAME...]
    """
    if len(args) == 2:
        return everything(client, args)
    protocol = client.session.protocol
    rows = (NAMED.get(name.lower()) for name in args[2:])
    return resp.array([described(row, protocol) if row else resp.null(protocol) for row in rows])


def count(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    COMMAND COUNT
    """
    return resp.integer(len(LISTED))


def documented(row: RedisCommand, protocol: int) -> bytes:
    """
    What COMMAND DOCS tells of a command.
    """
    parts = [] if b"|" in row.name else PARTS.get(row.name, [])
    route = "as its subcommand says" if parts else row.route.value
    summary = "; ".join(filter(None, (route, row.about)))
    fields = {b"summary": summary.encode(), b"since": b"", b"group": b"generic"}
    pairs = [(resp.bulk(name), resp.bulk(value)) for name, value in fields.items()]
    if parts:
        pairs.append((resp.bulk(b"subcommands"), documentation(parts, protocol)))
    return resp.mapping(pairs, protocol)


def documentation(rows: Sequence[RedisCommand], protocol: int) -> bytes:
    """
    What COMMAND DOCS tells of commands, by name.
    """
    pairs = ((resp.bulk(row.name), documented(row, protocol)) for row in rows)
    return resp.mapping(pairs, protocol)


def docs(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    COMMAND DOCS [NAME...]
    """
    rows = [NAMED[name.lower()] for name in args[2:] if name.lower() in NAMED]
    return documentation(rows if args[2:] else list(LISTED.values()), client.session.protocol)


def ofModule(word: bytes) -> Callable[[RedisCommand], bool]:
    """
    COMMAND LIST FILTERBY MODULE: there are none.
    """
    return lambda _: False


def ofCategory(word: bytes) -> Callable[[RedisCommand], bool]:
    """
    COMMAND LIST FILTERBY ACLCAT
    """
    wanted = word.decode("utf-8", "replace").lower()
    return lambda row: wanted in categories(row)


def ofPattern(word: bytes) -> Callable[[RedisCommand], bool]:
    """
    COMMAND LIST FILTERBY PATTERN
    """
    tokens = parse(word)
    return lambda row: matches(tokens, row.name)


FILTERS = {b"module": ofModule, b"aclcat": ofCategory, b"pattern": ofPattern}


def listed(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    COMMAND LIST [FILTERBY MODULE NAME | ACLCAT CATEGORY | PATTERN PATTERN]
    """
    if len(args) == 2:
        return resp.array([resp.bulk(name) for name in NAMED])
    filtering = FILTERS.get(args[3].lower()) if len(args) == 5 else None
    if filtering is None or args[2].lower() != b"filterby":
        return SYNTAX
    wanted = filtering(args[4])
    return resp.array([resp.bulk(name) for name, row in NAMED.items() if wanted(row)])


def keys(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    COMMAND GETKEYS COMMAND [ARGUMENT...]
    """
    command = args[2:]
    row = find(command)
    if row is None:
        return INVALID_COMMAND
    if not row.where:
        return NO_KEYS
    if wrongArity(row, command):
        return INVALID_COUNT
    try:
        places = row.keys(command)
    except BadArguments:
        return INVALID_ARGUMENTS
    return resp.array([resp.bulk(command[at]) for at in places])


TABLE: dict[bytes, Answer] = {
    b"command": everything,
    b"command|count": count,
    b"command|docs": docs,
    b"command|getkeys": keys,
    b"command|info": info,
    b"command|list": listed,
}
