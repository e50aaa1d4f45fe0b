"""
One pool of a configuration file, while it is read: what could be understood, and where it stood.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import attrs

from nuttwist.config import Listen, PoolConfig, ServerConfig, repeated
from nuttwist.config.address import LISTEN_FORM, SERVER_FORM, readServer
from nuttwist.config.conflicts import conflicts
from nuttwist.config.keys import KEYS, ON_FAILURE_FORM, READERS, allowedFor
from nuttwist.config.mistake import Notes
from nuttwist.config.pools import Link
from nuttwist.config.rules import POOL_RULES, SECRET_KEYS, SettingError, describe
from nuttwist.config.yaml import Branch, Node, Place, Scalar, pairsOf

ONE_SERVER_A_LINE = f"a list with one server a line, each {SERVER_FORM}"
KEYS_OF_POOL = "keys with values on lines of their own, such as 'timeout: 400'"
#: For the side on which it does not matter.
PLAIN = Listen(host="127.0.0.1")

#: The settings that files with certificates and keys depend on, towards clients and servers.
SIDES = (
    ("listen", "servers"),
    ("servers", "tls", "tls_ca", "tls_name", "tls_certificate", "tls_key"),
)
DEFAULTS = {
    each.name: each.default
    for each in attrs.fields(PoolConfig)
    if each.default is not attrs.NOTHING
}


class Draft:
    """
    A pool in the making.

    @ivar name: its name and where it stands.
    """

    def __init__(self, name: Scalar, body: Node, notes: Notes) -> None:
        self.name = name
        self._body = body
        self._notes = notes
        self._keys: dict[str, Scalar] = {}
        self._values: dict[str, Scalar] = {}
        self._settings: dict[str, Any] = {}
        self._takers: dict[str, Callable[[str, Node], None]] = {
            "servers": self._takeServers,
            "on_failure": self._takeOnFailure,
        }

    @property
    def listen(self) -> Listen | None:
        """Where it is to listen, C{None} if that could not be read."""
        listen: Listen | None = self._settings.get("listen")
        return listen

    @property
    def link(self) -> Link:
        """Who it is to other pools, as far as that could be read."""
        isRedis = self._settings.get("redis", None if "redis" in self._keys else False)
        return Link(self.name.text, isRedis, self._settings.get("backup"))

    def read(self) -> None:
        """Take in all keys, and note what is wrong with each or between them."""
        if not POOL_RULES["name"].holds(self.name.text):
            problem = f"a pool named {self.name.text!r}"
            self._notes.note(self.name.place, problem, POOL_RULES["name"].allowed)
        if isinstance(self._body, Scalar) or not self._body.isMapping:
            self.about("", self._body.place, f"saw {_kind(self._body)}", KEYS_OF_POOL)
        for key, value in pairsOf(self._body):
            self._take(key, value)
        # What was written and could not be read is in no conflict with the rest.
        defaults = {key: value for key, value in DEFAULTS.items() if key not in self._keys}
        known = {**defaults, **self._settings, "name": self.name.text}
        for wrong, allowed in conflicts(known, self._values):
            self.refused(wrong, allowed)

    def checkPresent(self) -> None:
        """Note the required keys that are missing; to be called if the file was read beyond it."""
        if isinstance(self._body, Branch) and self._body.isMapping:
            for key, form in (("listen", LISTEN_FORM), ("servers", ONE_SERVER_A_LINE)):
                if key not in self._keys:
                    self.about(key, self.name.place, "missing", form)

    def encrypting(self) -> Iterator[PoolConfig]:
        """What it says of encryption on each side that was understood, whatever else it says."""
        written = {"servers", *self._keys}
        for keys in SIDES:
            known = {key: self._settings[key] for key in keys if key in self._settings}
            if all(key in known for key in keys if key in written):
                # What does not go together has been noted.
                with suppress(SettingError):
                    yield PoolConfig(**{"name": self.name.text, "listen": PLAIN, **known})

    def finished(self) -> PoolConfig:
        """The pool; to be called if there was no mistake."""
        return PoolConfig(name=self.name.text, **self._settings)

    def about(self, key: str, place: Place, problem: str, allowed: str) -> None:
        """Note a mistake that no single value shows."""
        self._notes.note(place, problem, allowed, self.name.text, key)

    def refused(self, key: str, allowed: str) -> None:
        """Note that the value of a key, which is plain text, is not allowed."""
        self._refused(key, self._values[key], allowed)

    def _refused(self, key: str, seen: Scalar, allowed: str) -> None:
        value = None if key in SECRET_KEYS else seen.text
        self._notes.note(seen.place, describe(key, seen.text), allowed, self.name.text, key, value)

    def _take(self, key: Node, value: Node) -> None:
        if not isinstance(key, Scalar):
            self.about("", key.place, f"saw {_kind(key)} in place of a key", KEYS_OF_POOL)
        elif key.text not in KEYS:
            self.about(key.text, key.place, _unknown(key.text), ", ".join(KEYS))
        elif self._keys.setdefault(key.text, key) is not key:
            line, _ = self._keys[key.text].place
            self.about(key.text, key.place, f"again, first on line {line}", "each key once")
        else:
            take = self._takers.get(key.text, self._takeValue)
            take(key.text, value)

    def _takeValue(self, key: str, seen: Node) -> None:
        allowed = allowedFor(key)
        if not isinstance(seen, Scalar):
            self.about(key, seen.place, f"saw {_kind(seen)}", allowed)
            return
        self._values[key] = seen
        try:
            value = READERS[key](seen.text)
            if key in POOL_RULES:
                POOL_RULES[key].check(key, value)
        except SettingError as error:
            self._refused(key, seen, error.allowed)
        except ValueError:
            self._refused(key, seen, allowed)
        else:
            self._settings[key] = value

    def _takeOnFailure(self, key: str, seen: Node) -> None:
        if isinstance(seen, Scalar) or not seen.isMapping:
            self._takeValue(key, seen)
            return
        pairs = list(pairsOf(seen))
        named = [each.text for each, _ in pairs if isinstance(each, Scalar)]
        if named != ["backup"] or len(pairs) > 1:
            self.about(key, seen.place, f"saw {_kind(seen)}", ON_FAILURE_FORM)
            return
        self._takeValue("backup", pairs[0][1])
        if "backup" in self._settings:
            self._settings[key] = "backup"

    def _takeServers(self, key: str, seen: Node) -> None:
        if isinstance(seen, Scalar) or seen.isMapping:
            self.about(key, seen.place, f"saw {_kind(seen)}", ONE_SERVER_A_LINE)
            return
        if not seen.children:
            self.about("servers", seen.place, "an empty list", ONE_SERVER_A_LINE)
        lines = [read for line in seen.children for read in self._readServer(line)]
        for again, first in repeated(server.name for _, server in lines):
            line, server = lines[again]
            at = lines[first][0].place[0]
            self._refused(
                "servers", line, f"each server name once, {server.name!r} is on line {at}"
            )
        self._settings["servers"] = [server for _, server in lines]

    def _readServer(self, line: Node) -> Iterator[tuple[Scalar, ServerConfig]]:
        if not isinstance(line, Scalar):
            self.about("servers", line.place, f"saw {_kind(line)}", SERVER_FORM)
            return
        try:
            yield line, readServer(line.text)
        except SettingError as error:
            self._refused("servers", line, error.allowed)


def _kind(node: Node) -> str:
    if isinstance(node, Scalar):
        return repr(node.text)
    return "a mapping" if node.isMapping else "a list"


def _unknown(key: str) -> str:
    near = difflib.get_close_matches(key.lower(), KEYS, n=1)
    return f"unknown key, did you mean {near[0]!r}?" if near else "unknown key"
