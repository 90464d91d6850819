"""Damaged checkpoints are not used: a sentence names the file, and nothing is trained or drawn."""

import random
from pickle import UnpicklingError

import pytest
import torch
from lightning.pytorch import LightningModule

from gan_lightning import checkpoint_files
from gan_lightning.errors import InputError

GAN = ["fit", "--model=GAN", "--data=Iris", "--trainer.max_epochs=2", "--metrics.num_samples=20"]


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """What the checkpoint of a short run holds, as bytes, with the config beside it."""
    root = tmp_path_factory.mktemp("run")
    from gan_lightning.cli import main

    main(
        [
            *(*GAN, f"--trainer.default_root_dir={root}", "--trainer.accelerator=cpu"),
            *("--trainer.enable_model_summary=false", "--trainer.enable_progress_bar=false"),
            *("--model.lr_scheduler=StepLR", "--model.lr_scheduler.step_size=1"),
        ]
    )
    (last,) = root.rglob("last.ckpt")
    return last.read_bytes(), (last.parent.parent / "config.yaml").read_bytes()


@pytest.fixture
def checkpoint(content, tmp_path):
    """The checkpoint in a run's folder of its own."""
    path = tmp_path / "lightning_logs" / "gan_iris" / "version_0" / "checkpoints" / "last.ckpt"
    path.parent.mkdir(parents=True)
    path.write_bytes(content[0])
    (path.parent.parent / "config.yaml").write_bytes(content[1])
    return path


def put(*place, value):
    """Return a function that changes a part of a checkpoint; a callable maps its old value."""

    def change(checkpoint):
        *outer, last = place
        for key in outer:
            checkpoint = checkpoint[key]
        checkpoint[last] = value(checkpoint[last]) if callable(value) else value

    return change


def drop(*place):
    def change(checkpoint):
        *outer, last = place
        for key in outer:
            checkpoint = checkpoint[key]
        del checkpoint[last]

    return change


ADAM = ("optimizer_states", 0)
CHANGES = {
    "no version": drop("pytorch-lightning_version"),
    "empty version": put("pytorch-lightning_version", value=""),
    "version of words": put("pytorch-lightning_version", value="new"),
    "version that is a number": put("pytorch-lightning_version", value=2),
    "hyperparameters in a list": put("hyper_parameters", value=[1]),
    "hyperparameters that are a text": put("hyper_parameters", value="GAN"),
    "a model that is a number": put("hyper_parameters", "_class_path", value=5),
    "weights in a list": put("state_dict", value=list),
    "weights that are texts": put("state_dict", value=lambda d: dict.fromkeys(d, "w")),
    "weights of another shape": put(
        "state_dict", value=lambda d: {name: w.flatten()[:1] for name, w in d.items()}
    ),
    "one optimizer": put("optimizer_states", value=lambda states: states[:1]),
    "optimizers in a mapping": put("optimizer_states", value=lambda states: {"a": states}),
    "two groups of weights": put(*ADAM, "param_groups", value=lambda groups: groups * 2),
    "no groups": put(*ADAM, "param_groups", value=[]),
    "a group of fewer weights": put(
        *ADAM, "param_groups", 0, "params", value=lambda params: params[:1]
    ),
    "a group without betas": drop(*ADAM, "param_groups", 0, "betas"),
    "a rate that is a text": put(*ADAM, "param_groups", 0, "lr", value="fast"),
    "moments of another shape": put(*ADAM, "state", 0, "exp_avg", value=torch.zeros(3)),
    "moments that are a text": put(*ADAM, "state", 0, "exp_avg", value="none"),
    "moments that are gone": drop(*ADAM, "state", 0, "exp_avg_sq"),
    "a state of no optimizer": put(*ADAM, value={"a": 1}),
    "schedules of words": put("lr_schedulers", value=["a"]),
    "no loops": put("loops", value={}),
    "loops of words": put("loops", "fit_loop", value="a"),
    "callbacks in a list": put("callbacks", value=[1]),
    "a callback without a part of its state": drop("callbacks", "Checkpoints", "best_value"),
    "an epoch of words": put("epoch", value="one"),
    "points that are words": put("points_seen", value="many"),
    "random states of words": put("random_states", value=["a"]),
    "a random state that is empty": put("random_states", 0, value={}),
    "a random state of another length": put("random_states", 0, "torch", value=[1, 2]),
    "data of words": put("Iris", value={"units": 1, "fingerprint": 2, "held_out": 3}),
}


@pytest.mark.sampled(6)
@pytest.mark.parametrize("name", CHANGES)
def test_a_malformed_part_is_refused_in_a_sentence(complaint, checkpoint, name):
    held = torch.load(checkpoint, weights_only=True)
    CHANGES[name](held)
    torch.save(held, checkpoint)
    before = checkpoint.read_bytes()
    line = complaint("fit", f"--ckpt_path={checkpoint}", "--trainer.max_epochs=4")
    assert len(line) < 500, line
    assert checkpoint.read_bytes() == before


FILES = {
    "empty": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "cut by a byte": lambda content: content[:-1],
    "longer by a byte": lambda content: content + b"\0",
    "text": lambda content: b"a checkpoint",
    "zeros": lambda content: bytes(len(content)),
    "zeros in the middle": lambda content: (
        content[: len(content) // 2] + bytes(4096) + content[len(content) // 2 + 4096 :]
    ),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("command", ["sample", "fit"])
def test_a_damaged_file_is_refused_in_a_sentence(complaint, checkpoint, command, name):
    checkpoint.write_bytes(FILES[name](checkpoint.read_bytes()))
    line = complaint(command, f"--ckpt_path={checkpoint}")
    assert f"{checkpoint} is damaged or not a checkpoint" in line


def flipped(content, bit):
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_none_of_300_flipped_bits_goes_unnoticed(content, tmp_path):
    from gan_lightning.checkpoint_files import load_checkpoint

    path = tmp_path / "last.ckpt"
    path.write_bytes(content[0])
    load_checkpoint(path)
    LightningModule.load_from_checkpoint(path, weights_only=True)
    for bit in random.Random(0).sample(range(8 * len(content[0])), 300):
        path.write_bytes(flipped(content[0], bit))
        with pytest.raises(InputError, match="is damaged or not a checkpoint"):
            load_checkpoint(path)
        with pytest.raises((InputError, UnpicklingError)):  # that of a file of another kind
            LightningModule.load_from_checkpoint(path, weights_only=True)


@pytest.mark.slow
def test_no_command_uses_a_checkpoint_with_one_of_60_bits_flipped(complaint, content, checkpoint):
    commands = (["sample", "--num_samples=2"], ["test"], ["fit", "--trainer.max_epochs=3"])
    for i, bit in enumerate(random.Random(1).sample(range(8 * len(content[0])), 60)):
        checkpoint.write_bytes(flipped(content[0], bit))
        line = complaint(*commands[i % 3], f"--ckpt_path={checkpoint}")
        assert f"{checkpoint} is damaged or not a checkpoint" in line


def test_what_is_loaded_is_what_was_checked_even_where_another_file_takes_its_name_meanwhile(
    checkpoint, monkeypatch
):
    check = checkpoint_files.check_archive

    def replaced_after(file):
        check(file)
        other = checkpoint.with_name("other")
        other.write_bytes(b"PK damaged")
        other.replace(checkpoint)

    monkeypatch.setattr(checkpoint_files, "check_archive", replaced_after)
    assert "state_dict" in checkpoint_files.load_checkpoint(checkpoint)
    monkeypatch.undo()
    with pytest.raises(InputError, match="not a ZIP archive"):
        checkpoint_files.load_checkpoint(checkpoint)
