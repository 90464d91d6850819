"""Changes of images between the generator and the discriminator."""

import math

import pytest
import torch

from gan_lightning.errors import InputError
from gan_lightning.networks import AdaptiveAugment, DiffAugment
from gan_lightning.schedules import Linear

POLICIES = ["colour", "translation", "cutout"]
every_policy = pytest.mark.parametrize("policy", [[name] for name in POLICIES] + [POLICIES])


def images(batch=6, size=16, channels=3):
    return torch.randn(batch, channels, size, size)


@every_policy
def test_a_probability_of_zero_changes_nothing(policy):
    x = images()
    assert torch.equal(DiffAugment(policy, probability=0.0)(x), x)


@every_policy
@pytest.mark.parametrize("shape", [(5, 1, 28, 28), (1, 3, 8, 12), (2, 2, 5, 5)])
def test_changed_images_have_the_shape_and_the_precision_that_they_had(policy, shape):
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        changed = DiffAugment(policy)(torch.randn(shape).to(dtype))
        assert changed.shape == shape
        assert changed.dtype == dtype
        assert changed.isfinite().all()


@pytest.mark.sampled(2)
@every_policy
def test_images_are_changed_differentiably(policy):
    augment = DiffAugment(policy)

    def changed(x):
        torch.manual_seed(1)
        return augment(x)

    x = torch.randn(2, 3, 8, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(changed, x)
    (gradient,) = torch.autograd.grad(changed(x).square().sum(), x)
    assert (gradient.flatten(1).norm(dim=1) > 0).all()


@every_policy
def test_each_image_is_changed_in_its_own_way(policy):
    same = images(1).expand(40, -1, -1, -1)
    assert len(DiffAugment(policy)(same).unique(dim=0)) > 15  # of 25 translations by up to 2


@every_policy
@pytest.mark.parametrize("data_range", [(0, 1), (-3, 5)])
def test_images_of_any_range_are_changed_as_those_of_minus_one_to_one(policy, data_range):
    augment, (low, high) = DiffAugment(policy), data_range
    x = images().clamp(-1, 1)
    torch.manual_seed(0)
    expected = low + (augment(x) + 1) * (high - low) / 2
    augment.data_range = data_range
    torch.manual_seed(0)
    torch.testing.assert_close(augment(low + (x + 1) * (high - low) / 2), expected)


@pytest.mark.parametrize("probability", [0.2, 0.5, 1.0])
def test_the_share_of_changed_images_is_the_probability(probability):
    changed = DiffAugment(["cutout"], probability)(torch.ones(4000, 1, 8, 8))
    share = (changed.amin((1, 2, 3)) == 0).double().mean().item()
    error = 5 * math.sqrt(probability * (1 - probability) / 4000)  # five standard deviations
    assert share == pytest.approx(probability, abs=error + 1e-9)


def test_a_translation_moves_by_at_most_an_eighth_in_all_ways_alike():
    x = torch.zeros(5000, 2, 16, 24)
    x[:, :, 8, 12] = 1
    found = DiffAugment(["translation"])(x).nonzero()  # image, channel, row, column
    assert len(found) == 2 * 5000  # nothing is lost in the middle, and zeros come in
    rows, columns = found[::2, 2] - 8, found[::2, 3] - 12
    assert torch.equal(found[::2, 2:], found[1::2, 2:])  # channels move together
    assert rows.unique().tolist() == [-2, -1, 0, 1, 2]
    assert columns.unique().tolist() == [-3, -2, -1, 0, 1, 2, 3]
    for moves, share in [(rows, 1 / 5), (columns, 1 / 7)]:
        counts = (moves - moves.min()).bincount() / 5000
        assert ((counts - share).abs() <= 5 * math.sqrt(share * (1 - share) / 5000)).all()


def test_pixels_that_a_translation_moves_over_the_border_are_lost():
    x = torch.zeros(200, 1, 16, 16)
    x[:, :, 0, 0] = 1
    sums = DiffAugment(["translation"])(x).sum((1, 2, 3))
    assert set(sums.tolist()) == {0.0, 1.0}


def test_cutout_puts_a_rectangle_of_zeros_of_a_sixteenth_to_a_quarter_of_the_image():
    hidden = DiffAugment(["cutout"])(torch.ones(2000, 2, 16, 16)) == 0
    assert torch.equal(hidden[:, 0], hidden[:, 1])
    rows, columns = hidden[:, 0].any(2), hidden[:, 0].any(1)
    assert torch.equal(hidden[:, 0], rows[:, :, None] & columns[:, None, :])
    for side in (rows, columns):
        # Half the side around a centre anywhere within the image: half of that at its border.
        lengths = side.sum(1)
        assert lengths.min() == 4
        assert lengths.max() == 8
        assert (side.int().diff(dim=1).abs().sum(1) <= 2).all()  # without a gap
    areas = hidden[:, 0].sum((1, 2))
    assert areas.min() >= 256 / 16
    assert areas.max() == 256 / 4


def test_cutout_leaves_the_other_pixels_as_they_were():
    x = images()
    changed = DiffAugment(["cutout"])(x)
    assert torch.equal(changed[changed != 0], x[changed != 0])


def test_the_brightness_of_a_grey_image_moves_uniformly_by_up_to_a_half():
    x = torch.full((4000, 3, 4, 4), 0.25)  # neither saturation nor contrast moves it
    moved = DiffAugment(["colour"])(x) - 0.25
    torch.testing.assert_close(moved, moved[:, :1, :1, :1].expand_as(moved))
    shifts = moved[:, 0, 0, 0]
    assert shifts.abs().max() <= 0.5 + 1e-6
    # Three standard errors of a uniform mean and, about, of its deviation.
    assert shifts.mean().item() == pytest.approx(0, abs=3 / math.sqrt(12 * 4000))
    assert shifts.std().item() == pytest.approx(1 / math.sqrt(12), rel=0.03)


def test_saturation_and_contrast_stretch_colours_around_their_mean():
    x = torch.tensor([-1.0, 0.0, 1.0]).reshape(1, 3, 1, 1).expand(4000, 3, 4, 4)
    low, middle, high = DiffAugment(["colour"])(x)[:, :, 0, 0].T
    torch.testing.assert_close(high - middle, middle - low)
    stretch = high - middle  # a uniform number on [0, 2] times one on [1/2, 3/2]
    assert stretch.min() >= -1e-6
    assert stretch.max() <= 3
    assert stretch.mean().item() == pytest.approx(1, abs=0.04)
    # E s² E c² - 1 = 4/3 · 13/12 - 1 = 4/9
    assert stretch.std().item() == pytest.approx(2 / 3, abs=0.04)


def test_rows_are_refused_in_a_sentence():
    for augment in (DiffAugment(), AdaptiveAugment()):
        with pytest.raises(InputError) as error:
            augment(torch.randn(5, 2))
        name = type(augment).__name__
        assert str(error.value) == f"{name} changes images, found points of shape (2,)."


@pytest.mark.parametrize("policy", [[], ["colours"], ["cutout", "flip"]])
def test_unknown_changes_are_refused(policy):
    with pytest.raises(InputError, match="expected some of colour, translation, cutout, found"):
        DiffAugment(policy)


@pytest.mark.parametrize("probability", [-0.1, 1.5, math.nan])
def test_what_is_not_a_probability_is_refused(probability):
    with pytest.raises(InputError, match=r"probability must lie in \[0, 1\], found"):
        DiffAugment(probability=probability)


def test_a_probability_follows_its_schedule():
    augment, x = DiffAugment(["cutout"], Linear(0.0, 1.0, points=1000)), torch.ones(500, 1, 8, 8)
    assert torch.equal(augment(x), x)
    augment.follow(250)
    assert augment.now == 0.25
    augment.follow(5000)
    assert (augment(x).amin((1, 2, 3)) == 0).all()


# Adaptive


def observed(augment, logit, steps, batch=50):
    for _ in range(steps):
        augment.observe(torch.full((batch,), logit))
    return augment.now.item()


def test_the_probability_rises_by_the_share_of_its_points_while_all_signs_are_positive():
    augment = AdaptiveAugment(points=1000, every=4)
    assert observed(augment, 3.0, 3) == 0  # not yet
    assert observed(augment, 3.0, 1) == pytest.approx(4 * 50 / 1000)
    assert observed(augment, 0.1, 8) == pytest.approx(12 * 50 / 1000)


def test_the_probability_goes_from_nothing_to_everything_in_its_points_and_no_further():
    augment = AdaptiveAugment(points=1000, every=2)
    assert observed(augment, 1.0, 18) == pytest.approx(0.9)
    assert observed(augment, 1.0, 2) == pytest.approx(1)
    assert observed(augment, 1.0, 10) == 1


def test_the_probability_falls_to_zero_while_signs_are_negative():
    augment = AdaptiveAugment(points=1000, every=2)
    risen = observed(augment, 1.0, 10)
    assert observed(augment, -1.0, 4) == pytest.approx(risen - 200 / 1000)
    assert observed(augment, -1.0, 20) == 0


def test_the_probability_rests_where_the_mean_sign_is_the_target():
    augment = AdaptiveAugment(target=0.5, points=100, every=1)
    for signs, move in [((1, 1, 1, -1), 0), ((1, 1, 1, 1), 4), ((1, 1, -1, -1), -4)]:
        before = augment.now.item()
        augment.observe(7 * torch.tensor(signs))
        assert augment.now.item() - before == pytest.approx(move / 100)


def test_signs_are_those_of_all_steps_since_the_last_change():
    augment = AdaptiveAugment(target=0.0, points=100, every=3)
    for logits in ([-1.0] * 2, [5.0] * 3, [-1.0] * 3):  # 3 signs up, 5 down
        augment.observe(torch.tensor(logits))
    assert augment.now.item() == 0
    assert observed(augment, 1.0, 3, batch=2) == pytest.approx(6 / 100)  # none of them is left


def test_the_share_of_changed_images_is_the_adaptive_probability():
    augment, x = AdaptiveAugment(["cutout"], points=1000), torch.ones(4000, 1, 8, 8)
    assert torch.equal(augment(x), x)
    probability = observed(augment, 1.0, 8)
    share = (augment(x).amin((1, 2, 3)) == 0).double().mean().item()
    assert share == pytest.approx(probability, abs=5 * math.sqrt(0.4 * 0.6 / 4000))


def test_the_adaptive_probability_and_what_was_seen_are_part_of_the_state():
    first, second = (AdaptiveAugment(points=1000, every=4) for _ in range(2))
    observed(first, 1.0, 7)
    second.load_state_dict(first.state_dict())
    assert observed(second, 1.0, 1) == observed(first, 1.0, 1) == pytest.approx(0.4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_probability_rises_in_every_precision_that_a_model_can_have(dtype):
    augment = AdaptiveAugment(points=50_000, every=4).to(dtype)
    assert observed(augment, 1.0, 1000, batch=40) == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize(
    "options", [{"points": 0}, {"every": 0}, {"target": 1.0}, {"target": math.nan}]
)
def test_settings_that_cannot_adapt_are_refused(options):
    with pytest.raises(InputError, match="points and every must be positive integers and target"):
        AdaptiveAugment(**options)
