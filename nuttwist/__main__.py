"""
C{python -m nuttwist} says which nuttwist is installed, and in which form.
"""

from __future__ import annotations

import sys

from nuttwist.form import described

sys.stdout.write(f"This is {described()}\n")
