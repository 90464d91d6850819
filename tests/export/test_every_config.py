"""Each experiment in configs/ can be exported, or says in a sentence why it cannot."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from gan_lightning.cli import main

onnxruntime = pytest.importorskip("onnxruntime", reason="the extra export is not installed")

ROOT = Path(__file__).parents[2]
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
QUICK = [
    "--trainer.max_epochs=1",
    "--trainer.limit_train_batches=2",
    "--trainer.limit_val_batches=2",
    "--metrics.num_samples=10",
    "--pictures.num_samples=10",
]
DEFAULT = ("gan_iris",)  # the others take minutes
REFUSED = {
    "classifier_mnist": "Classifier is not a model that draws samples",
    "pixel_vae_mnist": "VAE cannot be exported as a graph: its samples take",  # pixel by pixel
}


def marked(config):
    marks = () if config.stem in DEFAULT else pytest.mark.slow
    return pytest.param(config, marks=marks, id=config.stem)


def drawn_by_the_cards_reader(folder):
    """Run the example of the card as it stands there, and return its variables."""
    card = (folder / "g.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    found = {}
    exec(lines, found)
    assert "torch" not in lines
    assert len(lines.strip().splitlines()) <= 15
    return found


@pytest.mark.parametrize("config", list(map(marked, CONFIGS)))
def test_a_config_can_be_exported_after_two_batches(
    run, config, tmp_path, data_at_hand, monkeypatch, capsys
):
    run("fit", f"--config={config}", *data_at_hand(config), *QUICK)
    run_folder = tmp_path / "lightning_logs" / config.stem / "version_0"
    command = ["export", f"--ckpt_path={run_folder}/checkpoints/last.ckpt"]
    monkeypatch.chdir(tmp_path)
    if config.stem in REFUSED:
        with pytest.raises(SystemExit):
            main([*command, "--output=g.onnx"])
        assert REFUSED[config.stem] in capsys.readouterr().err
        assert not (tmp_path / "g.onnx").exists()
        return
    main([*command, "--output=g.onnx"])
    found = drawn_by_the_cards_reader(tmp_path)
    samples, facts = found["samples"], found["facts"]
    assert samples.shape == (500, *facts["shape"])
    assert np.isfinite(samples).all() or facts["kind"] == "table"
    assert np.nanstd(samples.astype(float)) > 0
    session = onnxruntime.InferenceSession("g.onnx")
    assert [i.shape[1:] for i in session.get_inputs() if i.name == "noise"] == [[facts["noise"]]]
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata["gan_lightning"]) == facts
