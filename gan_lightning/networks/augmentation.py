"""Differentiable changes of images between the generator and the discriminator."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from gan_lightning.errors import InputError
from gan_lightning.schedules import Scheduled, value_at

Policy = Literal["colour", "translation", "cutout"]


class Augmentation(nn.Module, ABC):
    """Changes points before the discriminator sees them, real and generated ones alike."""

    data_range: tuple[float, float] = (-1.0, 1.0)
    """The range of the points, which a game on data of a known range sets."""

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Return changed points of the same shape, differentiable in ``x``."""

    def observe(self, real_logits: Tensor) -> None:
        """Receive the discriminator's logits of real points; by default ignore them."""

    def follow(self, points_seen: int) -> None:
        """Follow a schedule over the points seen in training; by default there is none."""


class DiffAugment(Augmentation):
    """Random colour, translation and cutout: Zhao et al., 2020, "DiffAugment".

    Pixels that are moved in or cut out take the middle of ``data_range``, and brightness changes by
    up to a quarter of its width, as in the paper, whose images lie in [-1, 1].

    Args:
        policy: Which changes are made, out of ``colour`` (brightness, saturation, contrast),
            ``translation`` (by up to an eighth of the size) and ``cutout`` (of half the size).
        probability: How likely each change of an image is, a number in [0, 1] or a schedule.
    """

    def __init__(
        self,
        policy: Sequence[Policy] = ("colour", "translation", "cutout"),
        probability: Scheduled = 1.0,
    ) -> None:
        super().__init__()
        if not policy or set(policy) - set(get_args(Policy)):
            raise InputError(
                f"policy: expected some of {', '.join(get_args(Policy))}, found {list(policy)}."
            )
        if isinstance(probability, int | float) and not 0 <= probability <= 1:
            raise InputError(f"probability must lie in [0, 1], found {probability}.")
        self.policy = list(policy)
        self.probability = probability
        self.follow(0)

    def follow(self, points_seen: int) -> None:
        self._now = value_at(self.probability, points_seen)

    @property
    def now(self) -> float | Tensor:
        """The current probability, a number or a scalar."""
        return self._now

    def forward(self, x: Tensor) -> Tensor:
        if x.dim() != 4:
            raise InputError(
                f"{type(self).__name__} changes images, found points of shape {tuple(x.shape[1:])}."
            )
        low, high = self.data_range
        middle, half = (low + high) / 2, (high - low) / 2
        centred = middle == 0 and half == 1
        x = x if centred else (x - middle) / half
        for name in self.policy:
            for change in _CHANGES[name]:
                chosen = torch.rand(len(x), 1, 1, 1, device=x.device) < self.now
                x = torch.where(chosen, change(x), x)
        return x if centred else middle + half * x


class AdaptiveAugment(DiffAugment):
    """Just enough augmentation to keep the discriminator from memorising the training set.

    Karras et al., 2020, Section 3.2: the probability rises while the mean sign of D(x) at real
    points, an estimate of overfitting, is above its target, and falls below it. The changes are
    those of ``DiffAugment``.

    Args:
        policy: Which changes are made, as in ``DiffAugment``.
        target: The mean sign to keep, 0.6 in the paper.
        points: Points over which the probability can rise from 0 to 1, 500 000 in the paper.
        every: Discriminator steps between changes of the probability.
    """

    level: Tensor
    steps: Tensor
    seen: Tensor
    signs: Tensor

    def __init__(
        self,
        policy: Sequence[Policy] = ("colour", "translation", "cutout"),
        target: float = 0.6,
        points: int = 500_000,
        every: int = 4,
    ) -> None:
        super().__init__(policy, probability=0.0)
        if points < 1 or every < 1 or not -1 < target < 1:
            raise InputError(
                "AdaptiveAugment: points and every must be positive integers and target lie in "
                f"(-1, 1), found {points}, {every} and {target}."
            )
        self.target = target
        self.points = points
        self.every = every
        # Integers, which half precision does not round: the probability is level / points.
        for name in ("level", "steps", "seen", "signs"):
            self.register_buffer(name, torch.tensor(0))

    @property
    def now(self) -> Tensor:
        return self.level / self.points

    @torch.no_grad()
    def observe(self, real_logits: Tensor) -> None:
        self.steps += 1
        self.seen += len(real_logits)
        self.signs += real_logits.sign().long().sum()
        # Computed without waiting for the device: if not due, the change is 0.
        due = (self.steps % self.every == 0).long()
        direction = (self.signs - self.target * self.seen).sign().long()
        self.level += due * direction * self.seen
        self.level.clamp_(0, self.points)
        self.seen *= 1 - due
        self.signs *= 1 - due


def _uniform(x: Tensor) -> Tensor:
    return torch.rand(len(x), 1, 1, 1, device=x.device, dtype=x.dtype)


def _brighter(x: Tensor) -> Tensor:
    return x + (_uniform(x) - 0.5)


def _more_colourful(x: Tensor) -> Tensor:
    grey = x.mean(1, keepdim=True)
    return grey + (x - grey) * (2 * _uniform(x))


def _more_contrast(x: Tensor) -> Tensor:
    grey = x.mean((1, 2, 3), keepdim=True)
    return grey + (x - grey) * (_uniform(x) + 0.5)


def _translated(x: Tensor) -> Tensor:
    """Shift each image by up to an eighth of its size and fill with 0."""
    height, width = x.shape[2:]
    down, right = height // 8, width // 8
    share = torch.rand(len(x), 2, device=x.device)  # from 0 to twice the most is shifted
    shift_down, shift_right = (2 * down + 1) * share[:, :1], (2 * right + 1) * share[:, 1:]
    rows = (torch.arange(height, device=x.device) + shift_down.long())[:, None, :, None]
    columns = (torch.arange(width, device=x.device) + shift_right.long())[:, None, None, :]
    margins = [right, right, down, down]
    images = torch.arange(len(x), device=x.device)[:, None, None, None]
    channels = torch.arange(x.shape[1], device=x.device)[None, :, None, None]
    return pad(x, margins)[images, channels, rows, columns]


def _cut_out(x: Tensor) -> Tensor:
    """Put a square of zeros, half the image's size, anywhere, also across the border."""
    height, width = x.shape[2:]
    centre = torch.rand(2, len(x), 1, device=x.device)
    rows = torch.arange(height, device=x.device) - centre[0] * height
    columns = torch.arange(width, device=x.device) - centre[1] * width
    hidden = (rows.abs() <= height / 4)[:, :, None] & (columns.abs() <= width / 4)[:, None, :]
    return x * ~hidden[:, None]


_CHANGES: dict[str, list[Callable[[Tensor], Tensor]]] = {
    "colour": [_brighter, _more_colourful, _more_contrast],
    "translation": [_translated],
    "cutout": [_cut_out],
}
