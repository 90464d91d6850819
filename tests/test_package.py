"""What the wheel holds, and what the package says about itself."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from gan_lightning import __version__

tomllib = pytest.importorskip("tomllib", reason="needs Python 3.11")
ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_citation_names_the_version_and_the_authors_of_the_licence():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    (author,) = citation["authors"]
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert re.search(r"Copyright \(c\) \d+ (.+)", licence)[1] == author["name"]
    assert PROJECT["authors"] == [{"name": author["name"]}]
    assert (citation["version"], citation["license"]) == (__version__, PROJECT["license"])


def test_every_extra_is_named_in_the_docs():
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| (`.+?) \|", page, re.MULTILINE)
    assert set(PROJECT["optional-dependencies"]) <= set(re.findall(r"`(\w+)`", " ".join(table)))


@pytest.mark.slow
def test_the_wheel_holds_the_configs_once_and_runs_them_by_name(tmp_path, environment):
    pytest.importorskip("setuptools", minversion="77")
    source = tmp_path / "source"
    kept = shutil.ignore_patterns(".*", "build", "*.egg-info", "lightning_logs", "__pycache__")
    shutil.copytree(ROOT, source, ignore=kept)
    wheels = tmp_path / "wheels"
    pip = [sys.executable, "-m", "pip"]
    build = [*pip, "wheel", str(source), "--no-deps", "--no-build-isolation", f"-w{wheels}"]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = wheels.iterdir()
    names = zipfile.ZipFile(wheel).namelist()
    configs = sorted(path.name for path in (ROOT / "configs").glob("*.yaml"))
    assert sorted(Path(name).name for name in names if name.endswith(".yaml")) == configs
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "gan_lightning").rglob("*.py")}
    assert modules <= set(names)
    assert {"gan_lightning/py.typed", "gan_lightning/features/digits.safetensors"} <= set(names)

    installed = tmp_path / "installed"
    target = [*pip, "install", str(wheel), "--no-deps", f"--target={installed}"]
    subprocess.run(target, check=True, capture_output=True)
    empty = tmp_path / "empty"
    empty.mkdir()
    short = ["--trainer.max_epochs=1", "--trainer.accelerator=cpu", "--metrics.num_samples=20"]
    subprocess.run(
        [sys.executable, "-m", "gan_lightning", "fit", "--config", "r3gan_iris", *short],
        env={**environment, "PYTHONPATH": str(installed)},
        cwd=empty,
        check=True,
        timeout=400,
    )
    assert (empty / "lightning_logs/r3gan_iris/version_0/checkpoints/last.ckpt").is_file()
