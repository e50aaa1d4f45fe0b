"""Tests on the real command, real servers and real clients, run by pytest."""
