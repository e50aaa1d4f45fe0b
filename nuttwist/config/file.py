"""
Read a configuration file: twemproxy's keys in twemproxy's YAML, and nuttwist's own keys.

A file is taken whole or refused whole. Whoever wrote it gets every mistake at once, each with its
place, the value seen and what is allowed.

The way is: bytes, a tree of text with places (L{nuttwist.config.yaml}), a draft a pool that holds
what could be read (L{nuttwist.config.draft}), checks across the pools, and the L{PoolConfig}s.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import attrs

from nuttwist.config import PoolConfig, SettingError, internalOrder, repeated
from nuttwist.config.credentials import readCredentials
from nuttwist.config.draft import Draft
from nuttwist.config.mistake import ConfigError, Mistake, Notes
from nuttwist.config.pools import wrongBackups
from nuttwist.config.yaml import START, Node, Scalar, Tree, pairsOf, readTree

__all__ = ["ConfigError", "Mistake", "loadConfig", "parseConfig"]

NAME_OF_POOL = "the name of a pool, then its keys on lines of their own, further in"


def loadConfig(path: str) -> tuple[PoolConfig, ...]:
    """
    Read a configuration file.

    @return: its pools in internal order.
    @raise ConfigError: if it cannot be read or has a mistake, or if a certificate or key that it
        names cannot be read.
    """
    try:
        text = _read(path)
    except (OSError, ValueError) as error:
        notes = Notes(path)
        notes.note(START, getattr(error, "strerror", None) or str(error), "a file that can be read")
        raise ConfigError(notes.mistakes) from error
    notes = Notes(path)
    drafts = _drafts(text, notes)
    _checkCertificates(drafts)
    return _finished(drafts, notes)


def _read(path: str) -> bytes:
    with open(path, "rb", opener=_open) as file:
        return file.read()


def _open(path: str, flags: int) -> int:
    # A pipe that nobody writes to is empty: waiting for a writer would hold up even a stop.
    reading = os.open(path, flags | os.O_NONBLOCK)
    os.set_blocking(reading, True)
    return reading


def parseConfig(text: bytes, filename: str) -> tuple[PoolConfig, ...]:
    """
    Read the text of a configuration file. No other file is opened.

    @param filename: what messages call it.
    @return: its pools in internal order.
    @raise ConfigError: if it has a mistake.
    """
    notes = Notes(filename)
    return _finished(_drafts(text, notes), notes)


def _drafts(text: bytes, notes: Notes) -> list[Draft]:
    tree = readTree(text, notes.note)
    drafts = [Draft(name, body, notes) for name, body in _sections(tree, notes)]
    for draft in drafts:
        draft.read()
    for draft in drafts if tree.whole else drafts[:-1]:
        draft.checkPresent()
    _checkNames(drafts)
    _checkListeners(drafts)
    # Of a file that was not understood to its end, the pool in question may be missing.
    if tree.whole:
        _checkBackups(drafts)
    return drafts


def _finished(drafts: Sequence[Draft], notes: Notes) -> tuple[PoolConfig, ...]:
    if notes.mistakes:
        raise ConfigError(notes.mistakes)
    return tuple(sorted((draft.finished() for draft in drafts), key=internalOrder))


def _sections(tree: Tree, notes: Notes) -> Iterator[tuple[Scalar, Node]]:
    for root in tree.roots:
        if isinstance(root, Scalar) or not root.isMapping:
            notes.note(root.place, "no pools", NAME_OF_POOL)
        for name, body in pairsOf(root):
            if isinstance(name, Scalar):
                yield name, body
            else:
                notes.note(name.place, "a list or mapping in place of a name", NAME_OF_POOL)
    if tree.whole and not tree.roots:
        notes.note(START, "no pools", NAME_OF_POOL)


def _checkNames(drafts: Sequence[Draft]) -> None:
    for again, first in repeated(draft.name.text for draft in drafts):
        line, _ = drafts[first].name.place
        problem = f"a second pool of this name, the first is on line {line}"
        drafts[again].about("", drafts[again].name.place, problem, "each name once")


def _checkListeners(drafts: Sequence[Draft]) -> None:
    listening = [draft for draft in drafts if draft.listen is not None]
    # Permissions do not make two sockets of one path.
    places = (attrs.evolve(draft.listen, mode=None) for draft in listening if draft.listen)
    for again, first in repeated(places):
        other = listening[first].name
        allowed = f"each address once, pool {other.text!r} (line {other.place[0]}) has this one"
        listening[again].refused("listen", allowed)


def _checkBackups(drafts: Sequence[Draft]) -> None:
    for index, allowed in wrongBackups([draft.link for draft in drafts]):
        drafts[index].refused("backup", allowed)


def _checkCertificates(drafts: Sequence[Draft]) -> None:
    for draft in drafts:
        for pool in draft.encrypting():
            try:
                readCredentials([pool])
            except SettingError as error:  # noqa: PERF203  each side has its own
                draft.refused(error.key, error.allowed)
