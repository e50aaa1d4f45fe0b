"""
One piece of bytes out of very many.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import BytesIO

#: More pieces than this are very many.
MANY = 4096


def joined(pieces: Sequence[bytes]) -> bytes:
    """
    The pieces as one.

    C{bytes.join} takes 80 bytes for each of them while it runs (C{Py_buffer}, in CPython's
    stringlib/join.h): of tiny ones that is many times what they have.
    """
    return b"".join(pieces) if len(pieces) <= MANY else poured(pieces)


def poured(pieces: Iterable[bytes]) -> bytes:
    """
    The same, slower and with no memory but that of the whole.
    """
    whole = BytesIO()
    whole.writelines(pieces)
    return whole.getvalue()
