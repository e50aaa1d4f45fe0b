"""
C{python -m nuttwist} is the C{nutproxy} command.
"""

from __future__ import annotations

import sys

from nuttwist.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
