"""
Clients that notice when the proxy mixes anything up, at load.

Each client writes and reads values that carry its own name, the key and a counter, in every byte,
and holds the proxy to two rules: every request gets exactly one reply or its connection is closed,
and no client ever sees a byte meant for another. What breaks a rule is a L{Violation}.

C{values} says what is written, C{memcache} and C{redis} are the two dialects, C{conversation} is
one client without its socket, C{client} and C{crowd} have the sockets, C{tally} counts.
"""
