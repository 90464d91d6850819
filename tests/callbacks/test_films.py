"""Films of a run: which moments they show, what each frame says, and that a resume loses none."""

import itertools
import math
from functools import partial

import numpy as np
import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import CSVLogger
from PIL import Image

from gan_lightning.callbacks import SamplePictures
from gan_lightning.callbacks.film import (
    MOST_FRAMES,
    MOST_PICTURES,
    batches_of,
    evenly_spaced,
    forget_later,
    is_moment,
    keep_few,
    pictures_in,
    write_film,
)
from gan_lightning.callbacks.pictures import SURFACES_PER_DOUBLING
from gan_lightning.callbacks.stop_signal import StopSignal
from gan_lightning.callbacks.surface_picture import judged_plane
from gan_lightning.data import GaussianRing
from gan_lightning.errors import InputError
from gan_lightning.figures import write_animation
from gan_lightning.models import GAN, ConditionalGAN
from gan_lightning.networks import (
    Discriminator,
    LabelledDiscriminator,
    LabelledGenerator,
    MLPDiscriminator,
    MLPGenerator,
)

pytestmark = pytest.mark.pictures


def moments(batches, **density):
    return [n for n in range(batches + 1) if is_moment(n, **density)]


@pytest.mark.parametrize("batches", [3840, 4000, 8000])
def test_a_film_of_a_long_run_has_about_sixty_moments_the_first_untrained(batches):
    found = moments(batches)
    assert 55 <= len(found) <= 70
    assert found[0] == 0


def test_moments_are_evenly_spaced_on_a_logarithmic_scale_whatever_the_length_of_the_run():
    found = moments(100_000)
    assert found[1:9] == list(range(1, 9))  # whole numbers lie no closer
    late = [n for n in found if n > 100]
    ratios = [b / a for a, b in itertools.pairwise(late)]
    assert min(ratios) > 2 ** (1 / 6) - 0.02
    assert max(ratios) < 2 ** (1 / 6) + 0.02
    assert moments(1000) == [n for n in found if n <= 1000]


def drawn_at(folder, batches):
    folder.mkdir(parents=True, exist_ok=True)
    for n in batches:
        image = Image.fromarray(np.full((4, 4, 3), 37 * n % 251, np.uint8))
        image.save(folder / ("untrained.png" if n == 0 else f"{n - 1:07d}.png"))


def test_many_pictures_are_thinned_to_sixty_evenly_spaced_ones_with_both_ends(tmp_path):
    drawn_at(tmp_path, [*range(100), *range(100, 3000, 10)])
    kept = [batches_of(path) for path in evenly_spaced(pictures_in(tmp_path), MOST_FRAMES)]
    assert len(kept) == MOST_FRAMES
    assert (kept[0], kept[-1]) == (0, 2990)
    gaps = [math.log((b + 1) / (a + 1)) for a, b in itertools.pairwise(kept) if a > 20]
    assert max(gaps) < 2.5 * min(gaps)


def test_a_folder_of_pictures_stays_bounded_and_keeps_both_ends(tmp_path):
    for n in range(0, 3 * MOST_PICTURES):
        drawn_at(tmp_path, [n])
        keep_few(tmp_path)
    found = [batches_of(path) for path in pictures_in(tmp_path)]
    assert len(found) <= MOST_PICTURES
    assert (found[0], found[-1]) == (0, 3 * MOST_PICTURES - 1)


def test_pictures_after_the_batch_of_a_resume_are_dropped(tmp_path):
    drawn_at(tmp_path / "points", [0, 1, 5, 6, 9])
    forget_later(tmp_path, 5)
    assert [batches_of(path) for path in pictures_in(tmp_path / "points")] == [0, 1, 5]


def test_a_film_shows_its_first_and_last_frame_longer(tmp_path):
    drawn_at(tmp_path, [0, 1, 2, 3])
    assert write_film(tmp_path, tmp_path / "film.gif")[0] == tmp_path / "film.gif"
    durations = []
    with Image.open(tmp_path / "film.gif") as film:
        for i in range(film.n_frames):
            film.seek(i)
            durations.append(film.info["duration"])
    assert durations[0] > durations[1] == durations[2] < durations[3]


def test_a_video_lies_beside_the_film_where_the_extra_is_installed(tmp_path):
    pytest.importorskip("imageio_ffmpeg", reason="the extra video is not installed")
    images = [Image.new("RGB", (31, 21), color) for color in ("red", "blue")]
    found = write_animation(images, [200, 400], tmp_path / "film.gif")
    assert found == [tmp_path / "film.gif", tmp_path / "film.mp4"]
    assert b"ftyp" in (tmp_path / "film.mp4").read_bytes()[:12]


def opened(path):
    with Image.open(path) as image:
        return image.convert("RGB")


def plain(data):
    return GAN(
        data.data_shape,
        generator=partial(MLPGenerator, latent_dim=2, hidden_dims=[4]),
        discriminator=partial(MLPDiscriminator, hidden_dims=[4]),
    )


