"""Reads one file as an image of bytes, without clipping values or revealing hidden pixels."""

import re
import stat
import warnings
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import ExifTags, Image, ImageColor, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile
from torch import Tensor

from gan_lightning.errors import InputError

UNREAD = {"EPS"}
"""Formats that are not opened: this one starts another program."""

UNKNOWN_TO_PILLOW = {".heic", ".heif", ".svg", ".dng", ".cr2", ".nef", ".arw"}
"""Endings of image files that Pillow opens only with a plugin; else they are left out."""

WHITE = {"I;16": 65535, "I;16L": 65535, "I;16B": 65535, "I;16N": 65535, "F": 1, "I": None}
"""White in each of Pillow's modes of more than 8 bits; None if no file states it."""

PLAIN = r"[A-Za-z0-9 ,.;:()-]{1,100}"
"""Pillow's messages that quote nothing of a file."""

PHOTOMETRIC_INTERPRETATION = 262
"""The tag of a TIFF that says what 0 is: white for the value 0, else black."""


class Reading(NamedTuple):
    """An image as used in training, and the conversions that were applied."""

    pixels: Tensor
    """uint8, shape ``(channels, size, size)``."""
    remarks: tuple[str, ...]
    """The conversions, in words."""


PLAIN_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA")
"""Pillow's modes for pictures on a screen."""


class ImageReader:
    """Reads files as squares of bytes, upright by their EXIF data, cropped at the centre.

    Pictures of more than 8 bits are scaled so that ``white`` becomes 255; values outside [0, white]
    are refused. Of several frames or pages the first is read.

    Args:
        channels: 3 for colour, 1 for grey.
        size: Height and width of the result.
        background: The colour behind transparent pixels, in the notation of CSS.
        white: The value of white in pictures of more than 8 bits; by default 65535 in those of 16
            bits and 1 in floats, while 32-bit integers are refused.

    Raises:
        InputError: If the background is not a colour, or white is not positive.
    """

    def __init__(
        self, channels: int, size: int, background: str = "white", white: float | None = None
    ) -> None:
        if white is not None and not 0 < white < float("inf"):
            raise InputError(f"white must be a positive number, found {white}.")
        self.channels = channels
        self.size = size
        self.background = _colour(background)
        self.white = white
        self.largest = 0.0
        """The largest value seen in 16-bit pictures, if white was not chosen."""

    @property
    def conversion(self) -> str:
        """Everything that determines the pixels of a readable file, except their shape."""
        return f"2 {self.background} {self.white}"  # 2 is the version of this file's arithmetic

    def __call__(self, path: Path) -> Reading:
        """Return a file's image.

        Raises:
            InputError: If its numbers cannot be scaled.
            Exception: Whatever else Pillow raises for a broken file: see ``reason``.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about metadata and large images; errors raise
            with Image.open(path, formats=_formats()) as image:
                remarks = self._remarks(image)
                if image.mode in WHITE:
                    remarks.append("of more than 8 bits, scaled")
                    opaque = self._scaled(image)
                else:
                    opaque = ImageOps.exif_transpose(image)
                    if _is_transparent(opaque):
                        remarks.append("transparent, laid on the background")
                        opaque = self._laid_on_background(opaque)
            mode = "RGB" if self.channels == 3 else "L"
            square = ImageOps.fit(
                opaque.convert(mode), (self.size, self.size), Image.Resampling.LANCZOS
            )
        pixels = torch.from_numpy(np.array(square))
        pixels = pixels.permute(2, 0, 1).contiguous() if self.channels == 3 else pixels[None]
        return Reading(pixels, tuple(remarks))

    def _remarks(self, image: Image.Image) -> list[str]:
        """Return what will be done to an image that its owner may not expect."""
        remarks = []
        # A phone's MPO file holds views of one scene.
        if getattr(image, "is_animated", False) and image.format != "MPO":
            remarks.append("of several frames, the first of which is used")
        if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
            remarks.append("turned upright by their EXIF data")
        if image.mode not in {*PLAIN_MODES, *WHITE}:
            remarks.append(f"of {image.mode} colours, converted")
        if min(image.size) < self.size:
            remarks.append(f"enlarged to {self.size}×{self.size} pixels")
        return remarks

    def _scaled(self, image: Image.Image) -> Image.Image:
        """Return an upright image of 8 bits from one of more."""
        white = self.white or _white(image)
        values = np.asarray(ImageOps.exif_transpose(image)).astype(np.float32)
        low, high = float(values.min()), float(values.max())
        if white is None:
            raise InputError(f"32-bit integers, {low:g} to {high:g}: set white, the value of white")
        if not 0 <= low <= high <= white:  # NaN is not
            raise InputError(
                f"its values are {low:g} to {high:g}, expected 0 to {white:g}: set white"
            )
        if self.white is None and white == 65535:
            self.largest = max(self.largest, high)
        if isinstance(image, TiffImageFile) and image.tag_v2.get(PHOTOMETRIC_INTERPRETATION) == 0:
            values = white - values
        return Image.fromarray((values * (255 / white)).round().astype(np.uint8))

    def _laid_on_background(self, image: Image.Image) -> Image.Image:
        canvas = Image.new("RGBA", image.size, self.background)
        return Image.alpha_composite(canvas, image.convert("RGBA")).convert("RGB")


def why_irregular(path: Path) -> str | None:
    """Return why a path is not a readable file; None if it is one."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return "a link to nothing" if path.is_symlink() else str(error.strerror)
    return None if stat.S_ISREG(mode) else "not a regular file"  # reading a FIFO would block


def is_image(path: Path) -> bool:
    """Return whether a file starts like an image, broken or not."""
    if why_irregular(path) is not None:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Image.open(path, formats=_formats()).close()
    except UnidentifiedImageError:
        return False
    except Exception:  # known, but too large or damaged
        return True
    return True


def is_called_image(path: Path) -> bool:
    """Return whether a file has the ending of an image format."""
    _formats()
    ending = path.suffix.lower()
    return ending in UNKNOWN_TO_PILLOW or ending in Image.registered_extensions()


def reason(error: Exception) -> str:
    """Return why a file could not be read, in a few words."""
    if isinstance(error, UnidentifiedImageError):
        return "not an image that Pillow knows"
    if isinstance(error, Image.DecompressionBombError):
        return "more pixels than Pillow's limit, PIL.Image.MAX_IMAGE_PIXELS"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    words = str(error)
    ours = isinstance(error, InputError) or re.fullmatch(PLAIN, words)
    return words if ours else f"broken ({type(error).__name__})"


def _white(image: Image.Image) -> float | None:
    """Return the value of white in an image of more than 8 bits."""
    # Older versions of Pillow open 16-bit PNGs like 32-bit integers.
    sixteen_bits = image.mode == "I" and image.format in ("PNG", "PPM")
    return 65535 if sixteen_bits else WHITE[image.mode]


def _is_transparent(image: Image.Image) -> bool:
    if not image.has_transparency_data:
        return False
    opacity = np.asarray(image.convert("RGBA").getchannel("A"))
    return bool((opacity < 255).any())


def _colour(text: str) -> tuple[int, ...]:
    colour: tuple[int, ...] = ()
    with suppress(ValueError):
        colour = ImageColor.getrgb(str(text))
    if len(colour) != 3:  # a background cannot be transparent
        raise InputError(f"background must be a colour such as white or #ff8000, found {text!r}.")
    return colour


@cache
def _formats() -> list[str]:
    Image.init()
    return [name for name in Image.ID if name not in UNREAD]
