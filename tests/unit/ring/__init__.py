"""Tests of nuttwist.ring: no sockets, no time."""
