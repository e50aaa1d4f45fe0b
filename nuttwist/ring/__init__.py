# -*- test-case-name: tests.unit.ring -*-
"""
From a key to the server that holds it, and which servers may hold keys at all.

Nothing here does I/O, reads a clock or knows Twisted: time and randomness are arguments.

  - L{nuttwist.ring.hashes}: the twelve hash functions of twemproxy, each from a key to an
    unsigned number of 32 bits. A table of names.
  - L{nuttwist.ring.hashtag}: which bytes of a key are hashed when the pool has a hash tag.
    C{user:{42}:name} and C{user:{42}:mail} then share a server.
  - L{nuttwist.ring.distributions}: from a hash to a server, by ketama, modula or at random.
    Each is built once for a set of live servers and never changes.
  - L{nuttwist.ring.ring}: one pool's routing, put together from the three above.
    L{nuttwist.ring.ring.Ring} is the front door.
  - L{nuttwist.ring.survey}: what people ask of a ring: why a key is where it is, who comes next.
  - L{nuttwist.ring.ledger}: failures counted, servers ejected and let back in.
    Its list of live servers is what a ring is rebuilt from.
"""
