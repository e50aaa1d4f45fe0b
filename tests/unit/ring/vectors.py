"""The recorded hashes and routes of twemproxy, read for the tests."""

from __future__ import annotations

import json
from pathlib import Path

from nuttwist.ring.distributions import RingServer

_FOLDER = Path(__file__).parents[2] / "data" / "vectors"


def _load(name):
    return json.loads((_FOLDER / name).read_text(encoding="utf-8"))


#: For each hash function, pairs of a key and its hash.
HASH_PAIRS = {
    name: [(key.encode("latin-1"), value) for key, value in pairs]
    for name, pairs in _load("hash.json")["hashes"].items()
}

_ROUTING = _load("routing.json")

#: The keys of every route, in order.
KEYS = [key.encode("latin-1") for key in _ROUTING["keys"]]
#: The recorded pools by their names.
LAYOUTS = {layout["name"]: layout for layout in _ROUTING["layouts"]}


def serversOf(layout):
    """A layout's servers as a ring wants them, in internal order."""
    servers = [
        RingServer(name.encode("latin-1"), _weightOf(line))
        for name, line in zip(layout["names"], layout["servers"], strict=True)
    ]
    return sorted(servers, key=lambda server: (len(server.name), server.name))


def _weightOf(line):
    return int(line.split(" ")[0].rsplit(":", 1)[1])


def liveOf(layout):
    """The indices of a layout's servers that were live when it was recorded."""
    ejected = [name.encode("latin-1") for name in layout["ejected"]]
    servers = serversOf(layout)
    return [index for index, server in enumerate(servers) if server.name not in ejected]


def tagOf(layout):
    """A layout's hash tag."""
    tag = layout["hash_tag"]
    return None if tag is None else tag.encode("latin-1")
