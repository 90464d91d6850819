"""An autoencoder, a sampler and a game in one run: phases, resumption, labels, Python."""

import signal
from functools import partial
from types import SimpleNamespace

import pytest
import torch
from lightning.pytorch import LightningModule

from gan_lightning.callbacks.stop_signal import StopSignal
from gan_lightning.errors import InputError
from gan_lightning.losses import BinaryCrossEntropy
from gan_lightning.models import R3GAN, LatentModel, WarmStartedGAN
from gan_lightning.networks import (
    ConvDecoder,
    ConvEncoder,
    DCGANDiscriminator,
    MLPDiscriminator,
    ProjectionDiscriminator,
)
from gan_lightning.samplers import ForEachLabel, GaussianMixture, Prior

# Epochs of 3 batches: the reconstruction ends in the second one.
SMALL = [
    "--data=Digits",
    "--data.size=8",
    "--data.value_range=[0, 1]",
    "--data.batch_size=500",
    "--model=WarmStartedGAN",
    "--model.encoder=ConvEncoder",
    "--model.encoder.base_channels=4",
    "--model.encoder.norm=torch.nn.BatchNorm2d",
    "--model.decoder=ConvDecoder",
    "--model.decoder.base_channels=4",
    "--model.decoder.latent_dim=3",
    "--model.decoder.norm=torch.nn.BatchNorm2d",
    "--model.loss=BinaryCrossEntropy",
    "--model.sampler=GaussianMixture",
    "--model.sampler.num_components=3",
    "--model.reconstruction_batches=5",
    "--model.game_batches=6",
    "--trainer.max_epochs=10",
    "--trainer.check_val_every_n_epoch=2",
    "--trainer.log_every_n_steps=1",
    "--metrics.num_samples=20",
    "--pictures.num_samples=10",
]
CONDITIONAL = [
    "--model.sampler=ForEachLabel",
    "--model.discriminator=ProjectionDiscriminator",
]


def runs(root):
    return sorted(root.glob("lightning_logs/*/version_*"))


def last(folder):
    return torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)


@pytest.fixture
def whole(fitted):
    return fitted(*SMALL)


def test_each_phase_has_its_curves_and_training_ends_with_the_game(curves, whole):
    found = curves(whole)
    assert [step for step, _ in found["train/reconstruction_loss"]] == [0, 1, 2, 3, 4]
    assert [step for step, _ in found["train/d_loss"]] == [5, 6, 7, 8, 9, 10]
    assert last(whole)["loops"]["fit_loop"]["epoch_loop.batch_progress"]["total"]["ready"] == 11


# In the game; in the reconstruction, after its last batch, after the game's first.
@pytest.mark.parametrize(
    "stop_at", [8, *(pytest.param(n, marks=pytest.mark.slow) for n in (4, 5, 6))]
)
def test_a_run_resumed_in_each_phase_equals_one_that_never_stopped(
    curves, run, tmp_path, monkeypatch, whole, stop_at
):
    with monkeypatch.context() as patch:
        patch.setattr(
            StopSignal,
            "received",
            lambda _, trainer: trainer.fit_loop.total_batch_idx + 1 == stop_at,
        )
        with pytest.raises(SystemExit) as stop:
            run("fit", *SMALL)
        assert stop.value.code == 128 + signal.SIGTERM
    stopped = runs(tmp_path)[1]
    run("fit", f"--ckpt_path={stopped / 'checkpoints' / 'last.ckpt'}")
    expected, found = last(whole)["state_dict"], last(stopped)["state_dict"]
    for name, value in expected.items():
        assert torch.equal(value, found[name]), name
    assert curves(stopped) == curves(whole)


def test_a_finished_run_trains_no_further_when_it_is_resumed(curves, run, whole, capsys):
    before, drawn = last(whole), curves(whole)
    run("fit", f"--ckpt_path={whole / 'checkpoints' / 'last.ckpt'}")
    said = capsys.readouterr().out
    assert "Nothing was left to do: the run has trained the 11 batches of its plan." in said
    assert "  resume " not in said
    after = last(whole)
    for part in ("state_dict", "optimizer_states", "epoch", "global_step"):
        torch.testing.assert_close(after[part], before[part], rtol=0, atol=0)
    assert curves(whole) == drawn


def test_it_encodes_reconstructs_and_draws_from_a_checkpoint_alone(whole):
    path = whole / "checkpoints" / "last.ckpt"
    model = LightningModule.load_from_checkpoint(path, weights_only=True)
    assert isinstance(model, LatentModel)
    x = torch.rand(7, 1, 8, 8)
    z = model.encode(x)
    assert z.shape == (7, 3)
    assert torch.equal(model.reconstruct(x), model.decode(z))
    assert model.sample(4).shape == (4, 1, 8, 8)
    assert 0 <= model.sample(50).min() <= model.sample(50).max() <= 1


@pytest.mark.slow
def test_a_mixture_for_each_label_makes_it_conditional(run, tmp_path):
    plain = [option for option in SMALL if not option.startswith("--model.sampler")]
    run("fit", *plain, *CONDITIONAL)
    (folder,) = runs(tmp_path)
    run(
        *("sample", f"--ckpt_path={folder / 'checkpoints' / 'last.ckpt'}", "--labels=3"),
        *("--num_samples=5", f"--output={tmp_path / 'threes.npz'}"),
    )
    assert (tmp_path / "threes.npz").exists()


