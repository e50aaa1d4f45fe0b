"""Tests of how requests are looked at."""
