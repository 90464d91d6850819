"""The clock of a speed run, and the judge of its samples."""

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

ROOT = Path(__file__).parent.parent

TINY = [
    "--data=Digits",
    "--data.size=8",
    "--data.value_range=unit",
    "--data.batch_size=200",
    "--model.encoder.base_channels=4",
    "--model.decoder.base_channels=4",
    "--model.sampler.num_components=3",
    "--model.sampler.max_iterations=3",
    "--trainer.accelerator=cpu",
]


def benchmark(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def speedrun(monkeypatch):
    monkeypatch.chdir(ROOT)
    return benchmark("speedrun")


@pytest.mark.slow
def test_a_budget_is_spent_and_samples_are_written(speedrun, monkeypatch, tmp_path, capsys):
    path = tmp_path / "samples.npz"
    words = ["speedrun.py", "--budget=3", f"--output={path}", "--num_samples=50", *TINY]
    monkeypatch.setattr(sys, "argv", words)
    speedrun.main()
    with np.load(path) as arrays:
        assert arrays["images"].shape == (50, 1, 8, 8)
    said = capsys.readouterr().out
    assert "reconstruction: " in said
    assert "game: " in said
    assert "of 3: " in said


@pytest.mark.parametrize(
    ("seconds", "reconstruction"),
    [(100.0, 50), (1000.0, int(0.85 * (1000 - 130)))],  # at least half, or beside the fit
)
def test_the_batches_left_are_as_many_as_the_time_allows(
    speedrun, monkeypatch, seconds, reconstruction
):
    clock = iter(range(1000))
    monkeypatch.setattr(speedrun.time, "perf_counter", lambda: float(next(clock)))

    class Model(speedrun.WarmStartedGAN):
        reconstructed = 0

        @property
        def phase(self):
            return "reconstruction" if self.reconstructed < 40 else "game"

    model, budget = Model((2,)), speedrun.Budget(seconds)
    budget.on_train_start(None, model)
    for _ in range(40):
        budget.on_train_batch_end(None, model)
        model.reconstructed += 1
    assert model.reconstruction_batches == reconstruction  # a batch a second
    for _ in range(8):
        budget.on_train_batch_end(None, model)
    assert model.game_batches == 8 + int((seconds - 48) * speedrun.MARGIN)
    assert budget.game_began == 40


def test_the_judge_tells_real_digits_from_others_and_finds_copies():
    judge = benchmark("judge")
    network = judge.read_judge()
    torch.manual_seed(0)
    bars = torch.zeros(40, 1, 28, 28, dtype=torch.uint8)
    bars[:, :, 4:24, 13:15] = torch.randint(150, 255, (40, 1, 20, 2)).to(torch.uint8)
    noise = torch.randint(0, 255, (40, 1, 28, 28)).to(torch.uint8)
    ones = judge.Views(network, bars)
    assert (ones.classes == 1).all()
    alike = judge.judged(ones, ones, ones.classes)
    other = judge.judged(judge.Views(network, noise), ones, ones.classes)
    assert alike["fid"] < 1e-6 < other["fid"]
    assert alike["recall"] == alike["coverage"] == alike["asked"] == 1
    assert other["coverage"] == 0
    fresh = torch.randint(0, 255, (50, 1, 28, 28)).to(torch.uint8)
    assert judge.share_of_copies(noise, fresh, noise) == 1
    assert judge.share_of_copies(noise, noise.flip(0), fresh) <= 0.05


def test_the_judge_takes_samples_of_all_labels_and_lets_forests_learn_from_them(tmp_path):
    judge = benchmark("judge")
    torch.manual_seed(0)
    noise = torch.randint(0, 255, (30, 28, 28)).to(torch.uint8)
    bars = torch.zeros(30, 28, 28, dtype=torch.uint8)
    bars[:, 4:24, 13:15] = torch.randint(150, 255, (30, 20, 2)).to(torch.uint8)

    seen = judge.Views(judge.read_judge(), noise[:, None]).classes.unique()
    label = next(i for i in range(2, 10) if i not in seen)  # of which the judge sees none

    def digits(of_each):
        images = torch.cat([noise[:of_each], bars[:of_each]])
        targets = torch.tensor([label, 1]).repeat_interleave(of_each)
        return SimpleNamespace(data=images, targets=targets)

    samples = digits(20)  # the first 20, as many as there are test images, are all of one label
    np.savez(tmp_path / "s.npz", images=samples.data[:, None], labels=samples.targets)
    found = judge.results_of([tmp_path / "s.npz"], (digits(30), digits(10)), forest=True)
    assert found["s"]["asked"] == 0.5
    assert found["s"]["forest"] == found["forest of 40 real"]["forest"] == 1