CRITIC = partial(DCGANDiscriminator, base_channels=4, norm=torch.nn.Identity)


def model(**options):
    return WarmStartedGAN(
        (1, 8, 8),
        encoder=partial(ConvEncoder, base_channels=4, norm=torch.nn.BatchNorm2d),
        decoder=partial(ConvDecoder, base_channels=4, latent_dim=3, norm=torch.nn.BatchNorm2d),
        loss=BinaryCrossEntropy(),
        **{"discriminator": CRITIC, **options},
    )


def test_batch_statistics_are_frozen_during_the_game(monkeypatch):
    warm = model(reconstruction_batches=3)
    loop = SimpleNamespace(total_batch_idx=3)
    warm.trainer = SimpleNamespace(fit_loop=loop, log_every_n_steps=0, world_size=1)
    warm.train()
    monkeypatch.setattr(R3GAN, "play", lambda *_: {})
    warm.play(torch.rand(5, 1, 8, 8), torch.zeros(5))
    coders = (*warm.encoder.modules(), *warm.generator.modules())
    norms = [m for m in coders if isinstance(m, torch.nn.BatchNorm2d)]
    assert norms
    assert not any(norm.training for norm in norms)
    assert warm.discriminator.training


def test_networks_with_labels_need_a_sampler_with_labels():
    discriminator = partial(ProjectionDiscriminator, discriminator=CRITIC)
    with pytest.raises(InputError, match="discriminator knows labels and the generator does not"):
        model(num_classes=10, discriminator=discriminator)
    assert model(num_classes=4, discriminator=discriminator, sampler=ForEachLabel).num_classes == 4


def test_the_generator_waits_for_the_discriminator(curves, whole):
    found = curves(whole)
    game = slice(5, None)  # after five batches of reconstruction
    g_rates, d_rates = (
        [rate for _, rate in found[f"train/{player}_lr"]][game]
        for player in ("generator", "discriminator")
    )
    assert g_rates[0] == 0
    assert g_rates.index(max(g_rates)) in (2, 3)  # of six
    assert d_rates == sorted(d_rates, reverse=True)


def test_samples_are_colder_than_the_latents_of_the_game(monkeypatch):
    warm = model(temperature=1e-6, sampler=Prior)
    z = []
    monkeypatch.setattr(warm.generator, "forward", lambda latents: z.append(latents) or latents)
    monkeypatch.setattr(warm, "decode", lambda latents, _: z.append(latents) or latents)
    warm.fakes(1000)
    warm.sample(1000)
    in_game, in_samples = z
    assert in_game.std().item() == pytest.approx(1, abs=0.1)
    assert in_samples.abs().max() < 1e-4
    with pytest.raises(InputError, match="temperature must be positive, found 0"):
        model(temperature=0)


def test_the_game_can_hold_on_to_reconstructions(monkeypatch):
    warm = model(reconstruction_weight=0.5, latent_noise=0).train()
    monkeypatch.setattr(R3GAN, "generator_terms", lambda *_: {"loss": torch.tensor(0.0)})
    x, no_labels = torch.rand(6, 1, 8, 8), torch.zeros(6)
    term = warm.generator_terms(x, no_labels)["reconstruction"]
    points = warm.generator(warm.encoder(x))
    torch.testing.assert_close(term, 0.5 * 64 * torch.nn.functional.mse_loss(points, x))
    term.backward()
    assert all(weight.grad is None for weight in warm.encoder.parameters())
    assert all(weight.grad is not None for weight in warm.generator.parameters())


@pytest.mark.parametrize("option", ["latent_weight", "reconstruction_weight"])
def test_weights_are_not_negative(option):
    with pytest.raises(InputError, match=f"{option} must not be negative, found -1"):
        model(**{option: -1})


@pytest.mark.parametrize("option", ["reconstruction_batches", "game_batches"])
def test_phases_are_positive(option):
    with pytest.raises(InputError, match=f"{option} must be a positive integer, found 0"):
        model(**{option: 0})


def test_latents_of_each_label_come_from_its_own_sampler():
    sampler = ForEachLabel(2, num_classes=3, sampler=partial(GaussianMixture, num_components=1))
    labels = torch.arange(3).repeat(200)
    centres = torch.tensor([[0.0, 9.0], [9.0, 0.0], [-9.0, -9.0]])
    sampler.fit(centres[labels] + torch.randn(600, 2), labels)
    drawn = sampler.sample(300, torch.arange(3).repeat_interleave(100))
    means = drawn.unflatten(0, (3, 100)).mean(1)
    torch.testing.assert_close(means, centres, atol=0.5, rtol=0)


def test_it_trains_on_rows_with_its_defaults(run, tmp_path):
    options = ["--model.reconstruction_batches=3", "--model.discriminator=MLPDiscriminator"]
    run("fit", "--model=WarmStartedGAN", "--data=Iris", "--trainer.max_epochs=5", *options)
    assert MLPDiscriminator.__name__ in (runs(tmp_path)[0] / "config.yaml").read_text()
