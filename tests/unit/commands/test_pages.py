"""docs/commands.md and the manual page say what the commands do."""

from __future__ import annotations

import re
import runpy
import shlex
import shutil
import subprocess
from getopt import getopt
from importlib import import_module
from pathlib import Path

import pytest

from nuttwist.commands.arguments import Parser
from nuttwist.commands.main import COMMANDS
from nuttwist.commands.run import RunOptions

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
MANUAL = ROOT / "docs" / "nutproxy.1"
SCRIPT = runpy.run_path(str(ROOT / "docs" / "commands.py"))
SHOWN = [each for each in SCRIPT["examples"](PAGE) if not SCRIPT["isLive"](each[0])]


def flagsOf(name: str) -> set[str]:
    """Every option of a subcommand, with its dashes."""
    if name == "run":
        options = RunOptions()
        short = {f"-{each}" for each in options.shortOpt.replace(":", "")}
        return short | {f"--{each.rstrip('=')}" for each in options.longOpt}
    parser = Parser(name, "")
    import_module(f"nuttwist.commands.{COMMANDS[name].module}").addArguments(parser)
    return {flag for action in parser._actions for flag in action.option_strings}


@pytest.mark.parametrize(("command", "said"), SHOWN, ids=[each[0].split()[0] for each in SHOWN])
def test_whatIsShownIsWhatIsSaid(ask, monkeypatch, command, said):
    """Each example of the page that needs no server is repeated to the letter."""
    monkeypatch.chdir(ROOT)
    told = ask(*shlex.split(command))
    lines = "".join(f"{line.rstrip()}\n" for line in (told.answer + told.notes).splitlines())
    assert lines == said, "run python -m docs.commands"


def test_everySubcommandHasASectionAndAnExample():
    """The page has each command in its table and under a heading, all but run with an example."""
    headings = re.findall(r"^## (.*)$", PAGE, re.MULTILINE)
    assert headings == list(COMMANDS)
    assert re.findall(r"^\| \[`(\w+)`\]", PAGE, re.MULTILINE) == list(COMMANDS)
    examples = {command.split()[0] for command, _ in SCRIPT["examples"](PAGE)}
    assert examples == set(COMMANDS) - {"run"}


@pytest.mark.parametrize("page", ["from-twemproxy.md", "deploy/README.md"])
def test_commandsOfOtherPagesAreUnderstood(page):
    """What these pages have the reader type has subcommands and options that there are."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    typed = re.findall(r"^ {4}(?:\S*/)?nutproxy (.*)$", text, re.MULTILINE)
    typed += re.findall(r"`nutproxy ([^`]* [^`]*)`", text)
    for name, *words in map(shlex.split, typed):
        if name == "run":
            given, rest = getopt(words, RunOptions().shortOpt, RunOptions().longOpt)
            assert given
            assert rest == []
        else:
            parser = Parser(name, "")
            import_module(f"nuttwist.commands.{COMMANDS[name].module}").addArguments(parser)
            parser.parse_args(words)


@pytest.mark.parametrize("name", COMMANDS)
def test_everyOptionIsInTheManual(name):
    """Each subcommand has its line in the manual page, and each of its options is there."""
    text = MANUAL.read_text(encoding="utf-8").replace("\\-", "-")
    assert re.search(rf"^\.Cm {name}$", text, re.MULTILINE)
    told = {f"-{each}" for each in re.findall(r"Fl ([\w-]+)", text)}
    assert flagsOf(name) - told == set()


def test_manualHasNoOptionThatIsNot():
    """What the manual page has is an option of some subcommand."""
    text = MANUAL.read_text(encoding="utf-8").replace("\\-", "-")
    told = {f"-{each}" for each in re.findall(r"Fl ([\w-]+)", text)}
    assert told - set().union(*map(flagsOf, COMMANDS)) == set()


def test_manualIsRendered():
    """The system's own tools make a page of it, and complain of nothing."""
    program = next((each for each in ("groff", "mandoc") if shutil.which(each)), None)
    if program is None:
        pytest.skip("neither groff nor mandoc is installed")
    words = ["-mdoc", "-Tascii", "-ww"] if program == "groff" else ["-Tascii", "-Wwarning"]
    made = subprocess.run(
        [program, *words, str(MANUAL)], capture_output=True, text=True, timeout=30, check=True
    )
    plain = re.sub(r".\x08|\x1b\[[\d;]*m", "", made.stdout)
    assert made.stderr == ""
    assert "nutproxy explain [--pool pool]" in re.sub(r"\s+", " ", plain)
