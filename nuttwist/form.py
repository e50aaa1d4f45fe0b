"""
Which of its two forms nuttwist runs in.

The core is compiled when a wheel is built where that can be done (C{setup.py} says when); what
is installed then has both, and Python prefers the compiled one. Both behave the same.
"""

from __future__ import annotations

from importlib.util import find_spec

from nuttwist import __version__

__all__ = ["described", "form"]

#: Any module of the core: they are compiled together or not at all.
_PART = "nuttwist.wire.request"


def form() -> str:
    """
    @return: C{"compiled core"} or C{"pure Python"}.
    """
    part = find_spec(_PART)
    assert part is not None
    return "pure Python" if (part.origin or "").endswith(".py") else "compiled core"


def described() -> str:
    """
    @return: The name, the version and the form, as for C{--version}.
    """
    return f"nuttwist-{__version__} ({form()})"
