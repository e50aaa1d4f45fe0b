"""The command itself: which subcommand is meant, and what it says when there is none."""

from __future__ import annotations

from importlib import import_module

import pytest

from nuttwist.commands import main as command
from nuttwist.commands.main import COMMANDS
from nuttwist.form import described


def test_helpNamesEverySubcommand(ask):
    """The help is the answer and has each subcommand with what it does."""
    told = ask("--help")
    assert (told.status, told.notes) == (0, "")
    assert all(f"  {name:<9}{row.about}\n" in told.answer for name, row in COMMANDS.items())


def test_noWordsAreWrongArguments(ask):
    """Without a subcommand there is the help, and the status says that something is missing."""
    told = ask()
    assert (told.status, told.answer) == (2, ask("-h").answer)


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_versionHasTheForm(ask, option):
    """The version is that of the package, with the form it runs in."""
    assert ask(option).answer == f"This is {described()}\n"


def test_unknownSubcommandIsNamedWithTheOthers(ask):
    """One line has what was asked for and what can be."""
    told = ask("chek")
    assert told.status == 2
    assert (
        told.notes == f"nutproxy: 'chek' is not a command, the commands are {', '.join(COMMANDS)}\n"
    )


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "run"])
def test_everySubcommandHasHelp(ask, name):
    """The help of each begins with its usage, has what it does, and leaves with 0."""
    told = ask(name, "--help")
    assert (told.status, told.notes) == (0, "")
    assert told.answer.startswith(f"usage: nutproxy {name} ")
    assert COMMANDS[name].about.split()[-1] in told.answer


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "run"])
def test_everySubcommandRefusesWhatItDoesNotKnow(ask, name):
    """An unknown option is refused in one line, with the status of wrong arguments."""
    told = ask(name, "--nosuch", "x", "y")
    assert (told.status, told.answer, told.notes.count("\n")) == (2, "", 1)
    assert told.notes.startswith(f"nutproxy {name}: ")


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "run"])
def test_everySubcommandAnswersInJson(ask, name):
    """Each has the option --json."""
    assert "--json" in ask(name, "--help").answer


def test_interruptedCommandEndsAsTheShellHasIt(ask, monkeypatch):
    """Control-C is no traceback."""

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(import_module("nuttwist.commands.check"), "run", interrupted)
    told = ask("check", "file")
    assert (told.status, told.notes) == (command.INTERRUPTED, "")
