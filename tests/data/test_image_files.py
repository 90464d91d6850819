"""One file as an image: right numbers, or the reason why there are none."""

import os
import socket
import struct

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image

from gan_lightning.data import ImageFolder
from gan_lightning.data.image_files import ImageReader, is_image, reason, why_irregular
from gan_lightning.errors import InputError

RAMP = np.linspace(0, 1, 16 * 16).reshape(16, 16)


def read(path, channels=1, size=16, **options):
    return ImageReader(channels, size, **options)(path)


def saved(image, path, **options):
    image.save(path, **options)
    return path


# More than 8 bits


DEEP = {
    "16-bit PNG": ((RAMP * 65535).round().astype(np.uint16), "a.png", {}),
    "16-bit TIFF": ((RAMP * 65535).round().astype(np.uint16), "a.tif", {}),
    "16-bit JPEG 2000": ((RAMP * 65535).round().astype(np.uint16), "a.jp2", {}),
    "floats": (RAMP.astype(np.float32), "a.tif", {}),
    "floats up to a white": ((RAMP * 40).astype(np.float32), "a.tif", {"white": 40}),
    "12 bits in 16": ((RAMP * 4095).round().astype(np.uint16), "a.png", {"white": 4095}),
    "32-bit integers": ((RAMP * 1e6).round().astype(np.int32), "a.tif", {"white": 1e6}),
}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("case", DEEP.values(), ids=DEEP)
def test_more_than_8_bits_are_scaled_to_8(tmp_path, case, channels):
    values, name, options = case
    pixels, remarks = read(saved(Image.fromarray(values), tmp_path / name), channels, **options)
    expected = torch.from_numpy((RAMP * 255).round()).expand(channels, -1, -1)
    assert (pixels.double() - expected).abs().max() <= 1
    assert remarks == ("of more than 8 bits, scaled",)


REFUSED = {
    "floats above white": (
        (RAMP * 255).astype(np.float32),
        r"values are 0 to 255, expected 0 to 1",
    ),
    "floats below black": ((RAMP - 0.5).astype(np.float32), r"values are -0.5 to 0.5, expected"),
    "not a number": (np.where(RAMP > 0.5, np.nan, RAMP).astype(np.float32), "values are nan to"),
    "infinity": (np.where(RAMP > 0.5, np.inf, RAMP).astype(np.float32), "values are 0 to inf"),
    "32-bit integers": ((RAMP * 255).astype(np.int32), "32-bit integers, 0 to 255: set white"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_numbers_without_a_known_white_are_refused_and_never_clipped(tmp_path, case):
    values, words = case
    with pytest.raises(InputError, match=words):
        read(saved(Image.fromarray(values), tmp_path / "a.tif"))


def test_numbers_above_the_chosen_white_are_refused(tmp_path):
    path = saved(Image.fromarray((RAMP * 65535).astype(np.uint16)), tmp_path / "a.png")
    with pytest.raises(InputError, match="0 to 65535, expected 0 to 4095: set white"):
        read(path, white=4095)


def test_a_tiff_in_which_zero_is_white_is_inverted(tmp_path):
    """Radiographs come so: 0 is white (TIFF 6.0, section 3)."""
    path = saved(Image.fromarray((RAMP * 65535).astype(np.uint16)), tmp_path / "a.tif")
    content = path.read_bytes()
    tag = struct.pack("<HHIHH", 262, 3, 1, 1, 0)  # PhotometricInterpretation: BlackIsZero
    assert tag in content
    path.write_bytes(content.replace(tag, struct.pack("<HHIHH", 262, 3, 1, 0, 0)))
    expected = 255 - (RAMP * 255).round()
    assert (read(path).pixels[0].double() - torch.from_numpy(expected)).abs().max() <= 1


def test_16_bits_that_use_a_small_part_of_their_range_are_reported(tmp_path):
    for name in "ab":
        saved(Image.fromarray((RAMP * 4095).astype(np.uint16)), tmp_path / f"{name}.png")
    data = ImageFolder(str(tmp_path), size=16, val_fraction=0)
    with pytest.warns(UserWarning, match="4095 of 65535, so they are nearly black: set white"):
        data.setup("fit")


# Transparency


def hidden_noise(mode):
    """Invisible noise around an opaque red square."""
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 4), np.uint8)
    pixels[..., 3] = 0
    pixels[4:12, 4:12] = (200, 30, 30, 255)
    return Image.fromarray(pixels).convert(mode)


