"""Whatever the file, it is taken or refused with places; nothing else happens."""

from __future__ import annotations

from hypothesis import given, strategies as st

from nuttwist.config.keys import KEYS
from tests.unit.config.yamltext import mistakesIn

words = st.sampled_from(
    [*KEYS, "p", "q", "true", "400", "h:1:1", "h:1", "/s 0600", "'", '"', "\\x"]
)
marks = st.sampled_from(
    [": ", "- ", "\n", "\n  ", "\n   - ", "{", "]", "&a ", "*a", "!", "---\n", "|"]
)
texts = st.lists(st.one_of(words, marks, st.text(max_size=2)), max_size=40).map("".join)


def assertPlacesAreInside(text):
    """Every mistake is at a place in the file, or just behind its end, and they are in order."""
    places = [(mistake.line, mistake.column) for mistake in mistakesIn(text)]
    assert places == sorted(places)
    assert all(line >= 1 and column >= 1 for line, column in places)


@given(texts)
def test_anyTextIsTakenOrRefused(text):
    """Scraps of YAML in any order raise nothing but the one error."""
    assertPlacesAreInside(text.encode("utf-8", "surrogatepass"))


@given(st.binary(max_size=60))
def test_anyBytesAreTakenOrRefused(text):
    """So do bytes of any kind."""
    assertPlacesAreInside(text)
