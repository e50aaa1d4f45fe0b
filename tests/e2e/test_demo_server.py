"""The embedded server answers a long random conversation with a real memcached's bytes."""

from __future__ import annotations

import base64
import random
import re
import socket
from collections.abc import Iterator

import pytest_twisted
from twisted.internet.interfaces import IReactorTCP
from twisted.internet.threads import deferToThread

from nuttwist.demo.cache import Cache
from nuttwist.demo.protocol import DemoFactory
from tests.e2e.command import SECONDS
from tests.e2e.servers import HOST, startMemcached

_SEED = 20
_COMMANDS = 4000
_BATCH = 40
_BARRIER = b"MN\r\n"
_KEYS = [b"key%d" % number for number in range(8)] + [b"k" * 250]
# No value of blanks alone: memcached counts on from what the memory held before it.
# No value of blanks alone: memcached counts on from what the memory held before it.
_VALUES = [
    b"",
    b"x",
    b"a\r\nb",
    b"\x00\xff",
    b"10",
    b"99",
    b"007",
    b" 5 ",
    b"18446744073709551615",
    b"n" * 3000,
]
_EXPTIMES = [b"0", b"0", b"0", b"1000", b"-1", b"2592000", b"2592001", b"4294967295", b"x"]
_DELTAS = [b"1", b"9", b"90", b"18446744073709551615", b"18446744073709551616", b"-1", b"+2", b"1x"]
_META_FLAGS = [
    b"v",
    b"k",
    b"s",
    b"t",
    b"f",
    b"c",
    b"h",
    b"q",
    b"O7",
    b"Oab",
    b"N1000",
    b"T2000",
    b"T0",
    b"R1500",
    b"I",
    b"C3",
    b"C0",
    b"F9",
    b"D2",
    b"J5",
    b"Z",
    b"Tx",
    b"F",
    b"v",
]
# me takes no flags but b, and memcached's ma forgets T when the number becomes longer.
_SHARED = {
    b"mg": lambda _flag: True,
    b"md": lambda _flag: True,
    b"ma": lambda flag: not flag.startswith(b"T") or flag == b"Tx",
    b"me": lambda flag: flag == b"b",
}
_META_MODES = [b"MS", b"ME", b"MA", b"MP", b"MR", b"MI", b"MD", b"M", b"MX"]
_ODD = [
    b"",
    b" ",
    b"x",
    b"get",
    b"GET a",
    b"set a 0 0",
    b"set a 0 0 -1",
    b"set a 0 0 1 noreply extra",
    b"get " + b"l" * 251,
    b"mg " + b"l" * 251,
    b"delete a 1",
    b"delete a 0 0",
    b"verbosity 1",
    b"verbosity",
    b"verbosity x",
    b"flush_all x",
    b"flush_all noreply",
    b"version",
    b"gat x a",
    b"gat 1",
    b"mx",
    b"mg",
    b"ms a",
    b"ms a x",
    b"mg a " + b"v " * 20,
    b"mg a O" + b"o" * 40,
    b"me a b c",
    b"stats reset",
    b"stats nothing",
]
_NORMAL = [
    (re.compile(rb"(VALUE \S+ \d+ \d+) \d+"), rb"\1 CAS"),
    (re.compile(rb" c[1-9]\d*"), rb" cCAS"),
    (re.compile(rb" t\d{3,}"), rb" tSECONDS"),
    (re.compile(rb"exp=-\d{2,} la=\d+ cas=\d+ (fetch=\w+) cls=\d+"), rb"exp la cas \1 cls"),
    (re.compile(rb"exp=-1 la=\d+ cas=\d+ (fetch=\w+) cls=\d+"), rb"never la cas \1 cls"),
]


def _commands(seed: int) -> Iterator[bytes]:
    chance = random.Random(seed)
    makers = [_storage, _retrieval, _other, _metaStore, _meta, _meta]
    for _ in range(_COMMANDS):
        maker = chance.choice(makers)
        yield chance.choice(_ODD) + b"\r\n" if chance.random() < 0.04 else maker(chance)


def _storage(chance: random.Random) -> bytes:
    verb = chance.choice([b"set", b"set", b"add", b"replace", b"append", b"prepend", b"cas"])
    value = chance.choice(_VALUES)
    exptime = chance.choice(_EXPTIMES[:-1])
    flags = chance.choice([b"0", b"5", b"4294967295", b"4294967296"])
    words = [verb, chance.choice(_KEYS), flags, exptime, b"%d" % len(value)]
    if verb == b"cas":
        words.append(b"%d" % chance.choice([0, 1, 1 << 60]))
    spoiled = b"spoiled" if chance.random() < 0.03 else b""
    return _line(chance, *words) + value + spoiled + b"\r\n"


def _retrieval(chance: random.Random) -> bytes:
    keys = chance.choices(_KEYS, k=chance.choice([1, 1, 3, 12]))
    if chance.random() < 0.8:
        return b" ".join([chance.choice([b"get", b"gets"]), *keys]) + b"\r\n"
    return b" ".join([chance.choice([b"gat", b"gats"]), chance.choice(_EXPTIMES), *keys]) + b"\r\n"