def palette_with_a_transparent_colour():
    image = Image.new("P", (16, 16), 7)
    image.putpalette([0, 0, 0] * 7 + [9, 99, 9] + [200, 30, 30] + [0, 0, 0] * 247)
    image.paste(8, (4, 4, 12, 12))
    return image, {"transparency": 7}


def grey_with_a_transparent_value():
    image = Image.new("L", (16, 16), 7)
    image.paste(81, (4, 4, 12, 12))  # the grey of the red square
    return image, {"transparency": 7}


TRANSPARENT = {
    "RGBA": lambda: (hidden_noise("RGBA"), {}),
    "LA": lambda: (hidden_noise("LA"), {}),
    "palette": palette_with_a_transparent_colour,
    "grey": grey_with_a_transparent_value,
    "colour": lambda: (
        palette_with_a_transparent_colour()[0].convert("RGB"),
        {"transparency": (9, 99, 9)},
    ),
}


@pytest.mark.parametrize("background", ["white", "black", "#ff8000", "rgb(1, 2, 3)"])
@pytest.mark.parametrize("make", TRANSPARENT.values(), ids=TRANSPARENT)
def test_transparent_pixels_have_the_colour_of_the_background(tmp_path, make, background):
    image, options = make()
    path = saved(image, tmp_path / "a.png", **options)
    pixels, remarks = read(path, channels=3, background=background)
    expected = {"white": (255,) * 3, "black": (0,) * 3, "#ff8000": (255, 128, 0)}
    colour = torch.tensor(expected.get(background, (1, 2, 3)))[:, None, None]
    border = torch.ones(16, 16, dtype=torch.bool)
    border[4:12, 4:12] = False
    assert torch.equal(pixels[:, border], colour.expand(-1, 16, 16)[:, border].to(torch.uint8))
    square = (81, 81, 81) if image.mode in ("L", "LA") else (200, 30, 30)
    assert pixels[:, 8, 8].tolist() == pytest.approx(square, abs=1)
    assert remarks == ("transparent, laid on the background",)


def test_half_transparent_pixels_are_mixed(tmp_path):
    path = saved(Image.new("RGBA", (8, 8), (200, 0, 0, 51)), tmp_path / "a.png")
    pixels = read(path, channels=3, background="#000064").pixels[:, 4, 4]
    assert pixels.tolist() == pytest.approx([40, 0, 80], abs=1)  # a fifth and four fifths


def test_opaque_pictures_with_an_alpha_channel_are_unchanged(tmp_path):
    path = saved(Image.new("RGBA", (16, 16), (200, 1, 2, 255)), tmp_path / "a.png")
    pixels, remarks = read(path, channels=3, background="black")
    assert pixels[:, 4, 4].tolist() == [200, 1, 2]
    assert remarks == ()


@pytest.mark.parametrize("background", ["whit", "#12", "", "#ff800080"])
def test_a_background_that_is_not_a_colour_is_refused(tmp_path, background):
    with pytest.raises(InputError, match="background must be a colour such as white"):
        ImageFolder(str(tmp_path), background=background)


@pytest.mark.parametrize("white", [0, -1, float("nan"), float("inf")])
def test_a_white_that_is_not_positive_is_refused(tmp_path, white):
    with pytest.raises(InputError, match="white must be a positive number"):
        ImageFolder(str(tmp_path), white=white)


