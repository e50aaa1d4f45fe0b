"""
A hostile client beside clients that hold the proxy to every byte::

    python -m tests.fuzz.victims redis --minutes 10 --seed 1

The other targets read one connection at a time. Here a real proxy stands before real servers, with
one connection to each. On it go the requests of victims, who know every reply beforehand, and the
streams of a hostile client: mutated, cut at any place with the victims' requests in between,
closed and reset at any point, or never read. Nothing that it does may change a byte, the order or
the time of what a victim hears, or cost anybody the server's connection.

C{words} has what hostile streams are made of and C{mutations} what is done to it; C{scenes} says
what is sent when, on which connections, and writes it down; C{hostile} plays that. C{memcached} and
C{redis} are what victims ask and must hear, C{victim} is one with its socket. C{setting} has the
processes, C{run} the whole and what came of it.
"""
