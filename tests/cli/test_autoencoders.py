"""Autoencoders from the command line: resumed to the bit, sampled in three ways, looked at."""

import json
import signal

import numpy as np
import pytest
import torch
from lightning.pytorch import LightningModule
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan_lightning.callbacks.stop_signal import StopSignal
from gan_lightning.cli.trainer import GenerativeTrainer
from gan_lightning.data import Digits, GaussianRing
from gan_lightning.errors import InputError
from gan_lightning.models import GAN, VAE
from gan_lightning.networks import MLPDecoder, MLPDiscriminator, MLPEncoder, MLPGenerator
from gan_lightning.samplers import GaussianMixture, Prior
from gan_lightning.sampling import fit_sampler

EXPERIMENT = """
seed_everything: 3
data:
  class_path: Digits
  init_args: {{size: 8, batch_size: 500, value_range: "[0, 1]", binarise: bernoulli}}  # 3 batches
model:
  class_path: {model}
  init_args:
    encoder: {{class_path: MLPEncoder, init_args: {{hidden_dims: [8]}}}}
    decoder: {{class_path: MLPDecoder, init_args: {{hidden_dims: [8], latent_dim: 2}}}}
    {options}
    optimizer: {{class_path: Adam, init_args: {{lr: 1.0e-3}}}}
    lr_scheduler:
      class_path: torch.optim.lr_scheduler.StepLR
      init_args: {{step_size: 2, gamma: 0.5}}
trainer:
  max_epochs: 4
  check_val_every_n_epoch: 2
  log_every_n_steps: 2
  num_sanity_val_steps: 0
  callbacks:
    - {{class_path: LatentPictures, init_args: {{every_n_batches: 5}}}}
metrics: {{num_samples: 20}}
pictures: {{every_n_batches: 5, num_samples: 20}}
"""
MODELS = {
    "VAE": """
    likelihood: {class_path: AutoregressiveBernoulli, init_args: {hidden_dim: 2}}
    warm_up_batches: 5
    sampler: {class_path: SecondStageVAE, init_args: {hidden_dims: [8], epochs: 1}}
""",
    "Autoencoder": """
    loss: BinaryCrossEntropy
    sampler: GaussianMixture
""",
}


def config_of(folder, model):
    path = folder / "small.yaml"
    path.write_text(EXPERIMENT.format(model=model, options=MODELS[model].strip()))
    return path


def run_of(root, version=0):
    return root / "lightning_logs" / "small" / f"version_{version}"


def last(root, version=0):
    return torch.load(run_of(root, version) / "checkpoints" / "last.ckpt", weights_only=True)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("model", MODELS)
def test_a_resumed_run_equals_one_that_never_stopped(curves, run, tmp_path, monkeypatch, model):
    config = config_of(tmp_path, model)
    run("fit", f"--config={config}")
    with monkeypatch.context() as patch:
        stop_at = 7  # in the middle of an epoch of 3 batches, drawn anew
        patch.setattr(
            StopSignal,
            "received",
            lambda _, trainer: trainer.fit_loop.total_batch_idx + 1 == stop_at,
        )
        with pytest.raises(SystemExit) as stop:
            run("fit", f"--config={config}")
        assert stop.value.code == 128 + signal.SIGTERM
    stopped = run_of(tmp_path, 1) / "checkpoints" / "last.ckpt"
    run("fit", f"--ckpt_path={stopped}")
    whole, resumed = last(tmp_path), last(tmp_path, 1)
    assert whole["global_step"] == resumed["global_step"] == 12
    for name, value in whole["state_dict"].items():
        assert torch.equal(value, resumed["state_dict"][name]), name
    assert curves(run_of(tmp_path)) == curves(run_of(tmp_path, 1))


@pytest.fixture(scope="module")
def configs(tmp_path_factory):
    """The paths of the experiment with each model."""
    return {model: config_of(tmp_path_factory.mktemp(model), model) for model in MODELS}


@pytest.fixture
def trained(fitted, configs):
    return fitted(f"--config={configs['Autoencoder']}", "--trainer.max_epochs=2")


def test_a_checkpoint_alone_holds_the_model_and_its_fitted_sampler(trained):
    path = trained / "checkpoints" / "last.ckpt"
    models = [LightningModule.load_from_checkpoint(path, weights_only=True) for _ in range(2)]
    samples = []
    for model in models:
        torch.manual_seed(0)
        samples.append(model.sample(7))
    assert samples[0].shape == (7, 1, 8, 8)
    assert torch.equal(*samples)
    data = Digits(8, value_range="[0, 1]", binarise="bernoulli")
    data.setup("fit")  # all 1 500 training latents, not the few of a validation
    fit_sampler(models[1], data.predict_dataloader())
    torch.testing.assert_close(
        models[0].sampler.centre, models[1].sampler.centre, atol=0.05, rtol=0
    )


@pytest.mark.pictures
def test_pictures_of_the_latent_space_are_drawn(trained):
    names = {path.name for path in (trained / "pictures").iterdir() if path.is_dir()}
    seen = {"reconstructions", "traversals", "interpolations", "plane", "scatter", "grid", "real"}
    assert seen <= names
    rows = next(trained.glob("*/latents/tensors.tsv")).read_text().splitlines()
    assert len(rows) == 297
    assert next(trained.glob("*/latents/sprite.png")).is_file()


