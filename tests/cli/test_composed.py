"""Any model on any data, by flags alone: it is built, and its run can be read again."""

import inspect

import pytest
import yaml

import gan_lightning
from gan_lightning.cli import main
from gan_lightning.cli.command_line import CommandLine
from gan_lightning.models import ConfiguredModule
from gan_lightning.trust import only_safe_imports

BASES = {"ConfiguredModule", "VariationalModel", "WassersteinGAN"}
MODELS = sorted(
    name
    for name, cls in vars(gan_lightning.models).items()
    if inspect.isclass(cls)
    and issubclass(cls, ConfiguredModule)
    and not inspect.isabstract(cls)
    and name not in {*BASES, "TableModel"}  # which needs a table
)
ON_POINTS = [
    pytest.param(name, "GaussianRing", marks=pytest.mark.slow)
    for name in MODELS
    if name != "Classifier"  # of images
]


class Built(CommandLine):
    """A command that is resolved, whose model and data are built, and that does nothing more."""

    def _run_subcommand(self, subcommand):
        pass


def arguments(name, data):
    return ["fit", f"--model={name}", f"--data={data}"]


@pytest.mark.parametrize(("name", "data"), [*((name, "Digits") for name in MODELS), *ON_POINTS])
def test_the_defaults_of_a_model_fit_together_and_can_be_read_again(name, data, capsys):
    assert type(Built([*arguments(name, data), "--trainer.logger=false"]).model).__name__ == name
    with pytest.raises(SystemExit):
        main([*arguments(name, data), "--print_config"])
    config = yaml.safe_load(capsys.readouterr().out)
    assert "Unable to serialize" not in str(config)
    with only_safe_imports({"config.yaml": config}):
        pass


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_a_model_composed_by_flags_trains_and_its_checkpoint_serves_every_command(name, tmp_path):
    few = ["--trainer.limit_train_batches=2", "--trainer.max_epochs=1", "--pictures.film=false"]
    main([*arguments(name, "Digits"), *few, f"--trainer.default_root_dir={tmp_path}"])
    (checkpoint,) = tmp_path.rglob("last.ckpt")
    main(["test", f"--ckpt_path={checkpoint}"])
    if name != "Classifier":
        output = tmp_path / "samples.npz"
        main(["sample", f"--ckpt_path={checkpoint}", "--num_samples=3", f"--output={output}"])
        assert output.is_file()
    main(["fit", f"--ckpt_path={checkpoint}", "--trainer.max_epochs=2"])
