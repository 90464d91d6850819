"""Every experiment in configs/ runs, and its checkpoint alone restores the model."""

from pathlib import Path

import pytest
import torch
import yaml
from lightning.pytorch import LightningModule

from gan_lightning.cli import main
from gan_lightning.cli.config_files import replaced_callbacks
from gan_lightning.cli.shipped import summary
from gan_lightning.models import Classifier, GenerativeModel

ROOT = Path(__file__).parents[2]
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
assert CONFIGS

USUAL_NAMES = {  # names of files begin with the model, or with a common name of this form of it
    "GAN": ("gan_", "dcgan_", "lsgan_", "hinge_sn_"),
    "ConditionalGAN": ("cgan_",),
    "WGANGP": ("wgan_gp_",),
    "Autoencoder": ("autoencoder_", "conv_autoencoder_"),
    "VAE": ("vae_", "conv_vae_", "pixel_vae_"),
    "ConditionalVAE": ("cvae_",),
    "FlowMatching": ("flow_", "small_"),
    "TableModel": ("csv",),
    "WarmStartedGAN": ("speedrun_", "conditional_speedrun_", "small_"),
}


QUICK = [
    "--trainer.max_epochs=1",
    "--trainer.limit_train_batches=2",
    "--trainer.limit_val_batches=2",
    "--trainer.check_val_every_n_epoch=1",
    "--metrics.num_samples=10",
    "--pictures.num_samples=10",
]


def representatives():
    """Return enough configs, none of MNIST, to use each class of models and of data."""
    seen, found = set(), set()
    for config in CONFIGS:
        sections = yaml.safe_load(config.read_text())
        classes = {sections[name]["class_path"] for name in ("model", "data")}
        if not config.stem.endswith("_mnist") and classes - seen:
            seen |= classes
            found.add(config)
    return found


REPRESENTATIVES = representatives()


def cases():
    """Yield each config, with its pictures; without them the representatives are quick."""
    for config in CONFIGS:
        if config in REPRESENTATIVES:
            yield pytest.param(config, False, id=config.stem)
        name = f"{config.stem} with pictures"
        yield pytest.param(config, True, id=name, marks=pytest.mark.slow)


@pytest.mark.parametrize(("config", "drawn"), list(cases()))
def test_config_trains_and_its_checkpoint_restores_the_model(
    run, config, drawn, tmp_path, data_at_hand, narrower
):
    run("fit", f"--config={config}", *data_at_hand(config), *narrower(config), *QUICK)
    folder = tmp_path / "lightning_logs" / config.stem / "version_0"
    assert (folder / "config.yaml").is_file()
    for checkpoint in ("best.ckpt", "last.ckpt"):
        model = LightningModule.load_from_checkpoint(
            folder / "checkpoints" / checkpoint, map_location="cpu", weights_only=True
        )
        if isinstance(model, Classifier):  # which draws no samples
            assert model(torch.zeros(3, 1, 28, 28)).shape == (3, 10)
        else:
            assert isinstance(model, GenerativeModel)
            assert model.sample(3).shape[0] == 3
            assert bool(list(folder.glob("pictures/*/*.png"))) == drawn


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_config_is_short_complete_and_begins_with_its_command(config):
    text = config.read_text()
    command = f"# python -m gan_lightning fit --config {config.stem}"
    assert text.splitlines()[0] in (command, f"{command} --data.init_args.path my.csv")
    assert len(summary(config)) < 90
    assert len(text.splitlines()) < 55
    experiment = yaml.safe_load(text)
    assert list(experiment)[:4] == ["seed_everything", "data", "model", "trainer"]
    assert {"max_epochs", "check_val_every_n_epoch"} <= set(experiment["trainer"])
    model = experiment["model"]["class_path"]
    assert config.stem.startswith(USUAL_NAMES.get(model, (f"{model.lower()}_",)))


@pytest.mark.slow
@pytest.mark.parametrize("experiment", ["dcgan_mnist", "acgan_mnist"])
def test_changing_the_data_needs_no_change_in_the_models_section(run, experiment, tmp_path):
    text = (ROOT / "configs" / f"{experiment}.yaml").read_text()
    exchanged = yaml.safe_load(text)
    exchanged["data"] = {"class_path": "Digits", "init_args": {"size": 16, "batch_size": 20}}
    path = tmp_path / f"{experiment}.yaml"
    path.write_text(yaml.safe_dump(exchanged))
    run("fit", f"--config={path}", *QUICK)
    run("fit", f"--config={ROOT}/configs/{experiment}.yaml", "--data=Digits", *QUICK)
    for version, size in [(0, 16), (1, 28)]:
        folder = tmp_path / "lightning_logs" / experiment / f"version_{version}" / "checkpoints"
        model = LightningModule.load_from_checkpoint(folder / "last.ckpt", weights_only=True)
        assert model.sample(2).shape == (2, 1, size, size)


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


@pytest.mark.parametrize("subcommand", [["fit"], ["sample"]])
def test_help_lists_the_options(run, capsys, subcommand):
    with pytest.raises(SystemExit) as exit_:
        run(*subcommand, "--help")
    assert exit_.value.code in (0, None)
    text = capsys.readouterr().out
    assert {"fit": "--model", "sample": "--num_samples"}[subcommand[0]] in text
    assert "python -m gan_lightning" in text


def test_a_progress_bar_of_the_user_replaces_that_of_the_program(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["gan_lightning"])
    options = ["max_epochs=1", "accelerator=cpu", f"default_root_dir={tmp_path}"]
    options += ["enable_model_summary=false", "callbacks=[{class_path: TQDMProgressBar}]"]
    main(["fit", "--model=GAN", "--data=Iris", *(f"--trainer.{option}" for option in options)])
    shown = capsys.readouterr()
    assert "Epoch 0" in shown.out + shown.err
    assert "fit: " not in shown.err


@pytest.mark.parametrize("flag", ["--trainer.callbacks=ModelSummary", "--trainer.callbacks+="])
def test_a_flag_says_which_callbacks_of_the_config_it_replaces(flag):
    config = {"trainer": {"callbacks": [{"class_path": "GeneratorEMA"}, "gan_lightning.X"]}}
    expected = [] if "+" in flag else ["GeneratorEMA", "X"]
    assert replaced_callbacks([config, {"trainer": None}, {}], ["fit", flag]) == expected
