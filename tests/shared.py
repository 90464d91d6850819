"""Fixtures that all tests share."""

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from lightning.pytorch import Callback, Trainer
from numpy.typing import NDArray
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan_lightning.callbacks import SamplePictures
from gan_lightning.cli import main

ROOT = Path(__file__).parent.parent
QUIET = [
    "--trainer.accelerator=cpu",
    "--trainer.enable_model_summary=false",
    "--trainer.enable_progress_bar=false",
]


@pytest.fixture(autouse=True, scope="session")
def _cache_of_this_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Leave the user's cache alone; the processes that tests start inherit this."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _same_numbers_every_time() -> Iterator[None]:
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the networks are tiny
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def _signals_are_given_back() -> Iterator[None]:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    yield
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.fixture
def quiet_trainer(tmp_path: Path) -> Callable[..., Trainer]:
    """Make a Trainer on the CPU that prints, logs and saves nothing unless its settings say so."""

    def quiet_trainer(*callbacks: Callback, **settings: Any) -> Trainer:
        quiet = dict.fromkeys(
            ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False
        )
        own = {"accelerator": "cpu", "default_root_dir": tmp_path, "callbacks": list(callbacks)}
        return Trainer(**{**quiet, **own, **settings})

    return quiet_trainer


@pytest.fixture(scope="session")
def write_mnist() -> Callable[..., None]:
    """Write images and labels as the files of MNIST into a folder: ``train=…, t10k=…``."""

    def write_mnist(folder: Path, **splits: tuple[NDArray[Any], NDArray[Any]]) -> None:
        folder.mkdir(parents=True)
        for name, arrays in splits.items():
            for kind, array in zip(("images-idx3", "labels-idx1"), arrays, strict=True):
                # Two zeros, the type of bytes, the number of axes, their sizes.
                header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
                content = header + array.astype(np.uint8).tobytes()
                (folder / f"{name}-{kind}-ubyte").write_bytes(content)

    return write_mnist


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Run one command as ``python -m gan_lightning`` would, with its runs below ``tmp_path``."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["gan_lightning"])

    def run(*args: str) -> None:
        everywhere = [f"--trainer.default_root_dir={tmp_path}", *QUIET]
        main([*args, *everywhere] if args and args[0] != "--help" else args)

    return run


@pytest.fixture(scope="session")
def _fitted_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    runs: dict[tuple[bool, tuple[str, ...]], Path] = {}

    def fitted_once(*args: str) -> Path:
        key = SamplePictures.on_train_end is Callback.on_train_end, args
        if key not in runs:
            root = tmp_path_factory.mktemp("fitted")
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(sys, "argv", ["gan_lightning"])
                main(["fit", *args, *QUIET, f"--trainer.default_root_dir={root}"])
            (runs[key],) = root.glob("lightning_logs/*/version_0")
        return runs[key]

    return fitted_once


@pytest.fixture
def fitted(tmp_path: Path, _fitted_once: Callable[..., Path]) -> Callable[..., Path]:
    """Fit with some arguments once for all tests, and return a copy of the run's folder."""

    def fitted(*args: str) -> Path:
        run = _fitted_once(*args)
        copied = tmp_path / run.relative_to(run.parents[2])
        shutil.copytree(run, copied)
        return copied

    return fitted


@pytest.fixture
def complaint(run: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command that must fail, and return the one sentence that it prints."""

    def complaint(*args: str) -> str:
        with pytest.raises(SystemExit) as failure:
            run(*args)
        assert failure.value.code in (1, 2)
        error = capsys.readouterr().err
        assert "Traceback" not in error
        (line,) = (line for line in error.splitlines() if line.startswith("Error: "))
        return line

    return complaint


@pytest.fixture(scope="session")
def curves() -> Callable[[Path], dict[str, list[tuple[int, float]]]]:
    """Read the curves of a run's folder, steps and values by tag, except for those of the clock."""

    def curves(folder: Path) -> dict[str, list[tuple[int, float]]]:
        events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
        events.Reload()
        tags = set(events.Tags()["scalars"]) - {"train/points_per_second"}
        return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in tags}

    return curves


@pytest.fixture(scope="session")
def write_table() -> Callable[..., Path]:
    """Write a mixed table with gaps, whose numbers no version of NumPy changes."""

    def write(path: Path, num_rows: int = 1200) -> Path:
        random = np.random.RandomState(0)
        sizes, kinds = random.normal(50, 9, num_rows), random.randint(0, 3, num_rows)
        lines = ["weight,visits,town,smoker"]
        for i in range(num_rows):
            size = "" if random.rand() < 0.1 else f"{sizes[i] + 9 * kinds[i]:.1f}"
            count, flag = random.poisson(2 + 2 * kinds[i]), random.rand() < 0.2 + 0.3 * kinds[i]
            lines.append(
                f"{size},{count},{('east', 'north', 'west')[kinds[i]]},{'yes' if flag else 'no'}"
            )
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def mnist_files(tmp_path_factory, write_mnist):
    """The folder of MNIST where it is at hand, otherwise one of small files of random images."""
    at_hand = ROOT.parent / "shared" / "data"
    if at_hand.is_dir():
        return at_hand
    root, random = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    splits = {
        name: (random.integers(0, 256, (size, 28, 28)), np.arange(size) % 10)
        for name, size in [("train", 5600), ("t10k", 600)]
    }
    write_mnist(root / "MNIST" / "raw", **splits)
    return root


@pytest.fixture
def data_at_hand(mnist_files, write_table, tmp_path):
    """The arguments that point a config to data on this machine."""

    def arguments(config):
        data, place = yaml.safe_load(config.read_text())["data"], "data.init_args"
        if data["class_path"] == "Clustered":
            data, place = data["init_args"]["data"], f"{place}.data.init_args"
        if data["class_path"] in ("MNIST", "StackedMNIST"):
            official = str("shared" in mnist_files.parts).lower()
            return [
                *(f"--{place}.root={mnist_files}", f"--{place}.download=false"),
                f"--{place}.official={official}",
            ]
        if data["class_path"] == "CSV":
            return [f"--{place}.path={write_table(tmp_path / 'my.csv')}"]
        if data["class_path"] == "ImageFolder":
            (tmp_path / "pictures").mkdir()
            for i in range(20):
                pixels = np.random.default_rng(i).integers(0, 256, (70, 90, 3), np.uint8)
                Image.fromarray(pixels).save(tmp_path / "pictures" / f"{i}.png")
            return [f"--{place}.root={tmp_path / 'pictures'}"]
        return []

    return arguments


@pytest.fixture(scope="session")
def narrower() -> Callable[[Path], list[str]]:
    """Return the arguments that give a config narrow networks where its own take many seconds."""
    generator, discriminator = (
        f"--model.init_args.{name}.init_args" for name in ("generator", "discriminator")
    )
    widths = {
        "cgan_clusters_mnist": [
            f"{generator}.generator.init_args.base_channels=8",
            f"{discriminator}.discriminator.init_args.base_channels=8",
        ],
        "dcgan_folder": [f"{generator}.base_channels=16", f"{discriminator}.base_channels=16"],
    }
    return lambda config: widths.get(config.stem, [])


@pytest.fixture
def environment() -> dict[str, str]:
    """The environment of a process that imports this package and trains tiny networks."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
