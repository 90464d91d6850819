"""Pictures and histograms of models of images."""

from functools import partial

import numpy as np
import pytest
import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan_lightning.callbacks import SamplePictures, WeightHistograms
from gan_lightning.callbacks.film import pictures_in, write_film
from gan_lightning.callbacks.pictures import _labels_shown
from gan_lightning.data import Digits, Iris
from gan_lightning.figures import captioned
from gan_lightning.models import ACGAN, GAN, ConditionalGAN
from gan_lightning.networks import (
    AuxiliaryClassifier,
    Generator,
    LabelledDiscriminator,
    MLPDiscriminator,
    MLPGenerator,
)

pytestmark = pytest.mark.pictures


class Grey(Generator):
    """Makes images whose brightness is their label."""

    def __init__(self, data_shape, num_classes):
        super().__init__()
        self.num_classes, self.latent_dim, self.data_shape = num_classes, 1, data_shape
        self.weight = torch.nn.Parameter(torch.ones(()))

    def forward(self, z, labels):
        brightness = self.weight * (labels.float() / 10 * 2 - 1)
        return brightness.reshape(-1, 1, 1, 1).expand(-1, *self.data_shape)


def conditional(data, model_class=ConditionalGAN):
    judge = AuxiliaryClassifier if model_class is ACGAN else LabelledDiscriminator
    still = partial(torch.optim.SGD, lr=0.0)
    return model_class(
        data.data_shape,
        num_classes=data.num_classes,
        generator=Grey,
        discriminator=partial(judge, discriminator=partial(MLPDiscriminator, hidden_dims=[8])),
        g_optimizer=still,
        d_optimizer=still,
    )


def plain(data):
    return GAN(
        data.data_shape,
        generator=partial(MLPGenerator, latent_dim=3, hidden_dims=[8]),
        discriminator=partial(MLPDiscriminator, hidden_dims=[8]),
    )


def fit(model, data, tmp_path, *callbacks, **settings):
    trainer = Trainer(
        accelerator="cpu",
        logger=TensorBoardLogger(tmp_path, "experiment", default_hp_metric=False),
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        callbacks=list(callbacks),
        limit_val_batches=0,
        **{"max_epochs": 1, "limit_train_batches": 5, **settings},
    )
    trainer.fit(model, datamodule=data)
    return trainer


@pytest.fixture
def digits():
    return Digits(8, batch_size=20)


@pytest.fixture
def pictures(tmp_path):
    return tmp_path / "experiment" / "version_0" / "pictures"


def test_real_pictures_are_saved_once_at_the_start_of_a_run(digits, tmp_path, pictures):
    trainer = fit(plain(digits), digits, tmp_path, SamplePictures(2, num_samples=9))
    (real,) = (pictures / "real").glob("*.png")
    expected = digits.real_pictures()["real"].repeat(7, 0).repeat(7, 1)  # of 8 pixels a side
    saved = np.asarray(Image.open(real))
    np.testing.assert_array_equal(saved[-len(expected) :, -expected.shape[1] :], expected)
    assert (saved[:, : -expected.shape[1]] < 255).any()  # the names of the rows
    board = EventAccumulator(trainer.log_dir, size_guidance={"images": 0}).Reload()
    assert [image.step for image in board.Images("samples/real")] == [0]
    assert [image.step for image in board.Images("samples/grid")] == [0, 1, 3, 4]


def test_the_film_shows_every_picture_of_the_run(digits, tmp_path, pictures):
    fit(plain(digits), digits, tmp_path, SamplePictures(2, num_samples=9))
    paths = pictures_in(pictures / "grid")
    numbers = ["0000000", "0000001", "0000002", "0000003", "0000004"]
    assert [path.stem for path in paths] == ["untrained", *numbers]
    with Image.open(pictures / "grid.gif") as film:
        assert film.n_frames == 6
        for i, path in enumerate(paths):
            film.seek(i)
            still = np.asarray(Image.open(path)).astype(int)
            shown = np.asarray(film.convert("RGB")).astype(int)
            assert np.abs(shown - still).mean() < 20  # 256 colours
    assert not (pictures / "real.gif").exists()  # one picture is no film


