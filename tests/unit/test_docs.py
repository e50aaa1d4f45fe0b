"""The README and the pages of docs/ say what the code does."""

from __future__ import annotations

import pkgutil
import re
import runpy
import shlex
from pathlib import Path
from typing import Any

import attrs
import pytest
from twisted.application.service import IServiceCollection
from twisted.internet.testing import MemoryReactorClock

import nuttwist
from nuttwist.config.draft import KEYS
from nuttwist.net import troubles
from nuttwist.options import Options
from nuttwist.service import ProxyService
from nuttwist.statistics import POOL_FIELDS
from nuttwist.wire.counters import ServerCounters
from nuttwist.wire.redis.commandtable import COMMANDS
from nuttwist.wire.redis.routes import Route, routeOf
from tests.unit.config.yamltext import messageAbout, poolText
from tests.unit.wire.redis.rig import RedisPool

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("newsfragments/*.md")]
PROGRAMS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
DRAWING = README.partition("```text\n")[2].partition("```")[0]


def page(name: str) -> str:
    """The text of a page of docs/."""
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


def sections(text: str) -> dict[str, str]:
    """What stands under each heading of the second order."""
    return dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE))


SECTIONS = sections(README)


def rows(section: str, within: dict[str, str] = SECTIONS) -> list[list[str]]:
    """The rows of all tables of a section, without their heads."""
    table = r"^\|[^\n]*\n\|[-|]+\n((?:\|[^\n]*\n)+)"
    found = re.findall(table, within[section], re.MULTILINE)
    lines = "".join(found).splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def words(cell: str) -> list[str]:
    """What a cell has between backticks."""
    return re.findall(r"`([^`]+)`", cell)


def anchors(text: str) -> set[str]:
    """The names by which the headings of a page can be linked to."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}


def test_tableIsTheGeneratedOne() -> None:
    """The table of memcached's commands is what docs/tables.py makes of the code."""
    tables = runpy.run_path(str(ROOT / "docs" / "tables.py"))
    text = page("memcached-commands")
    assert tables["withTable"](text) == text, "run python docs/tables.py"


def test_everyKeyIsListed() -> None:
    """The table of keys has all of them, in order."""
    listed = rows("Keys", sections(page("configuration")))
    assert tuple(row[0].strip("`* ") for row in listed) == KEYS


def test_drawingHasItsTwinInThePackage() -> None:
    """The drawing of the README is the one in the package's docstring, line by line."""
    inPackage = [line.strip() for line in str(nuttwist.__doc__).splitlines()]
    drawing = [line.strip() for line in DRAWING.splitlines()]
    at = inPackage.index(drawing[0])
    assert inPackage[at : at + len(drawing)] == drawing


def test_roomsOfTheDrawingExist() -> None:
    """Each directory that the drawing names is there, and no package is left out of it."""
    named = {each.rstrip("/") for each in re.findall(r"^ (nuttwist/\S*)", DRAWING, re.MULTILINE)}
    found = {str(each.parent.relative_to(ROOT)) for each in ROOT.glob("nuttwist/*/__init__.py")}
    assert named == found | {"nuttwist"}


def test_namesOfThePackageCanBeFound() -> None:
    """Every dotted name of the README that begins with nuttwist is that of something."""
    for name in set(re.findall(r"`(nuttwist\.[\w.]+)[`(]", README)):
        assert pkgutil.resolve_name(name), name


def test_optionsOfTheTableAreTheCommands() -> None:
    """The table of options has every option of the command, with its default."""
    described = {each: row[1] for row in rows("Install and start") for each in words(row[0])}
    options = Options()
    missing = set(options.synonyms) - {each.lstrip("-") for each in described}
    assert missing == {"h", "help"}
    for name, default in options.defaults.items():
        assert described[f"--{name}"].strip("`") == str(default or "")


def test_commandsThatAreShownAreAccepted() -> None:
    """Each nutproxy command line of the README is one that the options take."""
    lines = re.findall(r"twistd [^\n`]*?nutproxy ([^\n`|]+)", README)
    assert lines
    for line in lines:
        Options().parseOptions(shlex.split(line))


