"""The command ``export``: what it says, and what it refuses."""

import pytest

from gan_lightning.cli import main
from gan_lightning.version import __version__


@pytest.fixture
def checkpoint(fitted, tmp_path, monkeypatch):
    run = fitted("--model=R3GAN", "--data=Iris", "--trainer.max_epochs=1")
    monkeypatch.chdir(tmp_path)
    return f"--ckpt_path={run}/checkpoints/last.ckpt"


def test_export_says_where_its_files_are_and_what_they_replace(checkpoint, tmp_path, capsys):
    for ending in ("", ", replacing an older file"):
        capsys.readouterr()
        main(["export", checkpoint, "--output=out/g.safetensors"])
        told = capsys.readouterr().out
        assert f"Wrote the model to out/g.safetensors{ending}\n" in told
        assert f"Wrote its card to out/g.md{ending}\n" in told
    card = (tmp_path / "out" / "g.md").read_text()
    assert f"exported by gan_lightning {__version__}" in card
    assert "class_path: gan_lightning.R3GAN" in card


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--output=g.pth"], "--output: expected a file in .onnx, .pt2, .safetensors, found g.pth"),
        (["--outptu=g.onnx"], "Did you mean 'output'?"),
        (["--output=g.onnx", "--num_samples=3"], "export has no option 'num_samples'; sample has"),
    ],
)
def test_what_cannot_be_exported_is_refused_in_a_sentence(checkpoint, capsys, words, reason):
    with pytest.raises(SystemExit) as exit_:
        main(["export", checkpoint, *words])
    assert exit_.value.code == 2
    assert reason in capsys.readouterr().err


def test_export_without_a_checkpoint_says_what_it_needs(run, capsys):
    with pytest.raises(SystemExit):
        run("export", "--model=GAN", "--data=Iris", "--output=g.onnx")
    assert "export needs --ckpt_path" in capsys.readouterr().err
