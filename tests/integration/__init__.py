"""Tests on loopback sockets within one process, run by trial."""
