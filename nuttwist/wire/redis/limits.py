"""
Bounds of a redis request, but for those of the pool's settings.
"""

from __future__ import annotations

#: Arguments of one request.
ARGS_MAX = 1024 * 1024

#: What an argument takes in memory besides its bytes, while its request is incomplete.
ARGUMENT = 256

#: Arguments, and bytes of one, from a client that has not told the password (networking.c).
LOCKED_ARGS_MAX = 10
LOCKED_SIZE_MAX = 16384

#: Bytes of a line without its end: redis's bound for an inline request.
MAX_LINE = 64 * 1024
