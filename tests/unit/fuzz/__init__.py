"""Tests of the targets of the fuzzer."""
