"""A discriminator of packs has no surface to draw."""

from functools import partial

import torch

from gan_lightning import GAN, GaussianRing
from gan_lightning.callbacks.surface_picture import SurfacePicture
from gan_lightning.networks import Packing


def test_the_surface_is_of_discriminators_that_judge_single_points():
    data = GaussianRing(num_samples=100)
    data.setup("fit")
    for size, expected in ((1, ["surface"]), (2, []), (3, [])):
        model = GAN((2,), discriminator=partial(Packing, size=size))
        assert list(SurfacePicture().of(model, data, torch.zeros(5, 2))) == expected
