"""Small random movements of images."""

import pytest
import torch

from gan_lightning.errors import InputError
from gan_lightning.networks import AffineJitter


@pytest.fixture
def images():
    return torch.rand(4, 3, 8, 8)


@pytest.fixture
def at_most(monkeypatch):
    """Choose what is drawn for angle, scale, shift in x and shift in y, from [-1, 1]."""

    def at_most(*u):
        share = (torch.tensor(u, dtype=torch.float32)[:, None] + 1) / 2
        monkeypatch.setattr(torch, "rand", lambda *size, **_: share.expand(size))

    return at_most


def still(**options):
    return AffineJitter(**{"degrees": 0.0, "scale": 0.0, "shift": 0.0, **options})


def test_in_evaluation_images_stay_as_they_are(images):
    assert AffineJitter().eval()(images) is images


def test_without_any_movement_images_stay_where_they_are(images):
    torch.testing.assert_close(still()(images), images)


@pytest.mark.parametrize("option", [{"degrees": 20.0}, {"scale": 0.3}, {"shift": 0.2}])
def test_each_image_moves_by_amounts_of_its_own(images, option):
    moved = still(**option)(images[:1].expand(4, -1, -1, -1))
    assert len(moved.unique(dim=0)) == 4
    assert not torch.equal(still(**option)(images), still(**option)(images))


def test_all_channels_of_an_image_move_together():
    grey = torch.rand(4, 1, 8, 8)
    moved = AffineJitter()(grey.expand(-1, 3, -1, -1))
    assert torch.equal(moved[:, :1], moved[:, 1:2])
    assert torch.equal(moved[:, :1], moved[:, 2:])


@pytest.mark.parametrize(("pixels", "axis"), [(2, 3), (-2, 3), (2, 2), (-2, 2)])
def test_a_shift_by_a_quarter_is_two_of_eight_pixels_and_repeats_the_border(
    images, at_most, pixels, axis
):
    sign = pixels / 2
    at_most(0, 0, *([sign, 0] if axis == 3 else [0, sign]))
    moved = still(shift=0.25)(images)
    source = (torch.arange(8) + pixels).clamp(0, 7)
    torch.testing.assert_close(moved, images.index_select(axis, source))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_rotation_by_ninety_degrees_turns_the_image(images, at_most, sign):
    at_most(sign, 0, 0, 0)
    turned = still(degrees=90.0)(images)
    torch.testing.assert_close(turned, images.rot90(sign, (2, 3)), atol=1e-5, rtol=0)


def test_a_scale_stretches_about_the_centre(at_most):
    ramp = ((torch.arange(8) + 0.5) / 4 - 1).expand(1, 1, 8, 8)  # from -1 to 1, 0 at the centre
    at_most(0, -1, 0, 0)
    torch.testing.assert_close(still(scale=0.5)(ramp), 0.5 * ramp)


def test_movements_stay_within_their_bounds():
    # A ramp along x is moved by no more than the shift, whatever is drawn.
    ramp = (torch.arange(32.0) / 32).expand(200, 1, 32, 32)
    moved = still(shift=0.1)(ramp)
    inner = slice(8, 24)
    differences = (moved - ramp)[..., inner, inner].flatten(1)
    assert differences.abs().max() <= 0.1 + 1e-5
    assert differences.abs().max() > 0.09  # and some come near it
    assert (differences.max(1).values - differences.min(1).values).max() < 1e-5


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_type_of_numbers_is_kept(images, dtype):
    assert AffineJitter()(images.to(dtype)).dtype == dtype


@pytest.mark.parametrize(
    "options", [{"degrees": -1.0}, {"scale": -0.1}, {"scale": 1.0}, {"shift": -0.1}]
)
def test_bounds_that_make_no_sense_are_refused_with_what_was_found(options):
    (value,) = options.values()
    with pytest.raises(InputError, match=f"must not be negative and scale below 1, .*{value}"):
        AffineJitter(**options)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_images_of_any_precision_move(images, dtype):
    default = torch.get_default_dtype()
    torch.set_default_dtype(dtype)  # as Lightning does in bf16-true and 64-true
    try:
        moved = AffineJitter()(images.to(dtype))
    finally:
        torch.set_default_dtype(default)
    assert moved.dtype == dtype
    assert moved.isfinite().all()
    assert not torch.equal(moved, images.to(dtype))