def _other(chance: random.Random) -> bytes:
    key = chance.choice(_KEYS)
    verb = chance.choice([b"delete", b"touch", b"incr", b"decr", b"incr", b"decr"])
    if verb == b"delete":
        return _line(chance, verb, key)
    return _line(chance, verb, key, chance.choice(_EXPTIMES if verb == b"touch" else _DELTAS))


def _metaStore(chance: random.Random) -> bytes:
    value = chance.choice(_VALUES)
    key, flags = _metaKeyAndFlags(chance)
    return b" ".join([b"ms", key, b"%d" % len(value), *flags]) + b"\r\n" + value + b"\r\n"


def _meta(chance: random.Random) -> bytes:
    verb = chance.choice([b"mg", b"mg", b"md", b"ma", b"ma", b"me"])
    key, flags = _metaKeyAndFlags(chance)
    return b" ".join([verb, key, *filter(_SHARED[verb], flags)]) + b"\r\n"


def _metaKeyAndFlags(chance: random.Random) -> tuple[bytes, list[bytes]]:
    key = chance.choice(_KEYS)
    flags = chance.choices(_META_FLAGS, k=chance.choice([0, 1, 2, 2, 3, 4]))
    if chance.random() < 0.4:
        flags.append(chance.choice(_META_MODES))
    if chance.random() < 0.3 and len(key) < 100:
        key, flags = base64.b64encode(key), [*flags, b"b"]
    chance.shuffle(flags)
    return key, flags


def _line(chance: random.Random, *words: bytes) -> bytes:
    quiet = [b"noreply"] if chance.random() < 0.1 else []
    return b" ".join([*words, *quiet]) + chance.choice([b"\r\n", b"\r\n", b"\n"])


class _Conversation:
    """One connection on which every exchange ends with the answer to "mn"."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((HOST, port), timeout=SECONDS)

    def ask(self, request: bytes) -> bytes:
        self._socket.sendall(request + b"mn\r\n")
        reply = b""
        while not reply.endswith(_BARRIER):
            chunk = self._socket.recv(1 << 16)
            assert chunk, f"the server hung up on {request[:100]!r}"
            reply += chunk
        for pattern, replacement in _NORMAL:
            reply = pattern.sub(replacement, reply)
        return reply

    def close(self) -> None:
        self._socket.close()


def _differences(ports: tuple[int, int], requests: list[bytes]) -> list[tuple[bytes, bytes, bytes]]:
    ours, theirs = (_Conversation(port) for port in ports)
    try:
        pairs = [(request, ours.ask(request), theirs.ask(request)) for request in requests]
    finally:
        ours.close()
        theirs.close()
    return [pair for pair in pairs if pair[1] != pair[2]]


async def _compared(requests: list[bytes]) -> list[tuple[bytes, bytes, bytes]]:
    from twisted.internet import reactor  # noqa: PLC0415  # the reactor that the plugin installed

    tcp = IReactorTCP(reactor)
    factory = DemoFactory(Cache(64 << 20, reactor.seconds), version="1.6.18")
    listener = tcp.listenTCP(0, factory, interface=HOST)
    try:
        # Without its background threads: while one of them holds an item, a counter that became
        # shorter loses the blanks after it.
        with startMemcached("-o", "no_modern") as server:
            ports = (listener.getHost().port, server.port)
            return await deferToThread(_differences, ports, requests)
    finally:
        await listener.stopListening()


@pytest_twisted.ensureDeferred
async def test_answersAsMemcachedOneByOne() -> None:
    """Every command of a long random conversation gets the bytes that memcached sends."""
    assert await _compared(list(_commands(_SEED))) == []


@pytest_twisted.ensureDeferred
async def test_answersAsMemcachedPipelined() -> None:
    """Commands sent many at a time get the bytes that memcached sends, in the same order."""
    chance = random.Random(_SEED)
    makers = [_storage, _retrieval]
    batches = [
        b"".join(chance.choice(makers)(chance) for _ in range(_BATCH)) for _ in range(_BATCH)
    ]
    assert await _compared(batches) == []


@pytest_twisted.ensureDeferred
async def test_refusesTheSameSizes() -> None:
    """The largest value that fits is memcached's own, and what is larger is swallowed whole."""
    largest = (1 << 20) - 48 - 8 - len(b"a\0") - len(b"\r\n")
    requests = [
        b"%b %d\r\n%b\r\n" % (start, size, b"x" * size)
        for start in (b"set a 0 0", b"set a 5 0", b"add a 0 0", b"ms a")
        for size in (largest - 4, largest - 3, largest, largest + 1, 2 * largest)
    ]
    assert (
        await _compared([b"set a 0 0 1\r\nx\r\n" + each + b"mg a s\r\n" for each in requests]) == []
    )
