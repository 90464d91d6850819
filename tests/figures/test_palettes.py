"""Pictures of 256 colours keep those that mean something."""

import numpy as np
import pytest
from PIL import Image, ImageColor

from gan_lightning.figures.animation import KEPT, palette_of


@pytest.mark.parametrize("colour", KEPT)
def test_a_colour_that_means_something_survives_however_few_pixels_have_it(colour):
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (200, 200, 3), dtype=np.uint8)
    pixels[100, 100:103] = ImageColor.getrgb(colour)
    picture = Image.fromarray(pixels)
    drawn = picture.quantize(palette=palette_of([picture]), dither=Image.Dither.NONE)
    assert drawn.convert("RGB").getpixel((101, 100)) == ImageColor.getrgb(colour)
