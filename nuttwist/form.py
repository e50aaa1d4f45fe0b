"""
Which of its two forms nuttwist runs in.

The core is compiled when a wheel is built where that can be done (C{setup.py} says when); what
is installed then has both, and Python prefers the compiled one. Both behave the same.
"""

from __future__ import annotations

from nuttwist import COMPILED, VERSION

__all__ = ["described", "form"]


def form() -> str:
    """
    @return: C{"compiled core"} or C{"pure Python"}.
    """
    return "compiled core" if COMPILED else "pure Python"


def described() -> str:
    """
    @return: The name, the version and the form, as for C{--version}.
    """
    return f"nuttwist-{VERSION} ({form()})"
