"""
The redis protocol.

C{commandtable} is the table, C{routes} says for every command where it goes and C{keys} which of
its arguments are keys.
"""
