"""docs/configuration.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import attrs
import pytest

from nuttwist.config import PoolConfig
from nuttwist.config.keys import KEYS
from tests.unit.config.yamltext import messageAbout, poolText, read

REFERENCE = (Path(__file__).parents[3] / "docs/configuration.md").read_text()
TABLE = REFERENCE.partition("## Keys")[2].partition("\n## ")[0]
ROWS = dict(re.findall(r"^\| `(\w+)`[ *]*\| `?([^|`]+?)`? \|", TABLE, re.MULTILINE))
SPELLED = {"None": "none", "True": "true", "False": "false"}


def test_everyKeyHasItsRowInOrder():
    """The table lists each key once, and no other."""
    assert tuple(ROWS) == KEYS


@pytest.mark.parametrize("key", KEYS[2:])
def test_defaultInTheTableIsTheDefault(key):
    """The default that is documented is the one a pool has."""
    default = getattr(attrs.fields(PoolConfig), key).default
    assert ROWS[key] == SPELLED.get(str(default), str(default))


def test_examplesAreRight():
    """The YAML example is taken, and the message shown for a mistake is the real one."""
    example = re.search(r"```yaml\n(.*?)```", REFERENCE, re.DOTALL)[1]
    assert len(read(example).servers) == 2
    message = messageAbout(poolText("timeout: 4s", name="cache"))
    assert message.replace("conf.yml", "cache.yml") in REFERENCE


def test_pythonExampleBuildsAPool():
    """The program in the reference can be run."""
    names: dict[str, object] = {}
    exec(re.search(r"```python\n(.*?)```", REFERENCE, re.DOTALL)[1], names)
    assert isinstance(names["pool"], PoolConfig)
