"""Hundreds of bad configs and command lines: each gets one sentence that names the thing.

The families are made from the shipped experiments: every setting takes every wrong value, every key
is misspelt, every file is damaged. A command that is accepted has to run.
"""

import contextlib
import io
import itertools
import json
import random
import shutil
import signal
import sys
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from gan_lightning.cli import main
from gan_lightning.cli.front_door import OPTIONS, TRAINER

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
    """Run a command and return its exit code and its error messages."""

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
    """Assert that a command runs, or fails with one short sentence that has one of the names."""
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
    """Return a copy in which a function has changed the value at a path."""
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
            for value in draw.sample(WRONG, 2):
                yield (
                    f"{experiment}:{path}={value}",
                    changed(content, path, replaced(value)),
                    names_of(path),
                )
            if isinstance(path[-1], str):
                yield (
                    f"{experiment}:{path} misspelt",
                    changed(content, path, misspelt),
                    [*names_of(path)[:-1], path[-1][:-1]],
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


# Texts --------------------------------------------------------------------------------------------


def damaged_texts():
    text = EXPERIMENTS["r3gan_iris"]
    draw = random.Random(1)
    for at in range(40, len(text), 97):
        yield f"cut at {at}", text[:at].encode()
    for number in range(60):
        at = draw.randrange(len(text))
        flipped = bytearray(text.encode())
        flipped[at] ^= 1 << draw.randrange(8)
        yield f"bit {number}", bytes(flipped)
    lines = text.splitlines()
    for at in range(5, len(lines)):
        yield f"line {at} twice", "\n".join([*lines[: at + 1], *lines[at:]]).encode()
        yield (
            f"line {at} indented",
            "\n".join([*lines[:at], f" {lines[at]}", *lines[at + 1 :]]).encode(),
        )
        yield (
            f"line {at} with a tab",
            "\n".join([*lines[:at], f"\t{lines[at]}", *lines[at + 1 :]]).encode(),
        )
        yield f"line {at} gone", "\n".join([*lines[:at], *lines[at + 1 :]]).encode()
    bomb = "".join(
        f"x{i}: &x{i} [{', '.join([f'*x{i - 1}'] * 9 if i else ['1'] * 9)}]\n" for i in range(12)
    )
    yield from {
        "empty": b"",
        "zeros": b"\0" * 100,
        "of another code": text.encode("utf-16"),
        "deep": b"model: " + b"[" * 5000,
        "grows": bomb.encode(),
        "contains itself": b"model: &a\n  init_args: *a\n",
        "a huge number": b"seed_everything: " + b"9" * 6000,
        "two documents": b"model: {}\n---\nmodel: {}\n",
        "a tag": b"model: !!python/object/apply:os.system [true]\n",
        "a key that is a list": b"[1]: 2\n",
        "a key that is null": b"null: 2\n",
        "a date": b"seed_everything: 2020-01-01\n",
    }.items()


TEXTS = list(damaged_texts())


@pytest.mark.parametrize("content", [case[1] for case in TEXTS], ids=[case[0] for case in TEXTS])
def test_a_damaged_config_is_explained(content):
    Path("wrong.yaml").write_bytes(content)
    keys = [
        "wrong.yaml",
        "model",
        "data",
        "trainer",
        "metrics",
        "pictures",
        "optimizer",
        "option",
        "Layer",
    ]
    keys += ["batch_size", "loss", "generator", "discriminator", "seed_everything", "gamma", "beta"]
    assert_explained(["fit", "--config=wrong.yaml", *QUICK], keys)


# Command lines ------------------------------------------------------------------------------------

OPTIONS_OF_SAMPLE = {
    "num_samples": ["x", "-1", "0", "null", "1.5", "[1]", str(10**30), ""],
    "seed": ["x", "-1", "1.5", "[1]", str(10**30), "{}"],
    "labels": ["x", "7", "-1", ",", "", "[1]", "0,,1"],
    "truncation": ["x", "-1", "0", "[1]", "nan", "{}"],
    "temperature": ["x", "-1", "0", "[1]", "nan", "0.5"],  # a GAN has no sampler of latents
    "sampler": ["x", "Prior", "5", "[1]", "{}", "GAN"],
    "output": ["x.png", "x.yaml", "missing/", "x.", ".csv.gz", "/"],
    "ckpt_path": ["nowhere.ckpt", ".", "wrong.yaml", "last", "best", "x", "[1]"],
    "trust": ["1", "a-b", "a..b", "", "/"],
    "weights_only": ["x", "5"],
}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    root = tmp_path_factory.mktemp("trained")
    code, said = outcome(
        [
            "fit",
            f"--config={ROOT}/configs/r3gan_iris.yaml",
            *QUICK,
            f"--trainer.default_root_dir={root}",
        ]
    )
    assert code == 0, said
    return next(root.rglob("last.ckpt"))


@pytest.mark.parametrize(
    ("option", "value"),
    [(option, value) for option, values in OPTIONS_OF_SAMPLE.items() for value in values],
)
def test_a_wrong_value_of_sample_is_explained(checkpoint, option, value):
    Path("wrong.yaml").write_text("model: 5\n")
    args = ["sample", f"--ckpt_path={checkpoint}", "--num_samples=3"]
    assert_explained([*args, f"--{option}={value}"], [option, value or option, "Rows are written"])


TRAINER_VALUES = ["x", "-1", "null", "[]", "{}", str(10**30), "1.5", "[1, 2]"]


TRAINER_CASES = [
    (setting, value)
    for i, setting in enumerate(TRAINER)
    for value in [*TRAINER_VALUES, *TRAINER_VALUES][i % 8 : i % 8 + 3]
    if (setting, value) not in [("max_epochs", "-1"), ("max_epochs", "null")]  # train on and on
]


@pytest.mark.parametrize(("setting", "value"), TRAINER_CASES)
def test_a_wrong_setting_of_the_trainer_is_explained(setting, value):
    args = ["fit", "--model=GAN", "--data=Iris", *QUICK]
    assert_explained([*args, f"--trainer.{setting}={value}"], [setting])


def misspellings(word):
    yield word[:-1]
    yield word + word[-1]
    yield word[1:]
    yield word[:1] + word[2:3] + word[1:2] + word[3:]
    yield word.upper()


def wrong_options():
    for subcommand in OPTIONS:
        for wrong in {*misspellings(subcommand)} - {*OPTIONS}:
            yield [wrong], wrong
        for option in OPTIONS[subcommand]:
            yield [f"--{option}=1", subcommand], option
            for wrong in {*misspellings(option)} - {*OPTIONS[subcommand]}:
                yield [subcommand, f"--{wrong}=1"], wrong
    for name in ("epochs", "lr", "batch_size", "latent_dim", *TRAINER):
        yield ["fit", f"--{name}=1"], name
        yield ["fit", f"--{name}", "1"], name


def wrong_names_of_configs():
    paths = sorted((ROOT / "configs").glob("*.yaml"))
    for path in paths:
        for wrong in {*list(misspellings(path.stem))[:3]} - {other.stem for other in paths}:
            yield ["fit", "--config", f"configs/{wrong}.yaml"], wrong
            yield ["fit", "--config", wrong], wrong
        yield ["fit", f"configs/{path.name}"], path.name
        yield ["fit", "--trainer.max_epochs=1", f"--config=configs/{path.name}"], "max_epochs"
        yield ["fit", "--model=GAN", "-c", f"configs/{path.name}"], "--model"


WORDS = [*wrong_options(), *wrong_names_of_configs()]


def test_a_misspelt_command_line_is_explained():
    cases = [(args, name) for args, name in WORDS if "--help" not in args[0]]
    assert len(cases) > 300
    for args, name in cases:
        assert outcome(args)[0] == 2, args
        assert_explained(args, [name])


# Checkpoints --------------------------------------------------------------------------------------

PARTS = (
    *("epoch", "global_step", "pytorch-lightning_version", "state_dict", "loops", "callbacks"),
    *("optimizer_states", "lr_schedulers", "hyper_parameters", "random_states", "Iris"),
    *("points_seen", "gan_lightning_version", "datamodule_hyper_parameters", "hparams_name"),
)
WRONG_PARTS = [None, 5, -1, "x", [], {}, [5], {"x": 5}, {5: 5}, torch.zeros(3), float("nan")]


def spoilt_checkpoints():
    """Yield a part of a checkpoint and the wrong value that it gets; GONE removes the part."""
    for part in PARTS:
        for value in [GONE, *WRONG_PARTS]:
            yield (part,), value
    for part in ("hyper_parameters", "loops", "callbacks", "state_dict"):
        for value in WRONG_PARTS[:6]:
            yield (part, "x"), value
    for key in ("generator", "discriminator", "gamma", "g_optimizer", "_class_path", "data_shape"):
        for value in WRONG_PARTS:
            yield ("hyper_parameters", key), value


GONE = object()
SPOILT = [
    pytest.param(command, *case, id=f"{command} {'.'.join(case[0])} {case[1]!r:.20}")
    for command, case in zip(itertools.cycle(["sample", "fit"]), spoilt_checkpoints(), strict=False)
]


@pytest.mark.parametrize(("command", "place", "value"), SPOILT)
def test_a_spoilt_checkpoint_is_explained(checkpoint, command, place, value):
    spoilt = Path("run", "checkpoints", "spoilt.ckpt")
    shutil.copytree(checkpoint.parents[1], "run", ignore=shutil.ignore_patterns("*.ckpt"))
    spoilt.parent.mkdir(exist_ok=True)
    content = torch.load(checkpoint, weights_only=True)
    part = content
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    if value is GONE:
        del part[place[-1]]
    torch.save(content, spoilt)
    names = ["spoilt.ckpt", "checkpoint", "model", str(place[-1])]
    assert_explained([command, f"--ckpt_path={spoilt}", *QUICK], names)


@pytest.mark.parametrize("command", ["sample", "fit", "test"])
@pytest.mark.parametrize("size", [0, 1, 4, 100, 1000, 5000, -1000, -100, -1])
def test_a_truncated_file_is_explained(checkpoint, command, size):
    Path("spoilt.ckpt").write_bytes(checkpoint.read_bytes()[:size])
    args = [command, f"--config={ROOT}/configs/r3gan_iris.yaml", "--ckpt_path=spoilt.ckpt", *QUICK]
    code, _ = outcome(args)
    assert code == 2
    assert_explained(args, ["spoilt.ckpt"])


# Data files ---------------------------------------------------------------------------------------


def pictures_of(kind):
    folder = Path("pictures")
    folder.mkdir()
    content = {
        "text": b"no picture",
        "empty": b"",
        "zeros": b"\0" * 1000,
        "half": png()[:200],
        "header": png()[:20],
    }
    for i in range(3):
        if kind in content:
            (folder / f"{i}.png").write_bytes(content[kind])


def png():
    file = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("kind", ["none", "text", "empty", "zeros", "half", "header"])
def test_a_folder_without_pictures_is_explained(kind):
    pictures_of(kind)
    args = [
        "fit",
        "--model=GAN",
        "--data=ImageFolder",
        "--data.root=pictures",
        "--data.size=8",
        *QUICK,
    ]
    assert outcome(args)[0] == 2
    assert_explained(args, ["pictures"])


@pytest.mark.parametrize("root", ["nowhere", "file", "", "/dev/null", "x" * 200, "a\nb"])
@pytest.mark.parametrize("data", ["ImageFolder", "MNIST"])
def test_a_folder_without_data_is_explained(data, root):
    Path("file").write_text("")
    args = ["fit", "--model=GAN", f"--data={data}", f"--data.root={root}", *QUICK]
    args += ["--data.download=false"] if data == "MNIST" else ["--data.size=8"]
    assert outcome(args)[0] == 2
    assert_explained(args, [root[:50] if "\n" not in root else "root", data])


def mnist_damages():
    for part in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        for size in (0, 3, 10, 100, -1):
            yield part, f"cut to {size}", lambda content, size=size: content[:size]
        for at in range(8):
            yield (
                part,
                f"byte {at}",
                lambda content, at=at: content[:at] + b"\x7f" + content[at + 1 :],
            )
        yield part, "more", lambda content: content + b"\0"


@pytest.mark.parametrize(
    ("part", "damage"),
    [(d[0], d[2]) for d in mnist_damages()],
    ids=[f"{d[0]} {d[1]}" for d in mnist_damages()],
)
def test_a_damaged_file_of_mnist_is_explained(write_mnist, part, damage):
    draw = np.random.default_rng(0)
    splits = {
        name: (draw.integers(0, 256, (size, 28, 28)), np.arange(size) % 10)
        for name, size in [("train", 5300), ("t10k", 60)]
    }
    write_mnist(Path("data/MNIST/raw"), **splits)
    file = Path("data/MNIST/raw", f"{part}-ubyte")
    file.write_bytes(damage(file.read_bytes()))
    args = ["fit", "--model=GAN", "--data=MNIST", "--data.download=false", *QUICK]
    assert_explained(args, ["MNIST", file.name])
