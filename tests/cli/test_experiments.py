"""Every experiment in configs/ runs, and its checkpoint alone restores the model."""

from pathlib import Path

import pytest
import yaml
from lightning.pytorch import LightningModule

from gan_lightning.models import GenerativeModel

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
assert CONFIGS


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_config_trains_and_its_checkpoint_restores_the_model(run, config, tmp_path):
    run(
        "fit",
        f"--config={config}",
        "--trainer.max_epochs=1",
        "--trainer.limit_train_batches=2",
        "--trainer.check_val_every_n_epoch=1",
        "--metrics.num_samples=10",
    )
    folder = tmp_path / "lightning_logs" / config.stem / "version_0"
    assert (folder / "config.yaml").is_file()
    assert list(folder.glob("pictures/*/*.png"))
    for checkpoint in ("best.ckpt", "last.ckpt"):
        model = LightningModule.load_from_checkpoint(
            folder / "checkpoints" / checkpoint, map_location="cpu", weights_only=True
        )
        assert isinstance(model, GenerativeModel)
        assert model.sample(3).shape[0] == 3


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_config_is_short_complete_and_begins_with_its_command(config):
    text = config.read_text()
    command = f"# python -m gan_lightning fit --config configs/{config.name}\n"
    assert text.startswith(command)
    assert len(text.splitlines()) < 55
    experiment = yaml.safe_load(text)
    assert list(experiment)[:4] == ["seed_everything", "data", "model", "trainer"]
    assert {"max_epochs", "check_val_every_n_epoch"} <= set(experiment["trainer"])
    assert config.stem.startswith(experiment["model"]["class_path"].lower())


def test_classes_are_named_bare_and_data_can_be_exchanged(run, tmp_path):
    for data in ("Iris", "GaussianRing"):
        run(
            "fit",
            "--model=GAN",
            f"--data={data}",
            "--model.g_optimizer=Adam",
            "--model.g_optimizer.lr=2.0e-4",
            "--trainer.fast_dev_run=true",
        )
    assert not list(tmp_path.rglob("*.ckpt"))  # a fast_dev_run leaves nothing behind


def test_printed_config_is_the_same_when_read_again(run, capsys, tmp_path):
    arguments = ["fit", f"--config={CONFIGS[0]}"]
    path, printed = tmp_path / "again.yaml", []
    for _ in range(2):
        with pytest.raises(SystemExit) as exit_:
            run(*arguments, "--print_config")
        assert exit_.value.code in (0, None)
        printed.append(capsys.readouterr().out)
        path.write_text(printed[-1])
        arguments = ["fit", f"--config={path}"]
    assert yaml.safe_load(printed[0]) == yaml.safe_load(printed[1])


@pytest.mark.parametrize("subcommand", [[], ["fit"], ["sample"]])
def test_help_tells_what_there_is(run, capsys, subcommand):
    with pytest.raises(SystemExit) as exit_:
        run(*subcommand, "--help")
    assert exit_.value.code in (0, None)
    text = capsys.readouterr().out
    expected = {"fit": "--model", "sample": "--num_samples"}
    assert expected.get("".join(subcommand), "sample") in text
    assert "python -m gan_lightning" in text
