"""The README is true: its commands run, its links lead somewhere, its YAML is an experiment."""

import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from gan_lightning.cli import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
    for line in block.split("\n")
]
SET_UP = "python3 -m venv .venv && "
SHORT = [
    "--trainer.limit_train_batches=2",
    "--trainer.enable_progress_bar=false",
    "--trainer.enable_model_summary=false",
    "--trainer.accelerator=cpu",
    "--metrics.num_samples=20",
    "--metrics.test_samples=20",
]


@pytest.fixture
def elsewhere(tmp_path, monkeypatch, write_mnist, write_table):
    """A folder with the configs, some digits, 60 pictures and a table; nothing was trained."""
    write_table(tmp_path / "my.csv")
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    (tmp_path / "pictures").mkdir()
    random = np.random.default_rng(0)
    splits = {
        name: (random.integers(0, 256, (size, 28, 28)), np.arange(size) % 10)
        for name, size in [("train", 5300), ("t10k", 60)]  # 5000 are held out
    }
    write_mnist(tmp_path / "data" / "MNIST" / "raw", **splits)
    for i in range(60):
        pixels = random.integers(0, 255, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "pictures" / f"{i}.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["gan_lightning"])
    return tmp_path


def arguments_of(command):
    """The arguments of a command for the package, shortened to seconds."""
    words = shlex.split(command.removeprefix(SET_UP).rpartition("&& ")[2])
    assert words[:3] in (
        ["python", "-m", "gan_lightning"],
        [".venv/bin/python", "-m", "gan_lightning"],
    )
    arguments = words[3:]
    epochs = "2" if "--ckpt_path" in arguments else "1"
    if "--trainer.max_epochs" in arguments:
        arguments[arguments.index("--trainer.max_epochs") + 1] = epochs
    elif arguments[0] == "fit":
        arguments += ["--trainer.max_epochs", epochs]
    if "_mnist.yaml" in command and "--data" not in arguments:
        arguments.append("--data.init_args.official=false")
    validate = ["--trainer.check_val_every_n_epoch=1"] if arguments[0] == "fit" else []
    return [*arguments, *validate, *SHORT]


@pytest.mark.filterwarnings("ignore:.* of the rows kept the inequalities:UserWarning")
def test_the_commands_run_in_their_order_and_leave_what_they_promise(elsewhere, capsys):
    for command in COMMANDS:
        if "-m gan_lightning" not in command or "--help" in command or "devices 2" in command:
            continue
        main(arguments_of(command))
    assert len((elsewhere / "iris.csv").read_text().splitlines()) == 501
    assert re.search(r"^test/ .*^ks ", capsys.readouterr().out, re.DOTALL | re.MULTILINE)


def test_the_command_for_two_devices_runs(elsewhere, environment):
    (command,) = (command for command in COMMANDS if "devices 2" in command)
    done = subprocess.run(
        [sys.executable, "-m", "gan_lightning", *arguments_of(command)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert (elsewhere / "lightning_logs/r3gan_ring/version_0/checkpoints/last.ckpt").is_file()


def test_help_and_tensorboard_start(elsewhere, environment):
    with pytest.raises(SystemExit) as exit_:
        main(["fit", "--help"])
    assert exit_.value.code in (0, None)
    (command,) = (command for command in COMMANDS if command.startswith("tensorboard"))
    words = [sys.executable, "-m", "tensorboard.main", *shlex.split(command)[1:], "--port=0"]
    with subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True) as board:
        deadline = time.monotonic() + 60
        line = ""
        while "http://localhost" not in line and time.monotonic() < deadline:
            line = board.stderr.readline()
        board.kill()
    assert "http://localhost" in line


def test_every_command_is_run_by_a_test_or_by_ci():
    (test_command,) = (command for command in COMMANDS if command.endswith("pytest"))
    assert test_command.startswith(SET_UP)
    assert "grep -m1 'bin/pytest$' README.md" in (ROOT / ".ci" / "run").read_text()
    rest = [command for command in COMMANDS if command and command != test_command]
    benchmarks = [c for c in rest if c.startswith("python benchmarks/")]
    others = [c for c in rest if c not in benchmarks]
    assert all("-m gan_lightning" in c or c.startswith("tensorboard") for c in others)
    for command in benchmarks:  # run in short by tests/test_benchmarks.py
        assert (ROOT / shlex.split(command)[1]).is_file()


def test_each_sentence_of_what_is_safe_is_the_title_of_a_test():
    (section,) = re.findall(r"## Stop and go on\n(.*?)\n## ", README, re.DOTALL)
    sentences = re.findall(r"^- (.+)\.$", section, re.MULTILINE)
    assert len(sentences) == section.count("\n- ") > 10
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    for sentence in sentences:
        title = re.sub(r"\W+", "_", sentence.lower())
        assert f"def test_{title}(" in tests, sentence


def test_the_python_example_trains_and_restores_a_model(elsewhere, capsys):
    (example,) = re.findall(r"```python\n(.*?)```", README.replace("   ```python", ""), re.DOTALL)
    assert len([line for line in example.splitlines() if line]) <= 11
    quick = "max_epochs=2, enable_progress_bar=False, enable_model_summary=False, logger=False, "
    quick += "enable_checkpointing=False, accelerator='cpu', log_every_n_steps=1"
    exec(example.replace("max_epochs=1000", quick), {})
    assert "dtype=torch.float64" in capsys.readouterr().out


def test_the_anatomy_is_an_experiment(elsewhere):
    (anatomy,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    path = elsewhere / "anatomy.yaml"
    path.write_text(anatomy)
    assert yaml.safe_load(anatomy)["model"]["class_path"] == "R3GAN"
    main(["fit", f"--config={path}", "--trainer.max_epochs=1", *SHORT])


def test_every_config_is_in_the_table_and_every_link_leads_somewhere():
    for config in (ROOT / "configs").glob("*.yaml"):
        assert f"| `{config.stem}` |" in README
    assert not re.search(r"RESULT_|TIME_|NOTES", README)
    for picture in (ROOT / "docs" / "pictures").glob("*.png"):
        with Image.open(picture) as image:
            image.verify()
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_each_line_of_what_is_safe_is_the_title_of_a_test():
    (section,) = re.findall(r"\n## What is safe\n(.*?)\n## ", README, re.DOTALL)
    lines = re.findall(r"^- (.+)\.$", section, re.MULTILINE)
    assert len(lines) == section.count("\n- ") > 10
    texts = [path.read_text() for path in ROOT.glob("tests/**/test_*.py")]
    tests = {name for text in texts for name in re.findall(r"def (test_\w+)", text)}
    for line in lines:
        title = re.sub(r"[^a-z ]", "", line.lower()).replace(" ", "_")
        assert f"test_{title}" in tests, line
