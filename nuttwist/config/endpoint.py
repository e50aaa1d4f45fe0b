"""
Twisted's endpoint strings, as far as a pool can listen on them.

C{ssl:22121:privateKey=/etc/key.pem}: the kind, what it is about, and settings by name. A colon or
backslash in a value has a backslash before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import attrs

from nuttwist.config import rules
from nuttwist.config.rules import Rule, SettingError

_PART = re.compile(r"((?:[^:\\]|\\.)*):", re.DOTALL)
_NAMED = re.compile(r"(\w+)=(.*)", re.DOTALL)


@attrs.frozen
class Kind:
    """
    What endpoints of one kind are made of.

    @ivar first: the setting that may come without its name, as the first.
    @ivar needed: groups of settings; there must be exactly one of each group.
    @ivar rules: of all settings, on their text.
    """

    first: str
    needed: tuple[tuple[str, ...], ...]
    rules: Mapping[str, Rule]

    @property
    def form(self) -> str:
        """What may be written, in words."""
        needed = [f":{group[0]}=..." for group in self.needed if self.first not in group]
        return "".join([self.first.upper(), *needed, "[:name=value]..."])


def _asNumber(rule: Rule) -> Rule:
    return Rule(
        rule.allowed,
        lambda text: (
            isinstance(text, str)
            and re.fullmatch("[0-9]{1,10}", text) is not None
            and rule.holds(int(text))
        ),
    )


_MODE = Rule(
    rules.MODE.allowed,
    lambda text: (
        isinstance(text, str)
        and re.fullmatch("[0-7]{1,4}", text) is not None
        and rules.MODE.holds(int(text, 8))
    ),
)
_BACKLOG = {"backlog": _asNumber(rules.number(0))}
_ON_PORT = {"port": _asNumber(rules.LISTEN_PORT), "interface": rules.LISTEN_HOST, **_BACKLOG}
_FILES = {
    "privateKey": rules.FILE,
    "certKey": rules.FILE,
    "extraCertChain": rules.FILE,
}

KINDS: Mapping[str, Kind] = {
    "tcp": Kind("port", (("port",),), _ON_PORT),
    "tcp6": Kind("port", (("port",),), _ON_PORT),
    "ssl": Kind("port", (("port",), ("privateKey",)), {**_ON_PORT, **_FILES}),
    "unix": Kind(
        "address",
        (("address",),),
        {
            "address": rules.SOCKET_PATH,
            "mode": _MODE,
            "lockfile": rules.oneOf(("0", "1")),
            **_BACKLOG,
        },
    ),
    "systemd": Kind(
        "domain",
        (("domain",), ("index", "name")),
        {
            "domain": rules.oneOf(("INET", "INET6", "UNIX")),
            "index": _asNumber(rules.number(0)),
            "name": rules.TEXT,
        },
    ),
}

ENDPOINT_FORM = f"an endpoint that begins with {', '.join(f'{kind}:' for kind in KINDS)}"


@attrs.frozen
class Endpoint:
    """
    An endpoint that was read.

    @ivar kind: one of L{KINDS}.
    @ivar settings: their text by their names.
    """

    kind: str
    settings: Mapping[str, str]

    @property
    def isEncrypted(self) -> bool:
        """Whether clients speak TLS to it."""
        return self.kind == "ssl"

    def backlog(self, default: int) -> int:
        """The connections that the system holds, by default as many as given."""
        return int(self.settings.get("backlog", default))


def isEndpoint(text: str) -> bool:
    """Whether a text is meant as an endpoint."""
    return text.partition(":")[0] in KINDS and ":" in text


def readEndpoint(text: str) -> Endpoint:
    """
    Read an endpoint string. No file is opened, and no descriptor looked at.

    @raise SettingError: about C{endpoint}, with its form and the part that is wrong.
    """
    if not (rules.isText(text) and isEndpoint(text)):
        raise SettingError("endpoint", text, ENDPOINT_FORM)
    name, _, rest = text.partition(":")
    try:
        return Endpoint(name, _checked(KINDS[name], rest))
    except SettingError as error:
        allowed = f"'{name}:{KINDS[name].form}', {error.key}: {error.allowed}"
        raise SettingError("endpoint", text, allowed) from error


def _checked(kind: Kind, text: str) -> Mapping[str, str]:
    settings: dict[str, str] = {}
    for key, value in _settings(kind, text):
        if key not in kind.rules:
            raise SettingError(key, value, f"none of these, but {', '.join(kind.rules)}")
        if key in settings:
            raise SettingError(key, value, "once")
        kind.rules[key].check(key, value)
        settings[key] = value
    for group in kind.needed:
        if sum(key in settings for key in group) != 1:
            raise SettingError(" or ".join(group), None, "one")
    return settings


def _settings(kind: Kind, text: str) -> Iterator[tuple[str, str]]:
    for index, part in enumerate(_PART.findall(f"{text}:")):
        named = _NAMED.fullmatch(part)
        key, value = named.groups() if named else (kind.first if index == 0 else part, part)
        yield key, re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL)
