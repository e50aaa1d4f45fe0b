"""Tests of the configuration: no sockets, no names looked up."""
