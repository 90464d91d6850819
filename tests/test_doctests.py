"""The examples in docstrings show what the code returns."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in sorted((ROOT / "gan_lightning").rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.filterwarnings("ignore:The table has .* rows")
@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_return_what_they_show(name):
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted
    assert not found.failed


def test_every_room_that_is_used_from_python_has_an_example():
    rooms = {name.split(".")[1] for name in MODULES}
    assert rooms >= {"losses", "metrics", "networks", "schedules", "synthesizer"}
