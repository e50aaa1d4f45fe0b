"""What plays recorded conversations against a running proxy; the cases are in tests/data."""
