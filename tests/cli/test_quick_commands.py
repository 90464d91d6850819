"""What needs no PyTorch is answered at once: help, version, list, copy and completion."""

import re
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from gan_lightning import __version__
from gan_lightning.cli import main
from gan_lightning.cli.front_door import COMMANDS, QUICK
from gan_lightning.cli.quick_commands import _ANSWERS, _USAGE, answered
from gan_lightning.cli.shipped import shipped, summary, with_shipped_configs
from gan_lightning.errors import InputError

ROOT = Path(__file__).parents[2]


def said(capsys, *words):
    assert answered(words, "program")
    return capsys.readouterr().out


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_bare_command_prints_the_help_that_names_every_command(capsys):
    for words in ([], ["-h"], ["--help"]):
        text = said(capsys, *words)
        assert text.startswith("Train generative models")
        assert set(re.findall(r"^  (\w+)  ", text, re.MULTILINE)) == set(COMMANDS)
    assert set(QUICK) == set(_ANSWERS) == set(_USAGE)


def test_the_version_is_that_of_the_package(capsys):
    assert said(capsys, "--version") == f"gan_lightning {__version__}\n"


@pytest.mark.parametrize("words", [[], ["--version"], ["list"], ["completion", "bash"]])
def test_no_quick_command_loads_pytorch(words, environment):
    start = time.monotonic()
    command = [sys.executable, "-X", "importtime", "-m", "gan_lightning", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert time.monotonic() - start < 2
    imported = {line.split()[-1].partition(".")[0] for line in done.stderr.splitlines()}
    assert not {"torch", "lightning", "matplotlib", "pandas", "numpy"} & imported


def test_list_shows_every_config_with_one_line(capsys):
    names = [path.stem for path in sorted((ROOT / "configs").glob("*.yaml"))]
    lines = said(capsys, "list").splitlines()
    assert [line.split()[0] for line in lines] == names
    assert all(len(line) < 120 and len(line.split()) > 3 for line in lines)
    assert len({summary(path) for path in shipped().values()}) == len(names)


def test_copy_puts_a_config_here_and_overwrites_nothing(elsewhere, capsys):
    assert "r3gan_iris.yaml" in said(capsys, "copy", "r3gan_iris")
    content = (ROOT / "configs" / "r3gan_iris.yaml").read_bytes()
    assert (elsewhere / "r3gan_iris.yaml").read_bytes() == content
    said(capsys, "copy", "r3gan_iris", "mine.yaml")
    assert (elsewhere / "mine.yaml").read_bytes() == content
    (elsewhere / "mine.yaml").write_text("mine")
    with pytest.raises(InputError, match=r"mine\.yaml exists"):
        answered(["copy", "gan_iris", "mine.yaml"], "program")
    assert (elsewhere / "mine.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["copy", "r3gan_irsi"], "no shipped experiment 'r3gan_irsi'. Did you mean 'r3gan_iris'?"),
        (["copy", "../secret"], "no shipped experiment '../secret'"),
        (["copy"], "Expected 'copy NAME [FILE]', found nothing"),
        (["copy", "csv", "a", "b"], "Expected 'copy NAME [FILE]', found 'csv a b'"),
        (["copy", "csv", "nowhere/a.yaml"], "no folder nowhere"),
        (["list", "all"], "Expected 'list', found 'all'"),
        (["completion", "fish"], "expected bash, found 'fish'"),
        (["completion"], "Expected 'completion bash', found nothing"),
    ],
)
def test_words_that_cannot_be_used_get_a_sentence(elsewhere, words, message, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(words)
    assert exit_.value.code == 2
    assert message in capsys.readouterr().err
    assert not any(elsewhere.iterdir())


def test_a_config_is_found_by_its_name_from_any_folder(elsewhere):
    path = str(shipped()["r3gan_iris"])
    for words in (["--config", "r3gan_iris"], ["-c", "r3gan_iris"]):
        assert with_shipped_configs(["fit", *words]) == ["fit", words[0], path]
    assert with_shipped_configs(["fit", "--config=csv"]) == ["fit", f"--config={shipped()['csv']}"]
    alone = ["fit", "--config", "mine.yaml", "--model", "csv", "r3gan_iris"]
    assert with_shipped_configs(alone) == alone


@pytest.mark.parametrize("own", ["r3gan_iris.yaml", "configs/r3gan_iris.yaml"])
def test_a_name_that_may_mean_a_users_file_is_refused(elsewhere, own):
    (elsewhere / "configs").mkdir()
    shutil.copyfile(shipped()["r3gan_iris"], own)
    assert with_shipped_configs(["-c", "r3gan_iris"]) == ["-c", str(shipped()["r3gan_iris"])]
    Path(own).write_text("model: GAN")
    with pytest.raises(InputError, match=re.escape(f"{own} here is another: type -c {own}")):
        with_shipped_configs(["-c", "r3gan_iris"])
    (elsewhere / "r3gan_iris").write_text("a file of that very name")
    assert with_shipped_configs(["-c", "r3gan_iris"]) == ["-c", "r3gan_iris"]


def test_a_name_trains_from_an_empty_folder(elsewhere, capsys):
    main(["fit", "--config=gan_iris", "--trainer.max_epochs=1", "--trainer.accelerator=cpu"])
    saved = yaml.safe_load(
        (elsewhere / "lightning_logs/gan_iris/version_0/config.yaml").read_text()
    )
    assert saved["model"]["class_path"].endswith("GAN")


@pytest.fixture
def complete(elsewhere, capsys):
    """What bash offers for a line that ends where the cursor is."""
    if not shutil.which("bash"):
        pytest.skip("needs bash")
    script = said(capsys, "completion", "bash")

    def offered(line):
        words = " ".join(word or "''" for word in line.split(" "))
        ask = f"COMP_WORDS=({words})\nCOMP_CWORD={line.count(' ')}\n_gan_lightning\n"
        ask += "printf '%s\\n' \"${COMPREPLY[@]}\""
        command = ["bash", "--norc", "-c", f"{script}\n{ask}"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert not done.stderr
        return done.stdout.split()

    return offered


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("gan_lightning sam", ["sample"]),
        ("gan_lightning fit --config r3gan_i", ["r3gan_iris"]),
        ("gan_lightning fit -c gan_r", ["gan_ring"]),
        ("gan_lightning fit --config min", ["mine.yaml"]),
        ("gan_lightning test --ckpt_path la", ["last"]),
        ("gan_lightning sample --num", ["--num_samples"]),
        ("gan_lightning fit --num", []),
        ("gan_lightning fit --trainer.max_e", ["--trainer.max_epochs"]),
        ("gan_lightning fit --model R3", ["R3GAN"]),
        ("gan_lightning fit --model GAN --data Ir", ["Iris"]),
        ("gan_lightning copy flow", ["flow_iris", "flow_ring"]),
        ("gan_lightning completion ", ["bash"]),
        ("gan_lightning impute --output min", ["mine.yaml"]),
    ],
)
def test_bash_completes(complete, elsewhere, line, expected):
    (elsewhere / "mine.yaml").write_text("")
    assert complete(line) == expected