# Other modes


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("deep", [False, True])
def test_exif_says_which_way_is_up(tmp_path, orientation, deep):
    upright = np.zeros((16, 16), np.uint16)
    upright[:8, :4] = 65535  # above, on the left
    turn = {  # how the camera stored what was upright
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: a.T,
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).T,
        8: lambda a: np.rot90(a, -1),
    }[orientation]
    stored = np.ascontiguousarray(turn(upright))
    image = Image.fromarray(stored if deep else (stored // 257).astype(np.uint8))
    exif = Image.Exif()
    exif[274] = orientation
    path = saved(image, tmp_path / "a.png", exif=exif)
    assert torch.equal(read(path).pixels[0], torch.from_numpy((upright // 257).astype(np.uint8)))


@pytest.mark.parametrize(
    ("mode", "ending", "colour", "expected"),
    [
        ("1", "png", 1, (255, 255, 255)),
        ("CMYK", "jpg", (0, 255, 255, 0), (255, 0, 0)),
        ("CMYK", "tif", (0, 255, 255, 0), (255, 0, 0)),
        ("YCbCr", "jpg", (76, 85, 255), (254, 0, 0)),
        ("L", "gif", 99, (99, 99, 99)),
    ],
)
def test_colours_of_every_mode_are_those_that_are_seen(tmp_path, mode, ending, colour, expected):
    path = saved(Image.new(mode, (16, 16), colour), tmp_path / f"a.{ending}")
    found = read(path, channels=3).pixels[:, 8, 8].tolist()
    assert found == pytest.approx(expected, abs=3)


@pytest.mark.parametrize("ending", ["gif", "webp", "png", "tif"])
def test_of_several_frames_the_first_is_read_and_reported(tmp_path, ending):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    path = saved(frames[0], tmp_path / f"a.{ending}", save_all=True, append_images=frames[1:])
    pixels, remarks = read(path, channels=3)
    assert pixels[:, 8, 8].tolist() == pytest.approx([255, 0, 0], abs=3)
    assert remarks == ("of several frames, the first of which is used",)


@pytest.mark.parametrize(
    ("mode", "size", "orientation", "told"),
    [
        ("RGB", 16, 1, ()),
        ("RGB", 12, 1, ("enlarged to 16×16 pixels",)),
        ("CMYK", 16, 1, ("of CMYK colours, converted",)),
        ("L", 20, 6, ("turned upright by their EXIF data",)),
    ],
)
def test_what_a_person_may_not_expect_is_reported(tmp_path, mode, size, orientation, told):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    path = saved(Image.new(mode, (size, 30)), tmp_path / "a.jpg", exif=exif)
    assert read(path, channels=3).remarks == told


# What cannot be read


def test_the_size_limit_of_pillow_is_given_as_the_reason(tmp_path, monkeypatch):
    path = saved(Image.new("L", (40, 40)), tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 700)
    with pytest.raises(Image.DecompressionBombError) as error:
        read(path)
    assert reason(error.value).startswith("more pixels than Pillow's limit")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)  # Pillow warns of it, and reads it
    assert read(path).pixels.eq(0).all()


def test_nothing_waits_for_a_path_that_is_not_a_regular_file(tmp_path):
    os.mkfifo(tmp_path / "fifo.png")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "socket.png"))  # a name that is short enough
    (tmp_path / "link.png").symlink_to("nowhere")
    (tmp_path / "itself.png").symlink_to("itself.png")
    for name in ("fifo", "socket"):
        assert why_irregular(tmp_path / f"{name}.png") == "not a regular file"
    for name in ("link", "itself"):
        assert why_irregular(tmp_path / f"{name}.png") == "a link to nothing"
    assert not any(map(is_image, tmp_path.iterdir()))


def test_no_format_that_starts_a_program_is_opened(tmp_path):
    path = saved(Image.new("RGB", (8, 8)), tmp_path / "a.eps")
    assert not is_image(path)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP", "TGA", "PPM", "ICO"])
def test_however_a_file_is_damaged_it_is_read_or_skipped_and_its_content_never_shown(
    tmp_path, kind
):
    random = np.random.default_rng(0)
    path = saved(
        Image.fromarray(random.integers(0, 256, (24, 24, 3), np.uint8)), tmp_path / "a", format=kind
    )
    content, reasons = path.read_bytes(), []
    for i in range(60):
        damaged = bytearray(content)
        for place in random.integers(len(damaged), size=4):
            damaged[place] = random.integers(256)
        path.write_bytes(damaged if i % 3 else damaged[: random.integers(len(damaged))])
        is_image(path)  # answers
        try:
            assert read(path, channels=3).pixels.shape == (3, 16, 16)
        except Exception as error:
            reasons.append(reason(error))
    assert reasons
    assert all(text.isprintable() and len(text) < 120 and "b'" not in text for text in reasons)
