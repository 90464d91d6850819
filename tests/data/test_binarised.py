"""Black and white images: fixed ones stay the same, random ones are redrawn."""

import pytest
import torch

from gan_lightning.data import Digits
from gan_lightning.data.binarised import binarised


def digits(how, value_range="[0, 1]"):
    module = Digits(8, batch_size=100, value_range=value_range, binarise=how)
    module.setup("fit")
    return module


def images(loader):
    return torch.cat([x for x, _ in loader])


def test_the_threshold_is_one_half():
    grey = torch.arange(256).to(torch.uint8)
    white = binarised(grey, "threshold") == 255
    assert torch.equal(white, grey / 255 > 0.5)


def test_chance_is_white_as_often_as_the_grey_is_bright():
    grey = torch.tensor([0, 51, 128, 255], dtype=torch.uint8).repeat(20_000, 1)
    drawn = binarised(grey, "bernoulli")
    assert set(drawn.unique().tolist()) == {0, 255}
    frequencies = (drawn == 255).float().mean(0)
    torch.testing.assert_close(frequencies, grey[0] / 255, atol=0.02, rtol=0)
    assert frequencies[0] == 0
    assert frequencies[3] == 1


@pytest.mark.parametrize("how", ["threshold", "bernoulli"])
def test_batches_are_black_or_white_in_the_chosen_range(how):
    module = digits(how)
    for loader in (module.train_dataloader(), module.val_dataloader(), module.test_dataloader()):
        assert set(images(loader).unique().tolist()) == {0.0, 1.0}
    signed = digits(how, "[-1, 1]")
    assert set(images(signed.val_dataloader()).unique().tolist()) == {-1.0, 1.0}


@pytest.mark.parametrize("how", ["threshold", "bernoulli"])
def test_validation_and_test_are_the_same_each_time_whatever_the_seed(how):
    torch.manual_seed(1)
    first = digits(how)
    torch.manual_seed(2)
    second = digits(how)
    for loader in ("val_dataloader", "test_dataloader"):
        draws = [images(getattr(module, loader)()) for module in (first, first, second)]
        assert torch.equal(draws[0], draws[1])
        assert torch.equal(draws[0], draws[2])


def test_training_images_are_redrawn_and_repeatable_by_the_seed():
    module = digits("bernoulli")
    loader = module.predict_dataloader()  # training images in their order
    draws = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        draws.append(images(loader))
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    mean = torch.stack([images(loader) for _ in range(200)]).mean(0)
    torch.testing.assert_close(mean, module.train.x / 255, atol=0.25, rtol=0)


def test_thresholded_training_images_are_always_the_same():
    loader = digits("threshold").predict_dataloader()
    assert torch.equal(images(loader), images(loader))


def test_setting_up_leaves_the_random_state():
    state = torch.get_rng_state()
    digits("bernoulli")
    assert torch.equal(torch.get_rng_state(), state)


def test_real_points_that_samples_are_compared_with_are_binarised_too():
    points = digits("bernoulli").training_points(50, 0, 1)
    assert set(points.x.unique().tolist()) == {0, 255}
