"""Hundreds of bad configs and command lines: each gets one sentence that names the thing.

The families are made from the shipped experiments: every setting takes every wrong value, every key
is misspelt, every file is damaged. What a command takes after all has to run.
"""

import contextlib
import io
import json
import random
import signal
import sys
import warnings
from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from gan_lightning.cli import main

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

ROOT = Path(__file__).parents[2]
QUICK = [
    "--trainer.max_epochs=1",
    "--trainer.limit_train_batches=1",
    "--trainer.limit_val_batches=1",
    "--trainer.accelerator=cpu",
    "--trainer.enable_model_summary=false",
    "--trainer.enable_progress_bar=false",
    "--metrics.num_samples=10",
    "--pictures.num_samples=4",
]
LIMIT = 60
"""Seconds that a command may take."""


def outcome(args):
    """Run a command and return its exit code and all that it says of errors."""

    def give_up(*_):
        raise TimeoutError(f"a command hangs: {args}")

    said = io.StringIO()
    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(LIMIT)
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            main(args)
    except SystemExit as exit_:
        return exit_.code, said.getvalue()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    return 0, said.getvalue()


def assert_explained(args, names):
    """Assert that a command runs, or that one short sentence names one of some things."""
    code, said = outcome(args)
    assert "Traceback" not in said, said
    if code == 0:
        return
    assert code == 2, said
    (line,) = (line for line in said.splitlines() if line.startswith("Error: "))
    assert len(line) < 400, line
    assert any(name in line for name in names), (line, names)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["gan_lightning"])
    (tmp_path / "configs").symlink_to(ROOT / "configs")


# Configs ------------------------------------------------------------------------------------------

EXPERIMENTS = {
    name: (ROOT / "configs" / f"{name}.yaml").read_text()
    for name in ["r3gan_iris", "vae_iris", "dcgan_digits"]
}
WRONG = [
    None,
    "x",
    "",
    -1,
    0,
    10**30,
    -0.5,
    1e300,
    float("nan"),
    float("inf"),
    True,
    [],
    {},
    [None],
    [1],
    {"a": 1},
    {"class_path": 5},
]


def leaves(content, path=()):
    """Yield the path of every setting."""
    if isinstance(content, dict | list) and content:
        for key in content if isinstance(content, dict) else range(len(content)):
            yield from leaves(content[key], (*path, key))
    yield path


def changed(content, path, change):
    """Return a copy in which the value at a path is what a function makes of it."""
    copy = deepcopy(content)
    place = copy
    for key in path[:-1]:
        place = place[key]
    change(place, path[-1])
    return copy


def replaced(value):
    def change(place, key):
        place[key] = value

    return change


def misspelt(place, key):
    place[f"{key[:-1]}{'q' if key[-1] != 'q' else 'x'}"] = place.pop(key)


def added(place, key):
    place[key]["quux"] = 1


def names_of(path):
    """What a sentence may name: the setting, or the one that it belongs to."""
    named = [str(key) for key in path if isinstance(key, str) and key != "init_args"]
    other_words = {"hidden_dims": "widths", "lr": "learning rate"}
    return [
        *named[-2:],
        *filter(None, map(other_words.get, named[-2:])),
        *({"callbacks"} & {*named}),
    ]


def config_cases():
    draw = random.Random(0)
    for experiment, text in EXPERIMENTS.items():
        content = json.loads(json.dumps(yaml.safe_load(text)))  # aliases become copies
        settings = [path for path in leaves(content) if path]
        for path in settings:
            for value in draw.sample(WRONG, 4):
                yield (
                    f"{experiment}:{path}={value}",
                    changed(content, path, replaced(value)),
                    names_of(path),
                )
            if isinstance(path[-1], str):
                yield (
                    f"{experiment}:{path} misspelt",
                    changed(content, path, misspelt),
                    names_of(path)[:-1] + [path[-1][:-1]],
                )
            inner = content
            for key in path:
                inner = inner[key]
            if isinstance(inner, dict):
                yield f"{experiment}:{path} more", changed(content, path, added), ["quux"]


CASES = list(config_cases())


@pytest.mark.parametrize(
    ("content", "names"), [case[1:] for case in CASES], ids=[case[0][:90] for case in CASES]
)
def test_a_config_with_one_wrong_setting_is_explained(content, names):
    Path("wrong.yaml").write_text(yaml.safe_dump(content))
    assert_explained(["fit", "--config=wrong.yaml", *QUICK], names)
