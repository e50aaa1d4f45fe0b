"""
The memcached text protocol.

C{commands} is the table, C{requests} reads what clients send, C{replies} what servers send,
C{gathers} merges what was split, C{keys} says what a key may be.
"""
