"""Samples in Python, from any exported file that is data and not a program."""

import json
import pickle
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import lightning
import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

import gan_lightning
from gan_lightning.errors import InputError
from gan_lightning.export.facts import facts_of
from gan_lightning.export.graph import SampleGraph
from gan_lightning.export.program_file import WEIGHTS_FILE
from gan_lightning.export.weights_file import weights_of


@pytest.fixture
def shipped(tmp_path, memory_of):
    """Write a model's weights as a checkpoint and as safetensors, and return both paths."""

    def ship(model, units):
        memory = memory_of(units)
        checkpoint = {
            "state_dict": model.state_dict(),
            "hyper_parameters": dict(model.hparams),
            "pytorch-lightning_version": lightning.__version__,
            "Iris": memory.state_dict(),
        }
        torch.save(checkpoint, tmp_path / "g.ckpt")
        graph = SampleGraph(model, units)
        content = weights_of(graph, facts_of(graph), memory)
        (tmp_path / "g.safetensors").write_bytes(content)
        return tmp_path / "g.ckpt", tmp_path / "g.safetensors"

    return ship


def plain(samples):
    return samples.to_dict("list") if isinstance(samples, pd.DataFrame) else samples.tolist()


@pytest.mark.sampled(2)
def test_both_draw_the_samples_of_the_model(family, shipped):
    model, units = family
    for path in shipped(model, units):
        loaded = gan_lightning.load(path)
        assert type(loaded.model) is type(model)
        found = plain(loaded.sample(20, seed=4))
        torch.manual_seed(4)
        labels = None if model.num_classes is None else model.random_labels(20)
        own = plain(units.values(units.unscale(model.sample(20, labels))))
        assert json.dumps(found) == json.dumps(own)


def test_samples_are_in_the_datas_own_units(made, shipped):
    path, _ = shipped(*made("rows"))
    frame = gan_lightning.load(str(path)).sample(50)
    assert list(frame.columns) == ["length (cm)", "species"]
    assert (frame["length (cm)"] == frame["length (cm)"].round(1)).all()
    assert set(frame["species"]) <= {"setosa", "virginica", "versicolor"}
    path, _ = shipped(*made("images"))
    images = gan_lightning.load(path).sample(5)
    assert images.dtype == np.uint8
    assert images.shape == (5, 1, 4, 4)


def test_the_example_of_the_docs_runs(made, shipped, tmp_path, monkeypatch, capsys):
    page = (Path(__file__).parents[2] / "docs" / "export.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```py\n(.*?)```", page, re.DOTALL)
    _, path = shipped(*made("rows"))
    path.rename(tmp_path / "iris.safetensors")
    monkeypatch.chdir(tmp_path)
    exec(example, {})
    assert re.search(r"count +500", capsys.readouterr().out)


def test_labels_can_be_given_by_name_or_number(made, shipped):
    loaded = gan_lightning.load(shipped(*made("labels"))[0])
    by_name = loaded.sample(6, labels="setosa,versicolor", seed=0)
    by_number = loaded.sample(6, labels=[0, 2], seed=0)
    pd.testing.assert_frame_equal(by_name, by_number)
    with pytest.raises(InputError, match="found 'rose'"):
        loaded.sample(2, labels=["rose"])
    with pytest.raises(InputError, match="not a conditional model"):
        gan_lightning.load(shipped(*made("rows"))[0]).sample(2, labels=[0])


def test_parts_that_are_not_needed_for_drawing_are_left_out(made, shipped):
    _, path = shipped(*made("rows"))
    with safe_open(path, "pt") as file:
        names = list(file.keys())
    assert any(name.startswith("weights/generator.") for name in names)
    assert not any("discriminator" in name for name in names)


def edited(path, change):
    """Rewrite a safetensors file with another recipe and other tensors."""
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    recipe = json.loads(metadata["recipe"])
    change(recipe, tensors)
    save_file(tensors, path, {**metadata, "recipe": json.dumps(recipe)})