@pytest.mark.parametrize(("count", "frames"), [(1, None), (2, 2), (60, 60), (130, 60)])
def test_a_long_film_is_thinned_to_sixty_frames_that_end_with_the_last(tmp_path, count, frames):
    for i in range(count):
        Image.fromarray(in_black_and_white(i)).save(tmp_path / f"{i:07d}.png")
    film = tmp_path / "film.gif"
    write_film(tmp_path, film)
    assert film.exists() == (frames is not None)
    if frames is not None:
        with Image.open(film) as shown:
            assert shown.n_frames == frames
            shown.seek(frames - 1)
            last = np.asarray(shown.convert("RGB"))
        np.testing.assert_array_equal(last, in_black_and_white(count - 1))


def in_black_and_white(number):
    """A picture of the binary digits of a number."""
    bits = np.array([number >> i & 1 for i in range(8)], np.uint8)
    return np.broadcast_to(255 * bits[:, None, None], (8, 8, 3)).copy()


@pytest.mark.parametrize(("num_samples", "per_label"), [(100, 10), (91, 10), (70, 7), (4, 1)])
def test_a_conditional_model_fills_a_row_for_each_label(
    digits, tmp_path, pictures, num_samples, per_label
):
    fit(conditional(digits), digits, tmp_path, SamplePictures(5, num_samples))
    saved = np.asarray(Image.open(pictures / "grid" / "0000004.png"))
    height, width = 7 * (10 * 10 + 2), 7 * (10 * per_label + 2)  # of 8 pixels a side
    blank = np.zeros((10, 200, 3), np.uint8)
    left = captioned(blank, rows=list("0123456789")).shape[1] - 200  # names of rows
    grid = saved[-height:, left : left + width][3::7, 3::7]
    for label in range(10):
        for column in range(per_label):
            image = grid[2 + 10 * label : 10 + 10 * label, 2 + 10 * column : 10 + 10 * column]
            assert np.abs(image - label / 10 * 255).max() <= 0.5


def test_of_a_thousand_labels_a_picture_shows_a_few_that_stay_the_same(digits):
    model = conditional(digits)
    model.num_classes = 1000
    shown = [_labels_shown(model, 100) for _ in range(2)]
    assert torch.equal(*shown)
    assert len(shown[0].unique()) == 100
    assert int(shown[0].max()) > 900
    assert len((shown[0] % 10).unique()) == 10


class LastBatch(Callback):
    """Remembers the last batch."""

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.points, self.labels = batch


@pytest.mark.parametrize("model_class", [ConditionalGAN, ACGAN])
def test_histograms_are_of_samples_with_the_labels_of_the_batch(digits, tmp_path, model_class):
    model, seen, batch = conditional(digits, model_class), [], LastBatch()
    model.discriminator.register_forward_pre_hook(
        lambda network, arguments: None if network.training else seen.append(arguments)
    )
    trainer = fit(model, digits, tmp_path, WeightHistograms(5), batch)
    (real, *real_labels), (fake, *fake_labels) = seen
    assert torch.equal(real, batch.points)
    assert real.shape == fake.shape == (20, 1, 8, 8)
    for told in [] if model_class is ACGAN else [real_labels[0], fake_labels[0]]:
        assert torch.equal(told, batch.labels)
    torch.testing.assert_close(fake[:, 0, 0, 0], batch.labels.float() / 10 * 2 - 1)
    board = EventAccumulator(trainer.log_dir).Reload()
    assert {"train/real_logits", "train/fake_logits"} <= set(board.Tags()["histograms"])


def test_data_without_real_pictures_have_none(tmp_path, pictures):
    data = Iris()
    fit(plain(data), data, tmp_path, SamplePictures(2, num_samples=9))
    assert not (pictures / "real").exists()
    assert (pictures / "pairs.gif").is_file()


def test_data_without_any_pictures_cause_no_error(tmp_path, pictures, monkeypatch):
    monkeypatch.setattr(Iris, "figures", lambda self, samples, labels: {})
    data = Iris()
    fit(plain(data), data, tmp_path, SamplePictures(2, num_samples=9))
    assert not pictures.exists()
