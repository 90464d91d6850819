"""What a user reads in the terminal while a run trains."""

import sys

import pytest

from gan_lightning.callbacks import run_progress

FIT = [
    *("fit", "--config=configs/r3gan_ring.yaml", "--trainer.max_epochs=4"),
    *("--data.init_args.num_samples=256", "--pictures.num_samples=10", "--metrics.num_samples=50"),
    *("--trainer.check_val_every_n_epoch=2", "--trainer.log_every_n_steps=1"),
]


@pytest.fixture
def fit(tmp_path, capsys, monkeypatch):
    """Run ``fit`` with its progress shown, and return what it wrote to both streams."""
    from gan_lightning.cli import main

    monkeypatch.setattr(sys, "argv", ["gan_lightning"])

    def fit(*args, experiment=FIT):
        main([*experiment, f"--trainer.default_root_dir={tmp_path}", *args])
        return capsys.readouterr()

    return fit


def test_a_run_says_at_once_where_it_is_stored_and_what_trains_on_what(fit, tmp_path):
    out = fit("--seed_everything=5").out
    start, end = out.split("Finished after")
    for words in (
        f"run       {tmp_path}/lightning_logs/r3gan_ring/version_0\n",
        "data      GaussianRing, 256 training points, 25 held out for validation\n",
        "networks  R3GAN: generator of 33,671 weights, discriminator of 25,217 weights\n",
        "device    CPU, 1 thread\n",
        "seed      5\n",
    ):
        assert words in start
    assert "version_0" in end
    assert "FLOPs" not in out


@pytest.mark.slow
def test_a_resumed_run_says_from_where(fit, tmp_path):
    fit()
    out = fit("--ckpt_path=last", "--trainer.max_epochs=6").out
    assert f"Resumes from {tmp_path}/lightning_logs/r3gan_ring/version_0/" in out
    assert "version_1" not in out


def test_in_a_file_progress_is_whole_lines_with_the_last_validation(fit):
    err = fit().err
    assert "\r" not in err
    assert "\x1b" not in err
    lines = [line for line in err.splitlines() if line.startswith("fit: ")]
    assert lines[-1].startswith("fit: 4/4 batches, epoch ")
    assert "d_loss" in lines[-1]
    assert "val/ks 0." in lines[-1]


def test_lines_of_a_game_show_no_loss_of_the_reconstruction_before_it(fit, monkeypatch):
    for limit in ("LEAST_SECONDS", "MOST_SECONDS"):
        monkeypatch.setattr(run_progress, limit, -1.0)  # a line for each batch
    phases = ("--model.reconstruction_batches=2", "--model.game_batches=2")
    model = ("fit", "--data=Iris", "--model=WarmStartedGAN", *phases)
    lines = fit(experiment=model).err.splitlines()
    shown = [
        (line.partition(":")[0], "reconstruction_loss" in line)
        for line in lines
        if "/4 batches" in line
    ]
    learns, plays = "reconstruction", "game"
    assert shown == [(learns, True), (learns, True), (plays, False), (plays, False)]


def test_a_limit_of_steps_is_the_end_of_the_bar(fit):
    lines = fit("--trainer.max_steps=3", experiment=("fit", "--data=Iris", "--model=VAE")).err
    assert "fit: 3/3 batches" in lines


def test_a_limit_of_steps_counts_those_of_both_players_and_says_so(fit):
    with pytest.warns(UserWarning, match="max_steps counts the steps of both players"):
        out = fit("--trainer.max_steps=4").out
    assert "Finished after 2 batches" in out


def test_in_a_terminal_progress_is_a_bar_with_the_last_validation(fit, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("gan_lightning.callbacks.run_progress.UPDATE_SECONDS", 0.0)
    err = fit().err
    assert "4/4" in err
    assert "val/ks=0." in err


@pytest.mark.slow
def test_lightnings_summary_of_a_model_is_printed_on_request(fit):
    assert "Trainable params" in fit("--trainer.enable_model_summary=true").out


@pytest.mark.slow
def test_a_diagnosis_is_in_the_summary_too(fit):
    settings = (
        "--trainer.callbacks=GeneratorEMA",
        "--trainer.callbacks.half_life=1e9",
        "--trainer.callbacks.ramp_up=0",
    )
    with pytest.warns(UserWarning, match="replaces those of the config"):
        written = fit(*settings)
    told = "The average of the weights is not warmed up: 100% of it is still the initial weights"
    assert f"Health: {told}" in written.err
    assert written.err.count("Health: ") == 1
    assert f"  health    {told}" in written.out