def test_another_sampler_can_be_chosen_for_drawing(run, trained, tmp_path):
    for sampler in (["Prior"], ["GaussianMixture"], ["SecondStageVAE", "--sampler.epochs=1"]):
        output, (name, *options) = tmp_path / f"{sampler[0]}.npz", sampler
        checkpoint = trained / "checkpoints" / "last.ckpt"
        arguments = [f"--ckpt_path={checkpoint}", f"--sampler={name}", *options]
        run("sample", *arguments, "--num_samples=11", f"--output={output}")
        assert np.load(output)["images"].shape == (11, 1, 8, 8)


@pytest.mark.slow
def test_another_sampler_can_be_judged(run, trained, capsys):
    checkpoint = trained / "checkpoints" / "last.ckpt"
    before, found = checkpoint.read_bytes(), {}
    for sampler in (None, "GaussianMixture", "Prior"):
        other = [] if sampler is None else [f"--sampler={sampler}"]
        run("test", f"--ckpt_path={checkpoint}", "--metrics.test_samples=100", *other)
        numbers = json.loads((trained / "metrics.json").read_text())
        assert f"latents of {sampler or 'GaussianMixture'}, seed 0" in numbers["protocol"]
        found[sampler] = numbers["values"]["kid"]
    assert found[None] == pytest.approx(found["GaussianMixture"])  # fitted to the same latents
    assert found["Prior"] != pytest.approx(found[None])
    assert checkpoint.read_bytes() == before


def test_a_test_with_other_latents_leaves_trainer_and_model_as_they_were(tmp_path):
    data = GaussianRing(num_samples=200)
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
    trainer = GenerativeTrainer(accelerator="cpu", default_root_dir=tmp_path, callbacks=[], **quiet)
    callbacks = list(trainer.callbacks)
    vae = VAE(data.data_shape, encoder=MLPEncoder, decoder=MLPDecoder)
    gan = GAN(data.data_shape, generator=MLPGenerator, discriminator=MLPDiscriminator)
    sampler = vae.sampler
    trainer.test(vae, data, sampler=GaussianMixture)
    trainer.test(gan, data, truncation=0.5)
    assert vae.sampler is sampler
    assert gan.truncation is None
    for wrong in ({"sampler": Prior}, {"truncation": 0.0}):
        with pytest.raises(InputError):
            trainer.test(gan, data, **wrong)
    with pytest.raises(InputError, match="those of VAE do not; use --temperature"):
        trainer.test(vae, data, truncation=0.5)
    with pytest.raises(InputError, match="those of GAN do not; use --truncation"):
        trainer.test(gan, data, temperature=0.5)
    trainer.test(vae, data, temperature=0.5)
    assert vae.temperature == 1
    assert trainer.callbacks == callbacks
    assert gan.truncation is None
    trainer.test(gan, data)


def test_a_model_without_latents_to_sample_says_so(run, tmp_path, capsys):
    run("fit", "--model=GAN", "--data=GaussianRing", "--trainer.max_epochs=1")
    for action in ("sample", "test"):
        with pytest.raises(SystemExit):
            run(action, "--ckpt_path=last", "--sampler=Prior")
        assert "--sampler: GAN has no sampler of latents to replace." in capsys.readouterr().err


def test_grey_images_are_refused_before_training_by_a_likelihood_of_black_and_white_ones(
    run, capsys
):
    unit = ["--data=Digits", "--data.value_range=[0, 1]"]
    with pytest.raises(SystemExit):
        run("fit", "--model=VAE", *unit, "--model.likelihood=AutoregressiveBernoulli")
    error = capsys.readouterr().err
    assert "AutoregressiveBernoulli expects numbers that are 0 or 1, found 0." in error


def test_a_range_that_the_likelihood_cannot_take_is_refused_before_training(run, capsys):
    with pytest.raises(SystemExit):
        run("fit", "--model=VAE", "--data=Digits", "--model.likelihood=Bernoulli")
    error = capsys.readouterr().err
    assert "Bernoulli expects points in [0, 1], found them from -1 to 1: choose the value" in error


def test_flags_alone_add_the_bounds_on_the_likelihood_to_a_test(run, tmp_path, capsys):
    run(
        "fit",
        "--model=VAE",
        "--data=GaussianRing",
        "--model.decoder.latent_dim=2",
        "--trainer.callbacks+={class_path: ImportanceBound, init_args: {num_points: 300}}",
        "--trainer.max_epochs=2",
        "--metrics.num_samples=50",
        "--metrics.test_samples=50",
    )
    run("test", "--ckpt_path=last")
    printed = capsys.readouterr().out
    assert "elbo" in printed
    assert "iwae_bound" in printed


def test_weights_of_a_model_without_a_discriminator_have_histograms(run, tmp_path):
    run(
        "fit",
        "--model=VAE",
        "--data=Iris",
        "--trainer.callbacks={class_path: WeightHistograms, init_args: {every_n_batches: 2}}",
        "--trainer.max_epochs=2",
    )
    events = EventAccumulator(str(tmp_path / "lightning_logs" / "vae_iris" / "version_0"))
    tags = events.Reload().Tags()["histograms"]
    assert "weights/encoder.layers.1.weight" in tags
    assert "weights/likelihood.tenth_of_log_scale.grad" in tags
    assert not any(tag.startswith("logits") for tag in tags)


def test_a_callback_for_autoencoders_refuses_other_models(run, capsys):
    for callback, reason in [
        ("LatentPictures", "GAN has no encoder and no decoder"),
        ("ImportanceBound", "GAN has no bound on the likelihood"),
    ]:
        with pytest.raises(SystemExit):
            run("fit", "--model=GAN", "--data=Iris", f"--trainer.callbacks={callback}")
        assert f"{callback}: {reason}" in capsys.readouterr().err
