"""Any number of pictures, drawn or cut out by a program, for measuring what a few can teach."""

from collections.abc import Callable
from functools import cache
from math import cos, pi, sin

import numpy as np
from numpy.random import Generator, default_rng
from PIL import Image, ImageDraw, ImageFilter
from sklearn.datasets import load_sample_image

FINER = 4
"""Pictures are drawn this many times larger, and shrunk: their edges are smooth."""

Colour = tuple[int, int, int]


def pictures(source: str, count: int, size: int, seed: int) -> np.ndarray:
    """Draw pictures, or cut them out.

    Args:
        source: One of ``SOURCES``.
        count: How many.
        size: Their height and width in pixels.
        seed: Different seeds give different pictures.

    Returns:
        uint8 of shape ``(count, 3, size, size)``.
    """
    random = default_rng(seed)
    drawn = [SOURCES[source](random, FINER * size).resize((size, size)) for _ in range(count)]
    return np.stack([np.asarray(each).transpose(2, 0, 1) for each in drawn])


def face(random: Generator, side: int) -> Image.Image:
    """Draw a round face with eyes, a mouth and perhaps hair before a plain background."""
    image = Image.new("RGB", (side, side), _colour(random, 90, 220))
    draw = ImageDraw.Draw(image)
    x, y = side * random.uniform(0.45, 0.55, 2)
    wide, high = side * random.uniform(0.28, 0.38), side * random.uniform(0.32, 0.42)
    shade = random.uniform(0.45, 1)
    skin, hair = (tuple(int(c * shade) for c in base) for base in ((250, 205, 170), (110, 75, 40)))
    if random.random() < 0.7:
        _ellipse(draw, x, y - 0.25 * high, 1.12 * wide, 0.95 * high, hair)
    _ellipse(draw, x, y, wide, high, skin)
    apart, eye = wide * random.uniform(0.35, 0.5), side * random.uniform(0.03, 0.06)
    iris = _colour(random, 20, 120)
    for side_of_face in (-1, 1):
        place = x + side_of_face * apart, y - 0.15 * high
        _ellipse(draw, *place, 1.5 * eye, eye, (245, 245, 245))
        _ellipse(draw, *place, 0.7 * eye, 0.7 * eye, iris)
    smile, breadth = high * random.uniform(-0.12, 0.25), wide * random.uniform(0.3, 0.55)
    steps = np.linspace(-1, 1, 13)
    mouth = [(x + breadth * t, y + 0.5 * high + smile * (1 - t * t) - smile / 2) for t in steps]
    draw.line(mouth, fill=(160, 40, 50), width=max(1, side // 32), joint="curve")
    return image


DISC = 7
"""The number of corners that stands for a disc: the largest that is drawn."""


def shapes(random: Generator, side: int) -> Image.Image:
    """Draw one to three overlapping regular polygons or discs."""
    image = Image.new("RGB", (side, side), _colour(random, 0, 90))
    draw = ImageDraw.Draw(image)
    for _ in range(random.integers(1, 4)):
        x, y = side * random.uniform(0.25, 0.75, 2)
        radius, corners = side * random.uniform(0.15, 0.32), int(random.integers(3, DISC + 1))
        turn, colour = random.uniform(0, 2 * pi), _colour(random, 100, 256)
        angles = [turn + 2 * pi * i / corners for i in range(corners)]
        if corners == DISC:
            _ellipse(draw, x, y, radius, radius, colour)
        else:
            points = [(x + radius * cos(angle), y + radius * sin(angle)) for angle in angles]
            draw.polygon(points, fill=colour)
    return image


def texture(random: Generator, side: int) -> Image.Image:
    """Draw stripes, checks, or blurred noise in two colours."""
    rows, columns = np.mgrid[0:side, 0:side] / side
    angle, waves = random.uniform(0, pi), random.uniform(3, 7)
    along, phases = columns * cos(angle) + rows * sin(angle), random.uniform(0, 2 * pi, 2)
    across = rows * cos(angle) - columns * sin(angle)
    kind = random.integers(3)
    stripes = np.sin(2 * pi * waves * along + phases[0])
    if kind == 1:
        stripes = stripes * np.sin(2 * pi * waves * across + phases[1])
    if kind == 2:
        noise = Image.fromarray(random.integers(0, 256, (side, side), dtype=np.uint8))
        blurred = np.asarray(noise.filter(ImageFilter.GaussianBlur(side / 24)), dtype=float)
        stripes = (blurred - blurred.mean()) / (2 * blurred.std())
    share = np.clip(stripes / 2 + 0.5, 0, 1)[:, :, None]
    dark, light = np.array(_colour(random, 0, 120)), np.array(_colour(random, 130, 256))
    return Image.fromarray((dark + share * (light - dark)).astype(np.uint8))


def crop(random: Generator, side: int) -> Image.Image:
    """Cut a square out of one of scikit-learn's two photographs.

    Squares are so many that they overlap, also those of different seeds.
    """
    photograph = _photographs()[random.integers(2)]
    longest = min(side, *photograph.size)
    length = int(longest * random.uniform(0.5, 1))
    left, top = (int(random.integers(0, room - length + 1)) for room in photograph.size)
    return photograph.crop((left, top, left + length, top + length))


SOURCES: dict[str, Callable[[Generator, int], Image.Image]] = {
    "crops": crop,
    "faces": face,
    "shapes": shapes,
    "textures": texture,
}


@cache
def _photographs() -> list[Image.Image]:
    return [Image.fromarray(load_sample_image(name)) for name in ("china.jpg", "flower.jpg")]


def _colour(random: Generator, low: int, high: int) -> Colour:
    red, green, blue = (int(each) for each in random.integers(low, high, 3))
    return red, green, blue


def _ellipse(
    draw: ImageDraw.ImageDraw, x: float, y: float, wide: float, high: float, colour: Colour
) -> None:
    draw.ellipse((x - wide, y - high, x + wide, y + high), fill=colour)