def test_countersAreDescribedAsTheCommandDoes(capsys: pytest.CaptureFixture[str]) -> None:
    """The tables of counters have the names of the statistics and the words of -D."""
    with pytest.raises(SystemExit):
        Options().parseOptions(["--describe-stats"])
    counters = rows("Counters", sections(page("statistics")))
    said = re.findall(r"^  (\w+) +(.*)$", capsys.readouterr().err, re.MULTILINE)
    assert [(row[0].strip("`"), row[1]) for row in counters] == said
    queues = ("in_queue", "in_queue_bytes", "out_queue", "out_queue_bytes")
    server = tuple(each.name for each in attrs.fields(ServerCounters))
    assert tuple(name for name, _ in said) == (*POOL_FIELDS, *server, *queues)


def test_textsOfFailuresAreTheProxys() -> None:
    """Each text that a client may get for a failed server is in the table."""
    told = {row[0].strip("`") for row in rows("Errors", sections(page("failures")))}
    known = [each for each in vars(troubles).values() if isinstance(each, troubles.Trouble)]
    assert {each.text for each in known if each.counter} <= told


def test_switchesAreKeysOrOptions() -> None:
    """Each switch of the tables of differences is a key of the pool or an option."""
    for row in rows("Differences from twemproxy", sections(page("from-twemproxy"))):
        for name in re.findall(r"`(--)?([\w-]+)", row[2]):
            assert name[1] in KEYS or name[1] in Options().synonyms, row[2]


def test_messageThatIsShownIsTheRealOne() -> None:
    """The mistake in the README is reported in those words."""
    message = messageAbout(poolText("timeout: 4s", name="cache"))
    assert message.replace("conf.yml", "cache.yml") in README


def test_redisCommandsAreRoutedAsTold() -> None:
    """Every route is in the table of redis commands, and each command beside its own."""
    told = {row[1]: words(row[0]) for row in rows("Commands", sections(page("redis-pools")))}
    assert set(told) == {each.value for each in Route}
    for sentence, commands in told.items():
        for command in commands:
            name = command.lower().replace(" ", "|").encode()
            assert name in COMMANDS or name == b"xread|block", command
            assert routeOf(name).value == sentence, command


@pytest.mark.parametrize(
    "request_", [b"SUNIONSTORE dst key0 key1", b"MULTI"], ids=lambda each: each.split()[0].decode()
)
def test_redisErrorsThatAreShownAreTheRealOnes(request_: bytes) -> None:
    """What a redis client is refused is shown in the words that it gets."""
    received = RedisPool().ask(*request_.split()).decode()
    assert received.startswith("-")
    assert received.rstrip() in page("redis-pools")


@pytest.fixture
def reactor(monkeypatch: pytest.MonkeyPatch) -> MemoryReactorClock:
    """A reactor in memory, in place of the process's own, on a system without epoll."""
    memory = MemoryReactorClock()
    monkeypatch.setattr("twisted.internet.reactor", memory, raising=False)
    monkeypatch.delattr("select.epoll")
    monkeypatch.chdir(ROOT)
    return memory


@pytest.mark.usefixtures("reactor")
def test_applicationOfTheReadmeHasTheProxy() -> None:
    """The program of the README makes an application with the proxy in it."""
    names: dict[str, Any] = {}
    exec(PROGRAMS[0], names)
    services = list(IServiceCollection(names["application"]))
    assert [type(each) for each in services] == [ProxyService]


def test_everyPageIsInTheIndex() -> None:
    """docs/index.md leads to each page, by itself or by the page of its folder."""
    linked = {link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", page("index"))}
    pages = {str(each.relative_to(ROOT / "docs")) for each in ROOT.glob("docs/**/*.md")}
    assert pages - linked == {"index.md"}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_linksLeadSomewhere(path: Path) -> None:
    """Every link to a file or a heading of the project has its end."""
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        file, _, anchor = link.partition("#")
        target = path.parent / file if file else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link
