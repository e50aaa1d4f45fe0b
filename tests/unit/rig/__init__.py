"""Tests of the network in memory and of what plays on it."""
