"""Walks through the latents of any model, and real points beside their projections."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

from gan_lightning.cli.drawing_model import drawing_model
from gan_lightning.errors import InputError
from gan_lightning.models import (
    GAN,
    VAE,
    Autoencoder,
    Classifier,
    ConditionalGAN,
    ConditionalVAE,
    FlowMatching,
    WarmStartedGAN,
)
from gan_lightning.models.latent_paths import spherical_interpolation
from gan_lightning.networks import (
    LabelledDecoder,
    LabelledDiscriminator,
    LabelledEncoder,
    LabelledGenerator,
    MLPDecoder,
    MLPEncoder,
    MLPGenerator,
)
from gan_lightning.samplers import Prior
from gan_lightning.walks import interpolations, projection

SMALL = {"encoder": partial(MLPEncoder, hidden_dims=[8]),
         "decoder": partial(MLPDecoder, latent_dim=3, hidden_dims=[8]),
         "sampler": Prior}  # fmt: skip
MODELS = {
    "GAN": lambda: GAN((4,), generator=partial(MLPGenerator, latent_dim=3, hidden_dims=[8])),
    "ConditionalGAN": lambda: ConditionalGAN(
        (4,), num_classes=3, generator=LabelledGenerator, discriminator=LabelledDiscriminator
    ),
    "VAE": lambda: VAE((4,), **SMALL),
    "Autoencoder": lambda: Autoencoder((4,), **SMALL),
    "ConditionalVAE": lambda: ConditionalVAE(
        (4,),
        num_classes=3,
        encoder=LabelledEncoder,
        decoder=partial(LabelledDecoder, embedding_dim=4),
    ),
    "WarmStartedGAN": lambda: WarmStartedGAN((4,), **SMALL),
    "FlowMatching": lambda: FlowMatching((4,)),
}
every_model = pytest.mark.parametrize("name", MODELS)


def labels_for(model, count):
    return None if model.num_classes is None else torch.arange(count) % 3


@every_model
def test_a_walk_leads_from_one_sample_to_another_in_steps(name):
    model = MODELS[name]().eval()
    torch.manual_seed(1)
    paths = list(interpolations(model, 3, 5, labels_for(model, 3)))
    assert [path.shape for path in paths] == [(5, 4)] * 3
    torch.manual_seed(1)
    labels = labels_for(model, 3)
    first, last = model.draw_latents(3, labels), model.draw_latents(3, labels)
    for i, ends in [(0, first), (-1, last)]:
        expected = model.points_of(ends, labels)
        found = torch.stack([path[i] for path in paths])
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


@every_model
def test_samples_are_the_points_that_belong_to_the_latents(name):
    model = MODELS[name]()
    if name == "ConditionalVAE" or name == "VAE":
        return  # whose samples are drawn around those points
    labels = labels_for(model, 6)
    torch.manual_seed(2)
    samples = model.sample(6, labels)
    torch.manual_seed(2)
    torch.testing.assert_close(samples, model.points_of(model.draw_latents(6, labels), labels))


@every_model
def test_a_projection_is_the_output_of_the_model_that_is_nearest_to_the_points(name):
    model = MODELS[name]()
    labels = torch.arange(6) % 3
    known = labels if model.num_classes else None
    x = model.points_of(model.draw_latents(6, known), known).detach()
    before = [parameter.clone() for parameter in model.parameters()]
    found = projection(model, x, labels)
    assert found.made.shape == found.points.shape == (6, 4)
    expected = (found.made - x).square().mean(1).sqrt()
    torch.testing.assert_close(found.errors, expected)
    if name in ("GAN", "ConditionalGAN", "FlowMatching"):  # the others were never trained
        assert found.errors.max() < 0.05
    for parameter, old in zip(model.parameters(), before, strict=True):
        assert torch.equal(parameter, old)
        assert parameter.grad is None
    assert model.training


def test_great_circles_keep_the_length_and_turn_evenly():
    first, last = torch.tensor([[3.0, 0.0], [1.0, 0.0]]), torch.tensor([[0.0, 3.0], [0.0, 2.0]])
    paths = spherical_interpolation(first, last, 5)
    assert paths.shape == (2, 5, 2)
    torch.testing.assert_close(paths[0].norm(dim=1), torch.full((5,), 3.0))
    angles = torch.atan2(paths[0, :, 1], paths[0, :, 0])
    torch.testing.assert_close(angles, torch.linspace(0, math.pi / 2, 5))
    torch.testing.assert_close(paths[:, 0], first)
    torch.testing.assert_close(paths[:, -1], last)


@pytest.mark.parametrize("factor", [1.0, 2.0, -1.0])
def test_walks_between_latents_of_one_direction_are_straight(factor):
    z = torch.randn(2, 7)
    paths = spherical_interpolation(z, factor * z, 3)
    torch.testing.assert_close(paths[:, 1], (1 + factor) / 2 * z, atol=1e-3, rtol=1e-3)


def test_latents_may_have_any_shape():
    assert spherical_interpolation(torch.randn(2, 3, 4, 4), torch.randn(2, 3, 4, 4), 6).shape == (
        *(2, 6), *(3, 4, 4),
    )  # fmt: skip


@pytest.mark.parametrize(("lines", "steps"), [(0, 5), (2, 1)])
def test_too_few_lines_or_steps_are_refused(lines, steps):
    with pytest.raises(InputError, match=f"found {lines} and {steps}"):
        list(interpolations(MODELS["GAN"](), lines, steps))


@pytest.fixture
def trained(fitted):
    """Checkpoints of a model of images and of one of rows, both barely trained."""

    def trained(data, *options):
        short = ["--trainer.max_epochs=1", "--trainer.limit_train_batches=2"]
        short += ["--metrics.num_samples=20", "--pictures.num_samples=4"]
        return fitted(f"--data={data}", *options, *short) / "checkpoints" / "last.ckpt"

    return trained


def test_images_are_walked_through(run, trained, tmp_path, capsys):
    checkpoint = trained("Digits", "--model=GAN", "--data.size=8")
    at = f"--ckpt_path={checkpoint}"
    run("interpolate", at, "--num_lines=4", "--num_steps=5", f"--output={tmp_path}/walk.gif")
    with Image.open(tmp_path / "walk.gif") as walk:
        assert walk.n_frames <= 8  # there and back; equal frames in a row are merged
    assert "4 interpolations of 5 points" in capsys.readouterr().out


@pytest.mark.slow
def test_images_of_files_and_held_out_ones_are_projected(run, trained, tmp_path, capsys):
    at = f"--ckpt_path={trained('Digits', '--model=GAN', '--data.size=8')}"
    run("interpolate", at, "--num_lines=3", "--num_steps=4", f"--output={tmp_path}/i.png")
    assert np.asarray(Image.open(tmp_path / "i.png")).shape[1] >= 7 * (4 * 10 + 2)
    run("project", at, "--num_points=3", f"--output={tmp_path}/p.png")
    assert "grey levels apart" in capsys.readouterr().out
    Image.new("L", (50, 40), 200).save(tmp_path / "mine.png")
    run("project", at, f"--images={tmp_path}/mine.png", f"--output={tmp_path}/m.npz")
    assert np.load(tmp_path / "m.npz")["images"].shape == (1, 1, 8, 8)
    with pytest.raises(SystemExit):
        run("project", at, f"--images={tmp_path}/m.npz")
    assert "m.npz cannot be read: not an image that Pillow knows." in capsys.readouterr().err


@pytest.mark.slow
def test_rows_are_walked_through_and_projected(run, trained, tmp_path, capsys):
    checkpoint = trained("Iris", "--model=FlowMatching")
    at = f"--ckpt_path={checkpoint}"
    run("interpolate", at, "--num_lines=2", "--num_steps=4", f"--output={tmp_path}/i.csv")
    run("project", at, "--num_points=5", f"--output={tmp_path}/p.csv")
    lines = [(tmp_path / name).read_text().splitlines() for name in ("i.csv", "p.csv")]
    assert [len(found) for found in lines] == [9, 6]
    capsys.readouterr()
    for command, options, message in [
        ("interpolate", ["--output=x.gif"], "Rows are written as .csv or .parquet"),
        ("interpolate", ["--num_steps=1"], "at least 1 line and 2 steps"),
        ("interpolate", ["--num_lines=0"], "--num_lines must be a positive integer, found 0"),
        ("project", ["--num_points=0"], "--num_points must be a positive integer, found 0"),
        ("project", ["--images=x.png"], "expected a model of images"),
    ]:
        with pytest.raises(SystemExit):
            run(command, at, *options)
        assert message in capsys.readouterr().err


def test_a_model_without_latents_says_so():
    with pytest.raises(InputError, match="Classifier"):
        drawing_model(Classifier((4,), num_classes=3), "x.ckpt", 3, "interpolate")
