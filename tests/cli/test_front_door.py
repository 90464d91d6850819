"""What is misspelt is answered at once, before the libraries are loaded."""

import re
import shlex
import subprocess
import sys
import time
from inspect import signature
from pathlib import Path

import pytest
from lightning.pytorch import Trainer

from gan_lightning.cli import front_door
from gan_lightning.cli.command_line import CommandLine
from gan_lightning.cli.front_door import OPTIONS, TRAINER, check_command_line
from gan_lightning.cli.main import turn_away
from gan_lightning.cli.shipped import shipped, with_shipped_configs
from gan_lightning.errors import InputError

ROOT = Path(__file__).parents[2]

MISSPELT = {
    "There is no subcommand 'fitt'; expected one of fit, validate": ["fitt"],
    "Did you mean 'sample'?": ["generate"],
    "Expected one of the subcommands fit, validate, test, predict, sample, ": [],
    "completion before --trainer.max_epochs; see --help": ["--trainer.max_epochs=1"],
    "--truncation comes before the subcommand, but belongs after it: python -m gan_lightning "
    "sample --truncation 0.7": ["--truncation", "0.7", "sample"],
    "python -m gan_lightning fit --config 'a b.yaml'": ["--config", "a b.yaml", "fit"],
    "no option 'conf'. Did you mean 'config'?": ["fit", "--conf", "configs/gan_iris.yaml"],
    "'epochs'. Did you mean 'trainer.max_epochs'?": ["fit", "--epochs", "3"],
    "'max_epochs'. Did you mean 'trainer.max_epochs'?": ["fit", "--max_epochs=3"],
    "'lr'. Did you mean 'model.g_optimizer.lr' or 'model.optimizer.lr'?": ["fit", "--lr=1"],
    "'batchsize'. Did you mean 'data.batch_size'?": ["fit", "--batchsize=1"],
    "'seed'. Did you mean 'seed_everything'?": ["fit", "--seed=1"],
    "fit has no option 'num_samples'; sample has": ["fit", "--num_samples=1"],
    "Did you mean --config configs/gan_iris.yaml?": ["fit", "configs/gan_iris.yaml"],
    "found 'virginica]'; put quotes around a value that holds spaces": [
        *["fit", "--data.species", "[setosa,", "virginica]"]
    ],
    "configs/gan_iriss.yaml, found nothing. Did you mean 'configs/gan_iris.yaml'?": [
        *["fit", "--config", "configs/gan_iriss.yaml"]
    ],
    "found nothing. Did you mean 'configs/r3gan_ring.yaml'?": ["fit", "-c", "r3gan_rings"],
}


@pytest.mark.parametrize(("words", "args"), MISSPELT.items(), ids=range(len(MISSPELT)))
def test_what_is_misspelt_is_named(run, words, args):
    with pytest.raises(InputError) as refusal:
        check_command_line(args)
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    "args", [["fitt"], ["fit", "--epochs=3"], ["fit", "--config=configs/gan_iriss.yaml"]]
)
def test_a_misspelling_is_answered_within_two_seconds(run, environment, args):
    start = time.monotonic()
    command = [sys.executable, "-X", "importtime", "-m", "gan_lightning", *args]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert time.monotonic() - start < 2
    assert done.returncode == 2
    errors = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
    assert [line[:7] for line in errors if line] == ["Error: "]
    assert not {"torch", "lightning"} & {
        line.split()[-1] for line in done.stderr.splitlines() if line
    }


def test_words_are_checked_for_the_program_however_it_is_started_and_not_for_a_users_script(
    monkeypatch,
):
    said = []
    monkeypatch.setattr(sys.modules["gan_lightning.cli.main"], "check_command_line", said.append)
    for started, argv in [
        (["python", "-m", "gan_lightning", "fitt"], ["-m", "fitt"]),
        (["python", "-mgan_lightning", "fitt"], ["-m", "fitt"]),
        (["python", "-u", "/bin/gan_lightning", "fitt"], ["/bin/gan_lightning", "fitt"]),
        (["python", "-m", "pytest", "fitt"], ["-m", "fitt"]),
        (["python", "mine.py", "fitt"], ["mine.py", "fitt"]),
        (["python", "-c", "import gan_lightning", "fitt"], ["-c", "fitt"]),
        (["python"], [""]),
        (["python"], []),
    ]:
        monkeypatch.setattr(sys, "orig_argv", started)
        monkeypatch.setattr(sys, "argv", argv)
        turn_away()
    assert said == [["fitt"]] * 3


class _ParserAlone(CommandLine):
    def parse_arguments(self, parser, args):
        self.parser_alone = parser
        raise KeyError


@pytest.mark.parametrize("subcommand", OPTIONS)
def test_the_front_door_knows_the_options_of_the_parser(subcommand):
    command = _ParserAlone.__new__(_ParserAlone)
    with pytest.raises(KeyError):
        command.__init__([subcommand])
    parser = command.parser_alone._subcommands_action._name_parser_map[subcommand]
    words = [word for action in parser._actions for word in action.option_strings]
    options = {word[2:].partition(".")[0] for word in words if word.startswith("--")}
    assert options == set(OPTIONS[subcommand])


def test_the_front_door_knows_the_settings_of_the_trainer():
    known = set(signature(Trainer.__init__).parameters)
    assert set(TRAINER) <= known
    assert len(known - set(TRAINER)) < 6
    assert all(len(meant) in (1, 2) for meant in front_door._MEANT.values())


CONFIG = "configs/r3gan_iris.yaml"


@pytest.mark.parametrize(
    "flags",
    [
        ["--trainer.max_epochs=3"],
        ["--trainer.max_epochs", "3"],
        ["--model=GAN"],
        ["--model.gamma", "3"],
        ["--model.init_args.generator.init_args.latent_dim=3"],
        ["--data.batch_size=3"],
        ["--trainer.callbacks+=EarlyStopping"],
        ["--seed_everything=3"],
        ["--metrics.num_samples=3"],
        ["-c", "configs/gan_iris.yaml", "--metrics.num_samples=3"],
    ],
)
def test_a_flag_before_the_config_that_would_undo_it_is_refused(run, flags):
    with pytest.raises(InputError, match=r"--[\w.+]+ comes before the config configs/r3gan_iris"):
        check_command_line(["fit", *flags, f"--config={CONFIG}"])
    check_command_line(["fit", f"--config={CONFIG}", *flags])


def test_a_flag_before_the_config_that_leaves_it_alone_is_kept(run):
    check_command_line(["fit", "--trainer.accelerator=cpu", f"--config={CONFIG}"])
    check_command_line(["fit", "--ckpt_path", "last", "-c", CONFIG, "--model.gamma=3"])
    check_command_line(["fit", "--config=configs/gan_iris.yaml", f"--config={CONFIG}"])


@pytest.mark.parametrize("args", [["--help"], ["fit", "--help"], ["fit", "--epochs", "--help"]])
def test_help_is_left_to_the_parser(args):
    check_command_line(args)


def test_every_command_of_readme_and_docs_passes(monkeypatch, tmp_path):
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    (tmp_path / "mine.yaml").write_bytes(shipped()["gan_iris"].read_bytes())  # as by `copy`
    commands = re.findall(r"^.*python -m gan_lightning ([^;\n]+)", text, re.MULTILINE)
    assert len(commands) > 20
    for command in commands:
        check_command_line(with_shipped_configs(shlex.split(command, comments=True)))
