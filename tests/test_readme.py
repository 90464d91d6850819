"""README and docs are true: commands run, links lead somewhere, each YAML is an experiment."""

import re
import shlex
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from gan_lightning.cli import main
from gan_lightning.cli.front_door import QUICK

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = {path.stem: path for path in [README, *sorted((ROOT / "docs").glob("*.md"))]}


def fenced(page, language):
    """The blocks of a page in a language, without the indentation of a list."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(rf"^ *```{language}\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(block) for block in blocks]


def unrolled(line):
    """The commands of a loop on one line, or the line itself."""
    loop = re.fullmatch(r"for (\w+) in (.*?); do (.*); done", line)
    if not loop:
        return [line]
    commands = loop[3].split("; ")
    return [
        command.replace(f"${loop[1]}", each) for each in loop[2].split() for command in commands
    ]


def commands_of(page):
    lines = "".join(fenced(page, "bash")).splitlines()
    commands = [line.partition("  #")[0].rstrip() for line in lines if line.strip()]
    return [command for line in commands for command in unrolled(line)]


COMMANDS = {name: commands_of(page) for name, page in PAGES.items()}
ALL_COMMANDS = [command for commands in COMMANDS.values() for command in commands]
SET_UP = "python3 -m venv .venv && "
FROM_THE_NET = [
    "pip install torch torchvision --index-url https://download.pytorch.org/whl/cpu"
]  # no test can run it
OWN_STORE = "TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1"  # restarts would meet an old one
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


def runs(command):
    """Whether a command is run here; ``tests/cli/test_demo.py`` runs ``demo``."""
    return "-m gan_lightning" in command and not re.search("--help|devices 2| demo ", command)


def arguments_of(command):
    """The arguments of a command for the package, shortened to seconds."""
    words = shlex.split(command.removeprefix(SET_UP).rpartition("&& ")[2])
    assert words[:3] in (
        ["python", "-m", "gan_lightning"],
        [".venv/bin/python", "-m", "gan_lightning"],
    )
    arguments = words[3:]
    if arguments[0] in (*QUICK, "compare"):
        return arguments
    epochs = "2" if "--ckpt_path" in arguments else "1"
    if "--trainer.max_epochs" in arguments:
        arguments[arguments.index("--trainer.max_epochs") + 1] = epochs
    elif arguments[0] == "fit":
        arguments += ["--trainer.max_epochs", epochs]
    if "_mnist" in command and "--data" not in arguments:
        arguments.append("--data.init_args.official=false")
    validate = ["--trainer.check_val_every_n_epoch=1"] if arguments[0] == "fit" else []
    return [*arguments, *validate, *SHORT]


@pytest.mark.filterwarnings("ignore:.* of the rows satisfied the inequalities:UserWarning")
@pytest.mark.parametrize(
    "page",
    [
        page if page == "README" else pytest.param(page, marks=pytest.mark.slow)  # a minute each
        for page in COMMANDS
        if any(map(runs, COMMANDS[page]))
    ],
)
def test_the_commands_of_a_page_run_in_their_order_and_leave_what_they_promise(
    elsewhere, capsys, monkeypatch, page
):
    for block in fenced(PAGES[page], "python"):
        if file := re.match(r"# (my_\w+)\.py\n", block):
            assert block.count("\n") < 50
            (elsewhere / f"{file[1]}.py").write_text(block)
            monkeypatch.delitem(sys.modules, file[1], raising=False)
    monkeypatch.syspath_prepend(elsewhere)
    for command in filter(runs, COMMANDS[page]):
        main(arguments_of(command))
        if output := re.search(r"--output (\S+)", command):
            endings = (".csv", ".html") if " compare " in command else ("",)
            assert all((elsewhere / f"{output[1]}{ending}").exists() for ending in endings)
    if page == "README":
        assert len((elsewhere / "iris.csv").read_text().splitlines()) == 501
        assert re.search(r"^test/ .*^ks ", capsys.readouterr().out, re.DOTALL | re.MULTILINE)


@pytest.mark.slow  # three processes that load PyTorch
def test_the_command_for_two_devices_runs(elsewhere, environment):
    (command,) = {command for command in ALL_COMMANDS if "devices 2" in command}
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
    (command,) = {command for command in ALL_COMMANDS if command.startswith("tensorboard")}
    words = [sys.executable, "-m", "tensorboard.main", *shlex.split(command)[1:], "--port=0"]
    with subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True) as board:
        deadline = time.monotonic() + 60
        line = ""
        while "http://localhost" not in line and time.monotonic() < deadline:
            line = board.stderr.readline()
        board.kill()
    assert "http://localhost" in line


def test_every_command_is_run_by_a_test_or_by_ci():
    (test_command,) = (command for command in ALL_COMMANDS if command.endswith("pytest"))
    assert test_command.startswith(SET_UP)
    assert "grep -m1 'bin/pytest$' README.md" in (ROOT / ".ci" / "run").read_text()
    rest = [command for command in ALL_COMMANDS if command not in (test_command, *FROM_THE_NET)]
    benchmarks = [c for c in rest if c.startswith("python benchmarks/")]
    launched = [c for c in rest if c.startswith(f"{OWN_STORE} torchrun ")]
    others = [c for c in rest if c not in (*benchmarks, *launched)]
    assert all("-m gan_lightning" in c or c.startswith("tensorboard") for c in others)
    for command in benchmarks:  # run in short by tests/test_benchmarks.py
        assert (ROOT / shlex.split(command)[1]).is_file()
    for command in launched:  # its script is run by tests/cli/test_scaling.py
        (script,) = (word for word in shlex.split(command) if word.endswith(".sh"))
        assert (ROOT / script).is_file()


@pytest.mark.parametrize(
    ("page", "heading"), [("runs", "What a crash costs"), ("safety", "What is safe")]
)
def test_each_line_of_a_promise_is_the_title_of_a_test(page, heading):
    text = PAGES[page].read_text(encoding="utf-8")
    (section,) = re.findall(rf"\n## {heading}\n(.*?)(?:\n## |\Z)", text, re.DOTALL)
    sentences = re.findall(r"^- (.+)\.$", section, re.MULTILINE)
    assert len(sentences) == section.count("\n- ") > 10
    texts = [path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/test_*.py")]
    tests = {name for text in texts for name in re.findall(r"def (test_\w+)", text)}
    for sentence in sentences:
        title = re.sub(r"\W+", "_", sentence.lower().replace("'", ""))
        assert f"test_{title}" in tests, sentence


def test_the_python_example_trains_and_restores_a_model(elsewhere, capsys):
    (example,) = fenced(README, "python")
    assert len([line for line in example.splitlines() if line]) <= 11
    quick = "max_epochs=2, enable_progress_bar=False, enable_model_summary=False, logger=False, "
    quick += "enable_checkpointing=False, accelerator='cpu', log_every_n_steps=1"
    exec(example.replace("max_epochs=1000", quick), {})
    assert "dtype=torch.float64" in capsys.readouterr().out


ANATOMIES = {
    name: block
    for name, page in PAGES.items()
    for block in fenced(page, "yaml")
    if "model:" in block  # others are parts of an experiment
}


@pytest.mark.parametrize("page", ANATOMIES)
def test_each_anatomy_is_an_experiment(elsewhere, page):
    anatomy = ANATOMIES[page]
    path = elsewhere / "anatomy.yaml"
    path.write_text(anatomy)
    assert yaml.safe_load(anatomy)["model"]["class_path"] == "R3GAN"
    main(["fit", f"--config={path}", "--trainer.max_epochs=1", *SHORT])


def test_every_config_has_its_place_in_readme_and_results():
    for config in (ROOT / "configs").glob("*.yaml"):
        assert f"| `{config.stem}` |" in PAGES["results"].read_text(encoding="utf-8")
        assert re.search(rf"^\|.*`{config.stem}`.*\|", README.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page):
    text = PAGES[page].read_text(encoding="utf-8")
    assert not re.search(r"RESULT_|TIME_|NOTES|TODO|MEASURED|TABLE_", text)
    for target, _, heading in re.findall(r"\]\(([^)#]*)(#?)([^)]*)\)", text):
        if target.startswith("https://"):
            continue
        path = PAGES[page].parent / target if target else PAGES[page]
        assert path.exists(), target
        if heading:
            assert heading in anchors_of(path), f"{target}#{heading}"


def test_every_page_is_in_the_table_of_contents():
    index = PAGES["index"].read_text(encoding="utf-8")
    assert {f"({name}.md)" for name in PAGES if name not in ("README", "index")} <= {
        *re.findall(r"\([\w-]+\.md\)", index)
    }


def anchors_of(page):
    """What the headings of a page are called in links."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    names = [re.sub(r"[^\w -]", "", heading) for heading in headings]
    return [name.strip().lower().replace(" ", "-") for name in names]


def test_every_picture_of_the_docs_can_be_opened_and_is_shown():
    shown = "".join(page.read_text(encoding="utf-8") for page in PAGES.values())
    for picture in (ROOT / "docs" / "pictures").glob("*.png"):
        with Image.open(picture) as image:
            image.verify()
        assert f"pictures/{picture.name})" in shown