def test_bash_completes_every_command(complete):
    assert {*COMMANDS, "--help", "--version"} == set(complete("gan_lightning "))


@pytest.mark.parametrize("safe", [False, True])
def test_the_script_finds_modules_of_the_current_folder_unless_the_path_is_safe(
    elsewhere, monkeypatch, safe
):
    (elsewhere / "of_ones_own.py").write_text("")
    monkeypatch.setattr(sys, "path", [*sys.path])
    found = []
    room = sys.modules["gan_lightning.cli.main"]
    flags = SimpleNamespace(safe_path=safe)
    monkeypatch.setattr(room, "sys", SimpleNamespace(flags=flags, path=sys.path))
    monkeypatch.setattr(room, "main", lambda: found.append(find_spec("of_ones_own")))
    room.script()
    assert [spec is None for spec in found] == [safe]


@pytest.mark.parametrize("command", ["fit", "sample", "test"])
def test_help_shows_what_matters_first_and_the_trainer_last(command, capsys):
    with pytest.raises(SystemExit) as exit_:
        main([command, "--help"])
    assert exit_.value.code in (0, None)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"usage: python -m gan_lightning {command} [options]"
    places = [
        next(i for i, line in enumerate(lines) if line.strip().startswith(option))
        for option in ("--ckpt_path", "-c", "--model.help", "--data.help", "--trainer ")
    ]
    assert places == sorted(places)
    assert next(line for line in lines if line.endswith(":")) == "This command:"
    rest = [line.split()[0] for line in lines[places[-1] :] if line.startswith("  --")]
    assert all(word.startswith("--trainer") for word in rest)
    if command == "sample":
        own = "\n".join(lines[: places[1]])
        assert all(f"--{name} " in own for name in ("num_samples", "output", "seed", "labels"))