CHANGES = {
    "a class of the standard library": lambda r, t: r["hyper_parameters"].update(
        _class_path="subprocess.Popen"
    ),
    "a function among the arguments": lambda r, t: r["hyper_parameters"].update(
        generator={"class_path": "os.system", "init_args": {"command": "false"}}
    ),
    "no recipe": lambda r, t: r.clear(),
    "units of another kind": lambda r, t: r["units"].update(kind="images"),
    "units that are no mapping": lambda r, t: r.update(units=3),
    "a weight is missing": lambda r, t: t.pop(next(n for n in t if "generator" in n)),
    "a weight of another shape": lambda r, t: t.update(
        {next(n for n in t if "generator" in n): torch.zeros(3)}
    ),
    "hyperparameters are a list": lambda r, t: r.update(hyper_parameters=[1]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_file_that_is_not_as_export_writes_it_is_refused(made, shipped, change):
    _, path = shipped(*made("rows"))
    edited(path, change)
    with pytest.raises(InputError):
        gan_lightning.load(path).sample(2)


class Evil:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_a_program_is_never_run_or_unpickled(made, shipped, tmp_path):
    _, path = shipped(*made("rows"))
    program = tmp_path / "g.pt2"
    with zipfile.ZipFile(program, "w") as archive:
        archive.writestr("g/archive_format", "pt2")
        archive.writestr("g/data/weights/weight_0", pickle.dumps(Evil(tmp_path / "ran")))
        archive.writestr("g/models/model.json", "__import__('os').abort()")
        archive.writestr(f"g/{WEIGHTS_FILE}", path.read_bytes())
    expected = gan_lightning.load(path).sample(5, seed=1)
    pd.testing.assert_frame_equal(gan_lightning.load(program).sample(5, seed=1), expected)
    assert not (tmp_path / "ran").exists()


def test_a_program_of_another_package_is_refused(tmp_path):
    program = tmp_path / "other.pt2"
    with zipfile.ZipFile(program, "w") as archive:
        archive.writestr("g/data/weights/weight_0", pickle.dumps(Evil(tmp_path / "ran")))
    with pytest.raises(InputError, match="load does not touch it"):
        gan_lightning.load(program)
    program.write_bytes(b"no archive")
    with pytest.raises(InputError, match=f"holds no {re.escape(WEIGHTS_FILE)}"):
        gan_lightning.load(program)
    assert not (tmp_path / "ran").exists()


def test_a_checkpoint_with_a_pickle_is_refused(tmp_path):
    torch.save({"state_dict": {}, "evil": Evil(tmp_path / "ran")}, tmp_path / "evil.ckpt")
    with pytest.raises(InputError, match="damaged or not a checkpoint"):
        gan_lightning.load(tmp_path / "evil.ckpt")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gone.ckpt", "expected a file"),
        ("g.onnx", "The card beside it"),
        ("g.txt", "load reads"),
        ("text.safetensors", "is damaged, or was not written by export"),
        ("text.ckpt", "damaged or not a checkpoint"),
    ],
)
def test_what_cannot_be_loaded_is_refused_in_a_sentence(tmp_path, name, reason):
    if not name.startswith("gone"):
        (tmp_path / name).write_text("no such thing")
    with pytest.raises(InputError, match=reason):
        gan_lightning.load(tmp_path / name)


WITHOUT_TENSORBOARD = """
import sys

sys.modules["tensorboard"] = None  # as if it were not installed
import gan_lightning

for path in sys.argv[1:]:
    print(len(gan_lightning.load(path).sample(5)))
"""


@pytest.mark.slow  # Lightning takes ten seconds to import
def test_a_process_draws_samples_without_tensorboard(shipped, made):
    paths = map(str, shipped(*made("gan")))
    command = [sys.executable, "-c", WITHOUT_TENSORBOARD, *paths]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (done.stdout, done.stderr) == ("5\n5\n", "")
