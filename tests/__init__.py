"""
The tests of nuttwist.

C{NUTTWIST_FORM} in the environment, C{compiled} or C{pure}, says which form they are meant for: on
the other one they do not even begin.
"""

import os

import nuttwist

_MEANT = os.environ.get("NUTTWIST_FORM", "")

if not nuttwist.__version__.endswith(_MEANT):
    raise RuntimeError(f"the tests are for the {_MEANT} form: {nuttwist.__file__} is the other")
