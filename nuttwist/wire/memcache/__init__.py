"""
The memcached text protocol.

C{commands} is the table, C{requests} reads what clients send and C{shapes} each kind of line of
it, C{client} being whom they read for, C{retrieving} finds the servers of the keys of one line and
C{manykeys} those of very many, C{replies} reads what servers send, C{gathers} splits and merges,
C{keys} says what a key may be, C{errors} how the proxy's own errors look, and C{dialect} puts them
together for a pool.
"""
