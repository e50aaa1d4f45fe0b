"""Tests without sockets and without real time, run by pytest."""