def test_the_frames_of_a_run_are_of_one_size_and_end_with_its_last_batch(tmp_path):
    data = GaussianRing(num_samples=640, batch_size=64)  # 10 batches an epoch
    trainer = Trainer(
        accelerator="cpu", logger=CSVLogger(tmp_path, "run"), max_epochs=2, limit_val_batches=0,
        enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False,
        callbacks=[SamplePictures(1000, num_samples=20)], log_every_n_steps=1000,
    )  # fmt: skip
    trainer.fit(plain(data), datamodule=data)
    surfaces = moments(20, per_doubling=SURFACES_PER_DOUBLING)
    assert set(surfaces) < set(moments(20))
    for name, shown in {"points": moments(20), "surface": surfaces}.items():
        files = pictures_in(tmp_path / "run/version_0/pictures" / name)
        assert [batches_of(path) for path in files] == shown
        with Image.open(tmp_path / f"run/version_0/pictures/{name}.gif") as film:
            assert film.n_frames == len(files)
            assert {np.asarray(opened(path)).shape[1::-1] for path in files} == {film.size}


EXPERIMENT = """
data: {class_path: GaussianRing, init_args: {num_samples: 256, batch_size: 64}}
model:
  class_path: GAN
  init_args:
    generator: {class_path: MLPGenerator, init_args: {latent_dim: 2, hidden_dims: [4]}}
    discriminator: {class_path: MLPDiscriminator, init_args: {hidden_dims: [4]}}
trainer: {max_epochs: 5, check_val_every_n_epoch: 2, log_every_n_steps: 10}
metrics: {num_samples: 50}
pictures: {every_n_batches: 7, num_samples: 30}
"""


def frames_of(root, version):
    """The pictures of a run as files, and each as pixels."""
    folder = root / f"lightning_logs/ring/version_{version}/pictures"
    return {
        (path.parent.name, path.name): np.asarray(opened(path)).astype(int)
        for path in folder.glob("*/*.png")
    }


@pytest.fixture
def stopped(run, tmp_path, monkeypatch, capsys):
    """A run that a signal has stopped after 10 of 20 batches, with a film."""
    config = tmp_path / "ring.yaml"
    config.write_text(EXPERIMENT)
    with monkeypatch.context() as patch:
        patch.setattr(
            StopSignal, "received", lambda _, trainer: trainer.fit_loop.total_batch_idx + 1 == 10
        )
        with pytest.raises(SystemExit):
            run("fit", f"--config={config}")
    assert "points.gif" in capsys.readouterr().out
    return tmp_path / "lightning_logs/ring/version_0"


def test_a_film_continues_after_a_resume_without_lost_or_doubled_frames(run, stopped, capsys):
    with Image.open(stopped / "pictures/points.gif") as film:
        assert film.n_frames == len(moments(10))
    drawn_at(stopped / "pictures/points", [15])  # as if it had run on and been killed
    run("fit", f"--ckpt_path={stopped}/checkpoints/last.ckpt")
    told = capsys.readouterr().out
    assert "films" in told
    assert "points.gif, surface.gif" in told
    files = pictures_in(stopped / "pictures/points")
    assert [batches_of(path) for path in files] == moments(20)
    assert {opened(path).size for path in files} == {opened(files[0]).size}
    with Image.open(stopped / "pictures/points.gif") as film:
        assert film.n_frames == len(files)


@pytest.mark.slow
def test_a_resumed_run_has_the_pictures_of_one_that_never_stopped(run, stopped, tmp_path):
    run("fit", f"--ckpt_path={stopped}/checkpoints/last.ckpt")
    run("fit", f"--config={tmp_path}/ring.yaml")
    resumed, whole = frames_of(tmp_path, 0), frames_of(tmp_path, 1)
    assert resumed.keys() == whole.keys()
    for name, pixels in whole.items():
        assert np.abs(resumed[name] - pixels).mean() < 2, name  # colours of another palette


class Slope(Discriminator):
    """Returns the first number of a point, plus a thousand times its label where it has one."""

    def __init__(self, data_shape, num_classes=None):
        super().__init__()
        self.num_classes = num_classes
        self.weight = torch.nn.Parameter(torch.tensor([2.0, -1.0]))

    def forward(self, x, labels=None):
        return x @ self.weight + (0 if labels is None else 1000 * labels.float())


@pytest.mark.parametrize("conditional", [False, True])
def test_a_surface_shows_the_logits_of_the_discriminator_and_their_slope(conditional):
    if conditional:
        model = ConditionalGAN((2,), num_classes=3, generator=LabelledGenerator,
                               discriminator=LabelledDiscriminator)  # fmt: skip
        model.discriminator = Slope((2,), 3)
    else:
        model = GAN((2,), discriminator=Slope)
    points = torch.randn(7, 2)
    logits, gradients = judged_plane(model, points, 3)
    torch.testing.assert_close(logits, points @ torch.tensor([2.0, -1.0]) + 1000 * conditional)
    torch.testing.assert_close(gradients, torch.tensor([[2.0, -1.0]]).expand(7, 2))
    assert model.discriminator.weight.grad is None
    assert model.training


@pytest.mark.parametrize(("every", "samples"), [(0, 5), (5, 0), (-1, 5)])
def test_an_invalid_interval_is_refused(every, samples):
    with pytest.raises(InputError, match="positive integers"):
        SamplePictures(every, samples)
