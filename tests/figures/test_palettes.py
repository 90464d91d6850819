"""Pictures of 256 colours keep those that mean something."""

import numpy as np
import pytest
from PIL import Image, ImageColor

from gan_lightning.figures.animation import KEPT, palette_of


@pytest.mark.parametrize("colour", KEPT)
def test_a_colour_that_means_something_survives_beside_many_that_are_nearly_the_same(colour):
    random = np.random.default_rng(0)
    exact = np.array(ImageColor.getrgb(colour))
    near = (exact + random.integers(-4, 5, (200, 200, 3))).clip(0, 255)
    other = random.integers(0, 256, (200, 200, 3))
    for surroundings in (near, other):
        pixels = surroundings.astype(np.uint8)
        pixels[100, 100:103] = exact
        picture = Image.fromarray(pixels)
        drawn = picture.quantize(palette=palette_of([picture]), dither=Image.Dither.NONE)
        assert drawn.convert("RGB").getpixel((101, 100)) == tuple(exact)
