"""
A memcached and redis proxy made of Twisted services, in the place of twemproxy.

A request on its way, and the rooms of the house::

     client socket                                                    server socket
          |  bytes                                                         ^  bytes
          v                                                                |
     (a) server protocol -- request --> split by key --> hash tag, --> backend: in-queue
         frame, parse                   (fragments)      hash,             |  (b) one write
          ^                                              continuum         v      a turn
          |                                              (who is live)  backend: out-queue
     (d) reply queue of the client: leaves                                 |
         in request order; fragments <-------- reply --------------  (c) client protocol
         are merged                                                      frame, pair with
                                                                         the oldest request

     each failure -> ejection ledger -> one retry timer a pool -> probe -> live again

     nuttwist/wire/   bytes to messages and back, no I/O: framing, command table, requests,
                      fragments and their merge, the two queues of a server connection, the
                      reply queue of a client
     nuttwist/ring/   key to server, no I/O: hashes, hash tags, ketama, modula and random,
                      the ejection ledger
     nuttwist/net/    sockets: the two protocols, backend, frontend, probe, turn batcher
     nuttwist/        pools, reload, statistics, the service, the command
     nuttwist/distributor/
                      a pool's servers: ways to them, who is out, how they come back
     nuttwist/listening/
                      ports that listen or fail the start, and how they move
     nuttwist/logs/   what the log says, and where it goes
     nuttwist/config/ the configuration, as values and from a file
     nuttwist/workers/
                      several processes behind the same listeners
     nuttwist/commands/
                      the nutproxy command and its subcommands
     nuttwist/http/   metrics, the JSON API, the dashboard
     nuttwist/demo/   the embedded memcached server

A pool is one listener and a set of servers; a backend is one connection to a server. The README
has the same drawing with what the words mean.
"""

from importlib.util import find_spec

#: As pip knows it.
VERSION = "0.1.0"

_PART = find_spec("nuttwist.wire.request")

#: Whether the core is compiled, which it is as a whole or not at all: C{setup.py} says when.
COMPILED = _PART is not None and not str(_PART.origin).endswith(".py")

#: The version with the form that runs as its local label (PEP 440).
__version__ = VERSION + ("+compiled" if COMPILED else "+pure")
