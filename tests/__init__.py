"""The tests of nuttwist."""
