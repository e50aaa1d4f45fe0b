"""
The C{nutproxy} command: what an operator asks before, while and after running a proxy.

L{nuttwist.commands.main} has the table of subcommands. A subcommand is a module with two functions,
C{addArguments(parser)} and C{run(arguments, terminal)}, and a row in that table; it is imported
only when it is asked for. It writes with the L{nuttwist.commands.terminal.Terminal} that it is
given, raises a L{nuttwist.commands.mistakes.CommandError} when it cannot go on, and returns its
exit status: 0 for fine, 1 for an answer that is no or a mistake in a file, 2 for wrong arguments.

C{nutproxy run} is twemproxy's own command line, and keeps its exit statuses: 0 and 1.
"""
