"""ONNX files and programs draw what the model draws, or are not written."""

import json

import numpy as np
import pytest
import torch

from gan_lightning.errors import InputError
from gan_lightning.export import Origin, write_export
from gan_lightning.export import onnx_file as onnx_files
from gan_lightning.export.agreement import TOLERANCE, agreement
from gan_lightning.export.graph import SampleGraph
from gan_lightning.export.handed_noise import HandedNoise

ORIGIN = Origin("last.ckpt", {"training": "3 with the hash 0"}, None, None)

FAMILIES = (
    *("gan", "rows", "images", "labels", "vae", "mixture", "second stage", "flow"),
    *("warm start", "table", "copula"),
)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_a_graph_draws_the_models_own_samples_for_any_number_of_them(
    made, memory_of, tmp_path, name
):
    onnxruntime = pytest.importorskip("onnxruntime", reason="the extra export is not installed")
    pytest.importorskip("onnxscript")
    model, units = made(name)
    path = tmp_path / "g.onnx"
    agreed = write_export(model, memory_of(units), ORIGIN, path)
    assert agreed.difference <= TOLERANCE
    session = onnxruntime.InferenceSession(path)
    facts = json.loads(session.get_modelmeta().custom_metadata_map["gan_lightning"])
    for count in (1, 5, 40):  # no other size of a draw, which would take its place here
        noise = np.random.default_rng(count).standard_normal((count, facts["noise"]), np.float32)
        inputs = {"noise": noise}
        if facts["labels"]:
            inputs["labels"] = np.ones(count, np.int64)
        (found,) = session.run(None, inputs)
        labels = torch.ones(count).long() if facts["labels"] else None
        with HandedNoise(torch.from_numpy(noise), count):
            own = units.in_units(model.sample(count, labels)).numpy()
        scale = np.maximum(np.abs(np.nan_to_num(own)).max(0), 1)
        np.testing.assert_allclose(found / scale, own / scale, rtol=0, atol=1e-4)
    assert [column["name"] for column in facts["columns"]] == [
        column.name for column in getattr(units, "columns", ())
    ]
    card = (tmp_path / "g.md").read_text()
    assert str(agreed) in card
    assert "3 with the hash 0" in card


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rows", "labels", "flow", "table"])
def test_a_program_draws_the_models_own_samples(made, memory_of, tmp_path, name):
    model, units = made(name)
    agreed = write_export(model, memory_of(units), ORIGIN, tmp_path / "g.pt2")
    assert agreed.tipped == 0
    assert agreed.difference <= TOLERANCE
    assert "torch.export.load" in (tmp_path / "g.md").read_text()


@pytest.mark.parametrize("factor", [1.001, float("nan"), 0.0])
def test_a_file_that_draws_other_samples_is_not_kept(made, factor):
    graph = SampleGraph(*made("rows"))
    assert agreement(graph, graph).difference == 0
    with pytest.raises(InputError, match=r"differ from the model's own by more than 0\.0001"):
        agreement(graph, lambda noise: graph(noise) * factor)
    with pytest.raises(InputError, match="draws samples of shape"):
        agreement(graph, lambda noise: graph(noise)[:, :1])


def test_a_failed_export_leaves_what_was_there(made, memory_of, tmp_path, monkeypatch):
    model, units = made("rows")
    path = tmp_path / "g.onnx"
    path.write_text("older")

    def failing(*_):
        raise InputError("samples differ")

    monkeypatch.setattr("gan_lightning.export.writing.write_onnx", failing)
    with pytest.raises(InputError, match="samples differ"):
        write_export(model, memory_of(units), ORIGIN, path)
    assert path.read_text() == "older"
    assert [file.name for file in tmp_path.iterdir()] == ["g.onnx"]


def test_a_missing_package_is_named_with_the_extra_that_brings_it(monkeypatch):
    def missing(package):
        raise ModuleNotFoundError(f"No module named {package}", name=package)

    monkeypatch.setattr(onnx_files, "import_module", missing)
    with pytest.raises(InputError, match=r'needs the package onnx: .*gan_lightning\[export\]"'):
        onnx_files._needed("onnxruntime")


@pytest.mark.parametrize("name", ["g.pth", "g", "g.tflite"])
def test_an_unknown_ending_is_refused_before_anything_is_written(made, memory_of, tmp_path, name):
    model, units = made("rows")
    with pytest.raises(InputError, match=r"expected a file in \.onnx, \.pt2, \.safetensors"):
        write_export(model, memory_of(units), ORIGIN, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_the_card_shows_figures_with_their_protocol(made, memory_of, tmp_path):
    model, units = made("rows")
    figures = {
        "checkpoint": "best.ckpt",
        "protocol": "105 samples against 45 validation points",
        "values": {"ks": 0.12345, "wasserstein": None},
        "floor": {"ks": 0.1},
    }
    origin = Origin("last.ckpt", {}, figures, "model:\n  note: '```'\n")
    write_export(model, memory_of(units), origin, tmp_path / "g.safetensors")
    card = (tmp_path / "g.md").read_text()
    assert "Protocol: 105 samples against 45 validation points." in card
    assert "| ks | 0.1235 | 0.1 |" in card
    assert "These are from `best.ckpt`" in card
    assert "````yaml\nmodel:" in card
    assert "| species | Categorical | setosa, virginica, versicolor |" in card
