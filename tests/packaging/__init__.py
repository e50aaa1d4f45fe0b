"""Tests of the wheel and of installing it, run by pytest."""
