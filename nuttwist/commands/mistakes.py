"""
How a subcommand says that it cannot go on.
"""

from __future__ import annotations

FINE = 0
NO = 1
"""The answer is no, or a file or the network does not give what was asked for."""

USAGE = 2


class CommandError(Exception):
    """
    A subcommand cannot go on; the argument is one line that names the thing, the value and what is
    allowed.

    @ivar status: the exit status.
    """

    status = NO


class WrongArgument(CommandError):
    """An argument does not fit what it is about, such as a pool that the file does not have."""

    status = USAGE
