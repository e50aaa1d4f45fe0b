"""C{nutproxy run}: twemproxy's words become twistd's, and mistakes are told before a start."""

from __future__ import annotations

import os

import pytest

from nuttwist.commands.logs import LogFile, fileLog
from nuttwist.commands.run import RunOptions


def twistdWords(*words: str) -> list[str]:
    """What twistd is told for these words, but for the umask."""
    options = RunOptions()
    options.parseOptions(words)
    said = options.twistdWords(words)
    return [word for word in said if not word.startswith("--umask=")]


def test_foregroundIsTheDefault():
    """Without options there is no daemon and no pid file."""
    assert twistdWords() == ["--nodaemon", "--pidfile=", "nutproxy"]


def test_daemonAndPidFileAreTwistds():
    """-d and -p are for twistd, and -o for neither: the log is written by this command."""
    words = ["-d", "-p", "/run/p", "-o", "/var/log/l", "-c", "f"]
    assert twistdWords(*words) == ["--pidfile=/run/p", "nutproxy", "--config=f"]


@pytest.mark.parametrize(
    ("words", "passed"),
    [
        ("-c f -s 1 -a ::1", ["--config=f", "--stats-port=1", "--stats-addr=::1"]),
        ("-i 5 -m 512 -v 11", ["--stats-interval=5", "--mbuf-size=512", "--verbose=11"]),
        ("--conf-file=f --stats-port=2", ["--conf-file=f", "--stats-port=2"]),
        ("-w3", ["--workers=3"]),
        ("--demo", ["--demo"]),
    ],
)
def test_otherOptionsArePassedOn(words, passed):
    """Each option of twistd nutproxy, short or long, reaches it in its long form."""
    assert twistdWords(*words.split())[2:] == ["nutproxy", *passed]


@pytest.mark.parametrize(("option", "said"), [("-V", "This is nuttwist-"), ("-D", "pool stats:\n")])
def test_informationIsOnStandardError(ask, option, said):
    """As twemproxy does, with status 0."""
    told = ask("run", option)
    assert (told.status, told.answer, told.notes[: len(said)]) == (0, "", said)


def test_helpHasEveryOptionOfTwemproxy(ask):
    """The long forms that twemproxy has are all there, after a line with the version."""
    told = ask("run", "-h")
    long = "help version test-conf daemonize describe-stats verbose= output= conf-file= stats-port="
    long += " stats-addr= stats-interval= pid-file= mbuf-size="
    assert [each for each in long.split() if f"--{each}" not in told.notes] == []
    assert (told.status, told.notes[:17]) == (0, "This is nuttwist-")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-s", "0"], "option --stats-port: '0' is not a whole number from 1 to 65535"),
        (["--nosuch"], "option --nosuch not recognized"),
        (["-o", "/nosuch/log"], "cannot write '/nosuch/log': No such file or directory"),
        (["-p", "/nosuch/pid"], "cannot write '/nosuch/pid': No such file or directory"),
    ],
)
def test_mistakeIsOneLine(ask, words, said):
    """The option and the value are named, with the status that nutcracker has for it."""
    told = ask("run", *words)
    assert (told.status, told.answer, told.notes) == (1, "", f"nutproxy: {said}\n")


def test_pidFileOfAProcessThatRunsIsRespected(ask):
    """A second proxy does not take the pid file of the first."""
    path = ask.folder / "pid"
    path.write_text(str(os.getppid()))
    told = ask("run", "-p", path)
    reason = f"{str(path)!r} is that of process {os.getppid()}, which runs"
    assert (told.status, told.notes) == (1, f"nutproxy: option --pid-file: {reason}\n")
    assert path.read_text() == str(os.getppid())


def test_fileThatIsNoPidFileIsLeftAlone(ask):
    """A file with anything but a number is neither overwritten nor removed."""
    path = ask.file("precious")
    assert ask("run", "-p", path).status == 1
    assert path.read_text() == "precious"


def test_logIsAppendedTo(tmp_path):
    """What was in the file stays, and what is written is there at once."""
    path = tmp_path / "log"
    path.write_text("before\n")
    LogFile(str(path)).write("after\n")
    assert path.read_text() == "before\nafter\n"


def test_logGoesOnUnderItsNameWhenTheFileIsRenamed(tmp_path):
    """After logrotate has renamed the file, the next line begins a new one."""
    path = tmp_path / "log"
    log = LogFile(str(path))
    log.write("one\n")
    path.rename(tmp_path / "log.1")
    log.write("two\n")
    assert ((tmp_path / "log.1").read_text(), path.read_text()) == ("one\n", "two\n")


def test_logGoesOnInTheOldFileIfThereCanBeNoOther(tmp_path):
    """A folder that is gone costs no line and no error."""
    (tmp_path / "logs").mkdir()
    log = LogFile(str(tmp_path / "logs" / "log"))
    (tmp_path / "logs").rename(tmp_path / "moved")
    log.write("one\n")
    assert (tmp_path / "moved" / "log").read_text() == "one\n"


def test_reopenedLogIsThereAtOnce(tmp_path):
    """When it is told to, the log makes the new file before there is anything to write."""
    path = tmp_path / "log"
    log = LogFile(str(path))
    path.rename(tmp_path / "log.1")
    log.reopen()
    assert path.read_text() == ""


def test_eventsAreLinesOfTheLog(tmp_path):
    """The observer writes each event into the file."""
    fileLog(str(tmp_path / "log"))()({"log_format": "two", "log_time": 0.0})
    assert (tmp_path / "log").read_text().endswith("two\n")
