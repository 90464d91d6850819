"""Savings of time on which no test depends."""

import gc
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from jsonargparse import ArgumentParser, Namespace, _namespace, _subcommands, _util
from jsonargparse._common import lenient_check
from lightning.pytorch import Callback
from lightning.pytorch.utilities import model_helpers

from gan_lightning.callbacks import LatentPictures, SamplePictures
from gan_lightning.metrics import transfer, two_sample

# Else every garbage collection would scan half a million objects of the libraries.
gc.freeze()

LONG = (
    *("test_golden.py", "test_readme.py", "test_hostile_checkpoints.py", "test_resume.py"),
    *("test_experiments.py", "test_autoencoders.py", "test_errors.py", "test_data_modules.py"),
)
"""Files that take longest: they start first, so that no process waits for another at the end."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONG)
    cases: Counter[str] = Counter()
    for item in items:
        if (sampled := item.get_closest_marker("sampled")) is not None:
            family = item.nodeid.partition("[")[0]
            if cases[family] % sampled.args[0]:
                item.add_marker(pytest.mark.slow)
            cases[family] += 1


HOOKS_THAT_DRAW = [
    (callback, name, vars(callback)[name])
    for callback in (SamplePictures, LatentPictures)
    for name in ("on_train_start", "on_train_batch_end", "on_train_end")
    if name in vars(callback)
]

SIZES_OF_FORESTS = [
    (two_sample, "NUM_TREES", two_sample.NUM_TREES),
    (two_sample, "NUM_BOOSTED", two_sample.NUM_BOOSTED),
    (two_sample, "MAX_ROUNDS", two_sample.MAX_ROUNDS),
    (transfer, "NUM_TREES", transfer.NUM_TREES),
]
BLIND_TO_FORESTS = {"callbacks", "cli", "export", "models", "security", "test_readme"}
"""Folders and files whose tests do not look at a forest's verdict on samples."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Save most of a short run's time: pictures and large forests that no test looks at."""
    slow, drawn = (item.get_closest_marker(name) is not None for name in ("slow", "pictures"))
    for callback, name, hook in HOOKS_THAT_DRAW:  # before any fixture trains
        setattr(callback, name, hook if slow or drawn else getattr(Callback, name))
    small = not slow and bool({item.path.parent.name, item.path.stem} & BLIND_TO_FORESTS)
    for module, name, size in SIZES_OF_FORESTS:
        setattr(module, name, 2 if small else size)


@pytest.fixture(autouse=True, scope="session")
def _seeds_remember_no_stack() -> Iterator[None]:
    """Save each ``torch.manual_seed`` the text of the stack, kept where no GPU is in use yet."""
    with pytest.MonkeyPatch.context() as patch:
        for device in (torch.cuda, torch.xpu):
            patch.setattr(device, "traceback", SimpleNamespace(format_stack=list))
        yield


@pytest.fixture(autouse=True, scope="session")
def _lightning_looks_for_no_torchscript() -> Iterator[None]:
    """Save each call of ``load_from_checkpoint`` a tenth of a second in ``inspect.stack``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_helpers, "inspect", SimpleNamespace(stack=list))
        yield


@pytest.fixture(autouse=True, scope="session")
def _plain_names_are_not_taken_apart() -> Iterator[None]:
    """Save each command a twentieth: jsonargparse looks for a nested name in every name."""
    parse_key = Namespace._parse_key

    def parse_key_quickly(self: Namespace, key: Any) -> tuple[str, Namespace | None, str]:
        if isinstance(key, str) and key.isidentifier():
            return _namespace.add_clash_mark(key), self, ""
        return parse_key(self, key)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Namespace, "_parse_key", parse_key_quickly)
        yield


@pytest.fixture(autouse=True, scope="session")
def _parsers_look_things_up_once() -> Iterator[None]:
    """Save a third of each command: jsonargparse finds the same names and defaults repeatedly."""
    find, defaults = _subcommands.find_action_and_subcommand, ArgumentParser.get_defaults
    path_of, path_of_class = _util.get_import_path, cache(_util.get_import_path)

    def find_once(parser: Any, dest: str, exclude: Any = None) -> Any:
        found = vars(parser).setdefault("_found", {})
        key = dest, exclude, len(parser._actions)
        if key not in found:
            found[key] = find(parser, dest, exclude=exclude)
        return found[key]

    def get_defaults_once(self: ArgumentParser, skip_validation: bool = False) -> Any:
        known = vars(self).setdefault("_defaults_of", {})
        now = [part for action in self._actions for part in (action, action.default)]
        key = skip_validation, lenient_check.get()
        if key not in known or list(map(id, known[key][0])) != list(map(id, now)):
            known[key] = now, defaults(self, skip_validation=skip_validation)
        return known[key][1].clone()

    def import_path(value: Any) -> str | None:
        return (path_of_class if isinstance(value, type) else path_of)(value)

    quicker = {"find_action_and_subcommand": find_once, "get_import_path": import_path}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ArgumentParser, "get_defaults", get_defaults_once)
        for module in [m for name, m in sys.modules.items() if name.startswith("jsonargparse.")]:
            for name in vars(module).keys() & quicker.keys():
                patch.setattr(module, name, quicker[name])
        yield
