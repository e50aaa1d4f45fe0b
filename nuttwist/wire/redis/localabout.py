"""
What the proxy tells of itself: INFO, CONFIG GET, TIME and LOLWUT.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import nuttwist
from nuttwist.wire.redis import resp
from nuttwist.wire.redis.localglob import MARKS, matches, parse
from nuttwist.wire.redis.localrules import REDIS_VERSION, Answer, LocalClient

#: Words that ask INFO for all there is.
EVERYTHING = frozenset({"all", "default", "everything"})

#: What clients ask CONFIG GET for before they do anything else. The proxy itself keeps nothing,
#: evicts nothing and has one database.
PARAMETERS = {
    b"appendonly": b"no",
    b"databases": b"1",
    b"maxmemory": b"0",
    b"maxmemory-policy": b"noeviction",
    b"notify-keyspace-events": b"",
    b"replica-read-only": b"yes",
    b"save": b"",
    b"slave-read-only": b"yes",
    b"timeout": b"0",
}


def standard(client: LocalClient) -> dict[str, dict[str, str]]:
    """
    The sections that clients of every redis look into, by name.
    """
    return {
        "Server": {
            "redis_version": REDIS_VERSION.decode(),
            "redis_mode": "standalone",
            "nuttwist_version": nuttwist.VERSION,
            "process_id": str(os.getpid()),
        },
        "Clients": {"connected_clients": str(client.clients())},
        "Persistence": {"loading": "0"},
        "Replication": {"role": "master", "connected_slaves": "0"},
        "Cluster": {"cluster_enabled": "0"},
    }


def sections(client: LocalClient) -> dict[str, dict[str, str]]:
    """
    All that INFO has to tell.
    """
    found = standard(client)
    for name, fields in client.about():
        found.setdefault(name, {}).update(fields)
    return found


def paragraph(name: str, fields: Mapping[str, str]) -> str:
    """
    A section of INFO as text; a line end in a value would end its line, and becomes a blank.
    """
    lines = (" ".join(f"{key}:{value}".splitlines()) for key, value in fields.items())
    return "".join(f"{line}\r\n" for line in (f"# {name}", *lines))


def info(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    INFO [SECTION...]
    """
    wanted = {each.decode("utf-8", "replace").lower() for each in args[1:]}
    everything = not wanted or bool(wanted & EVERYTHING)
    found = (
        paragraph(name, fields)
        for name, fields in sections(client).items()
        if everything or name.lower() in wanted
    )
    text = "\r\n".join(found).encode("utf-8", "replace")
    return resp.verbatim(text, client.session.protocol)


def parameters(word: bytes) -> dict[bytes, bytes]:
    """
    The parameters that a word stands for, which may be a pattern. One that is asked for by its
    name is answered under the name as it was spelled, as redis does.
    """
    if not any(mark in word for mark in MARKS):
        value = PARAMETERS.get(word.lower())
        return {} if value is None else {word: value}
    tokens = parse(word)
    return {name: value for name, value in PARAMETERS.items() if matches(tokens, name)}


def configuration(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    CONFIG GET PARAMETER...
    """
    found: dict[bytes, bytes] = {}
    for word in args[2:]:
        found.update(parameters(word))
    pairs = ((resp.bulk(name), resp.bulk(value)) for name, value in found.items())
    return resp.mapping(pairs, client.session.protocol)


def time(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    TIME, in seconds since 1970 and microseconds
    """
    parts = divmod(int(client.time() * 1_000_000), 1_000_000)
    return resp.array([resp.bulk(b"%d" % part) for part in parts])


def lolwut(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    LOLWUT [WHATEVER...]
    """
    text = f"A nut with a twist. nuttwist ver. {nuttwist.VERSION}\n"
    return resp.verbatim(text.encode(), client.session.protocol)


ABOUT: dict[bytes, Answer] = {
    b"config|get": configuration,
    b"info": info,
    b"lolwut": lolwut,
    b"time": time,
}
