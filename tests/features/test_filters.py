"""Fixed filters tell real pictures from damaged ones, whatever they show.

Real pictures are crops of scikit-learn's photographs, drawn textures and shapes, and digits. Half
of them are the data, the other half the samples, as they are or damaged.
"""

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits, load_sample_images
from torch.nn.functional import avg_pool2d, interpolate, pad

from gan_lightning.features import FilterFeatures
from gan_lightning.metrics import CompleteImageMetrics


def crops(count, size, shrunk):
    random = np.random.default_rng(0)
    photographs = [
        np.asarray(Image.fromarray(a).resize((640 // shrunk, 427 // shrunk), Image.LANCZOS))
        for a in load_sample_images().images
    ]
    found = []
    for i in range(count):
        photograph = photographs[i % 2]
        top, left = (random.integers(side - size) for side in photograph.shape[:2])
        found.append(photograph[top : top + size, left : left + size])
    return torch.from_numpy(np.stack(found)).permute(0, 3, 1, 2).contiguous()


def shapes(count, size):
    """Discs and squares of any two colours, with the noise of a camera."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[:size, :size] / size
    images = []
    for i in range(count):
        (cx, cy), r = random.uniform(0.3, 0.7, 2), random.uniform(0.1, 0.35)
        far = np.hypot(x - cx, y - cy) if i % 2 else np.maximum(abs(x - cx), abs(y - cy))
        colours = random.integers(0, 256, (2, 3))
        noise = random.normal(0, 4, (size, size, 3))
        images.append(np.where((far < r)[..., None], *colours) + noise)
    pixels = np.stack(images).clip(0, 255).astype(np.uint8)
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()


def textures(count, size):
    """Grey noise whose spectrum falls like a power of the frequency, each its own."""
    random = np.random.default_rng(0)
    frequency = np.hypot(*np.meshgrid(*[np.fft.fftfreq(size)] * 2)) + 0.01
    power = random.uniform(0.8, 1.8, (count, 1, 1))
    waves = np.fft.fft2(random.normal(size=(count, size, size))) * frequency**-power
    x = np.fft.ifft2(waves).real
    x = (x - x.mean((1, 2), keepdims=True)) / x.std((1, 2), keepdims=True)
    base, contrast = random.uniform(60, 200, (count, 1, 1)), random.uniform(10, 50, (count, 1, 1))
    return torch.from_numpy((base + contrast * x).clip(0, 255).astype(np.uint8))[:, None]


def digits(count, size):
    x = torch.from_numpy(load_digits().images)[:count, None].float() * (255 / 16)
    return interpolate(x, (size, size), mode="bicubic").round().clamp(0, 255).to(torch.uint8)


def shuffled(x, patch):
    """Return images with their square patches shuffled, each in its own way."""
    num, channels, size, _ = x.shape
    along = size // patch
    tiles = x.reshape(num, channels, along, patch, along, patch).permute(0, 2, 4, 1, 3, 5)
    tiles = tiles.reshape(num, along**2, channels, patch, patch)
    random = torch.Generator().manual_seed(0)
    order = torch.stack([torch.randperm(along**2, generator=random) for _ in range(num)])
    tiles = tiles[torch.arange(num)[:, None], order].reshape(
        num, along, along, channels, patch, patch
    )
    return tiles.permute(0, 3, 1, 4, 2, 5).reshape(x.shape).contiguous()


def blurred(x, width):
    padded = pad(x.float(), [width // 2] * 4, mode="reflect")
    return avg_pool2d(padded, width, 1).round().to(torch.uint8)


def flat(x, channels):
    colours = torch.randint(256, (len(x), channels, 1, 1), dtype=torch.uint8)
    return colours.expand_as(x).contiguous()


DAMAGE = {
    "grey squares": lambda x: flat(x, 1),
    "one grey": lambda x: torch.full_like(x, 128),
    "squares of colour": lambda x: flat(x, x.shape[1]),
    "their own mean colours": lambda x: (
        x.float().mean((2, 3), keepdim=True).expand_as(x).round().byte()
    ),
    "noise": lambda x: torch.randint_like(x, 256),
    "noise of their contrast": lambda x: (
        (x.float().mean() + x.float().std() * torch.randn(x.shape)).clamp(0, 255).byte()
    ),
    "noisy": lambda x: (x + 25 * torch.randn(x.shape)).clamp(0, 255).byte(),
    "16 patches": lambda x: shuffled(x, x.shape[2] // 4),
    "more patches": lambda x: shuffled(x, 4),
    "blurred": lambda x: blurred(x, 3),
    "more blurred": lambda x: blurred(x, 7),
}  # fmt: skip

DATA = {
    "photographs of 32": (lambda n: crops(n, 32, 1), 300),
    "few photographs of 32": (lambda n: crops(n, 32, 2), 100),
    "photographs of 64": (lambda n: crops(n, 64, 1), 150),
    "photographs of 16": (lambda n: crops(n, 16, 4), 300),
    "shapes": (lambda n: shapes(n, 32), 200),
    "textures": (lambda n: textures(n, 32), 300),
    "digits": (lambda n: digits(n, 28), 500),
}
LATER = ("photographs of 32", "photographs of 64", "shapes")  # which take most of the time


@pytest.fixture(
    scope="module",
    params=[pytest.param(k, marks=pytest.mark.slow if k in LATER else ()) for k in DATA],
)
def found(request):
    """The complete metrics of real samples, and of each kind of damage."""
    torch.manual_seed(0)
    make, num = DATA[request.param]
    images = make(3 * num)
    data, fresh, training = images[:num], images[num : 2 * num], images[2 * num :]
    sets = {name: damage(fresh) for name, damage in DAMAGE.items()}
    results = {}
    for name, samples in {"real": fresh, "memorised": training, **sets}.items():
        metric = CompleteImageMetrics(
            FilterFeatures(), False, training, torch.zeros(len(training)).long()
        )
        metric.update(data, real=True)
        metric.update(samples, real=False)
        results[name] = {k: float(v) for k, v in metric.compute().items()}
    return results


@pytest.mark.parametrize("damage", DAMAGE)
def test_every_number_tells_damaged_pictures_from_real_ones(found, damage):
    real, damaged = found["real"], found[damage]
    for distance in ("fid", "kid"):
        assert damaged[distance] > real[distance], distance
    for share in ("precision", "recall", "coverage"):
        assert damaged[share] < real[share], share


def test_real_pictures_score_well_and_flat_ones_and_noise_do_not(found):
    real = found["real"]
    assert min(real["precision"], real["recall"], real["coverage"]) > 0.6
    for damage in list(DAMAGE)[:6]:
        assert found[damage]["recall"] < 0.05, damage
        assert found[damage]["coverage"] < 0.05, damage
        assert found[damage]["fid"] > 10 * real["fid"], damage
    for damage in list(DAMAGE)[:4]:
        assert found[damage]["precision"] < 0.3, damage


def test_copies_of_the_training_pictures_are_caught(found):
    assert found["memorised"]["memorised"] == 1
    assert found["memorised"]["fid"] < 2 * found["real"]["fid"]  # which shows nothing of it
    assert found["real"]["memorised"] < 0.05


def test_the_numbers_of_few_pictures_tell_flat_ones_and_noise():
    """30 real ones beside 200 samples: the held-out part of a folder of 300."""
    images = crops(230, 32, 1)
    for name in list(DAMAGE)[:6]:
        shares = []
        for samples in (images[30:], DAMAGE[name](images[30:])):
            metric = CompleteImageMetrics(FilterFeatures(), False, images, torch.zeros(230).long())
            metric.update(images[:30], real=True)
            metric.update(samples, real=False)
            values = metric.compute()
            shares.append([values[k] for k in ("precision", "recall", "coverage")])
        assert all(damaged < real for real, damaged in zip(*shares, strict=True)), name


# The contract of an extractor


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 8, 8), (1, 28, 28), (3, 64, 48), (3, 100, 131)])
def test_images_of_any_size_and_colour_have_features(shape):
    images = torch.randint(256, (3, *shape)).byte()
    features = FilterFeatures()(images)
    assert features.logits is None
    for values in features[:2]:
        assert values.shape[0] == 3
        assert values.isfinite().all()
    assert features.last.shape[1] < 80


def test_the_feature_counts_are_those_of_the_docstring():
    def sizes(size):
        features = FilterFeatures()(torch.zeros(1, 3, size, size).byte())
        return features.middle.shape[1], features.last.shape[1]

    assert [sizes(32), sizes(64)] == [(360, 42), (464, 52)]


def test_large_images_are_processed_in_parts_with_the_same_features(monkeypatch):
    from gan_lightning.features import filters

    images = torch.randint(256, (7, 3, 40, 40)).byte()
    expected = FilterFeatures()(images)
    monkeypatch.setattr(filters, "MAX_PIXELS", 1)
    for found, values in zip(FilterFeatures()(images)[:2], expected[:2], strict=True):
        torch.testing.assert_close(found, values)


def test_brighter_pictures_differ_by_their_colours_alone():
    images = crops(4, 32, 1) // 2
    dark, bright = FilterFeatures()(images), FilterFeatures()(images + 40)
    different = (dark.middle - bright.middle).abs() > 1e-3
    assert different.any(0).sum() == 16  # the cells' brightness
    steps = (bright.middle - dark.middle)[different]
    torch.testing.assert_close(steps, torch.full_like(steps, 40 / 32))


def test_contrast_counts_by_its_logarithm():
    """Far above the least energy, a factor of contrast adds a constant to the mean over scales."""
    noise = torch.randn(1, 1, 32, 32) * 10
    weak, strong = ((128 + k * noise).round().clamp(0, 255).byte() for k in (1, 2))
    from gan_lightning.features.filters import _features

    first, second = (_features(x)[1] for x in (weak, strong))
    steps = (second - first)[0, :4]  # of the four orientations' contrast over three scales
    assert steps.tolist() == pytest.approx([3**0.5 * np.log(2)] * 4, abs=0.1)


def test_no_network_and_no_file_is_read(monkeypatch):
    monkeypatch.setattr("socket.socket", lambda *_, **__: pytest.fail("the network was asked"))
    monkeypatch.setattr("builtins.open", lambda *_, **__: pytest.fail("a file was opened"))
    FilterFeatures()(torch.zeros(1, 3, 32, 32).byte())
