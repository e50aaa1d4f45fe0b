"""Tests of the C{nutproxy} command, in this process."""
