"""Random numbers handed to a model, so that its samples are a function of its inputs."""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from gan_lightning.errors import InputError

LARGEST_BELOW_ONE = 1 - 2.0**-24
"""The largest float32 below 1: no random number of [0, 1) is larger."""


class HandedNoise(TorchFunctionMode):
    """Replaces a model's random draws by the columns of a matrix of N(0, 1), in order.

    A uniform number is the normal distribution function of one of them, and a category is the first
    whose cumulative share exceeds a uniform number. Within the context, a model's ``sample`` is a
    pure function: an exporter can trace it, and the same noise gives the same samples anywhere.

    Args:
        noise: Shape ``(num_samples, noise_dim)``; None to draw it and only count the columns.
        num_samples: Number of samples; a drawn tensor has a row for each.

    Raises:
        InputError: From the model's ``sample``, if it draws in an unsupported way.
    """

    def __init__(self, noise: Tensor | None, num_samples: Any) -> None:
        super().__init__()
        self.noise = noise
        self.num_samples = num_samples
        self.noise_dim = 0
        """Columns taken so far."""
        self.operations = 0
        """Functions of PyTorch that were called."""
        self.chooses = False
        """Whether a category or a coin was drawn, which rounding can tip."""
        self.seen: set[int] = set()
        """The ``id`` of each tensor that took part, while columns are counted."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        self.operations += 1
        if self.noise is None:
            self.seen.update(map(id, _tensors((args, kwargs.values()))))
        name = getattr(func, "__name__", "")
        if (draw := DRAWS.get(name)) is not None:
            return draw(self, *args, **kwargs)
        if func in REFUSED or name in REFUSED_METHODS:
            raise InputError(f"it draws by {name}, and only {', '.join(DRAWS)} are known")
        if func is functional.dropout and kwargs.get("training", True):
            raise InputError("it draws by dropout, which is on")
        return func(*args, **kwargs)

    def _randn(self, *size: Any, **options: Any) -> Tensor:
        return self._normal(_shape(size, options)).to(options.get("dtype") or torch.float32)

    def _randn_like(self, like: Tensor, **options: Any) -> Tensor:
        return self._normal(like.shape).to(options.get("dtype") or like.dtype)

    def _rand(self, *size: Any, **options: Any) -> Tensor:
        return self._uniform(_shape(size, options)).to(options.get("dtype") or torch.float32)

    def _rand_like(self, like: Tensor, **options: Any) -> Tensor:
        return self._uniform(like.shape).to(options.get("dtype") or like.dtype)

    def _bernoulli(self, chances: Tensor, p: float | None = None, **options: Any) -> Tensor:
        self.chooses = True
        chances = chances if p is None else torch.full_like(chances, p)
        return (self._uniform(chances.shape) < chances).to(chances.dtype)

    def _multinomial(
        self, weights: Tensor, num_samples: Any, replacement: bool = False, **options: Any
    ) -> Tensor:
        alone = weights.dim() == 1
        if not replacement and (alone or num_samples != 1):
            raise InputError("it draws by multinomial without replacement")
        self.chooses = True
        cumulated = weights.cumsum(-1)
        level = self._uniform(
            (num_samples if alone else weights.shape[0], 1 if alone else num_samples)
        )
        below = cumulated[..., None, :] <= level[..., None] * cumulated[..., -1:, None]
        index = below.sum(-1).clamp(max=weights.shape[-1] - 1)
        return index.squeeze(-1) if alone else index

    def _stratified(self, weights: Tensor, num_samples: Any) -> Tensor:
        return self._multinomial(weights, num_samples, replacement=True)

    def _latin_hypercube(self, draw: Callable[[], Tensor], labels: Tensor) -> Tensor:
        with self:  # a mode is off while it handles a function
            return draw()

    def _uniform(self, shape: Any) -> Tensor:
        return torch.special.ndtr(self._normal(shape)).clamp(max=LARGEST_BELOW_ONE)

    def _normal(self, shape: Any) -> Tensor:
        """Return the next columns, one for each number in a row of the shape."""
        axis = self._axis_of_samples(shape)
        others = [size for i, size in enumerate(shape) if i != axis]
        width, start = math.prod(others), self.noise_dim
        self.noise_dim += width
        if self.noise is None:
            columns = torch.randn(shape[axis], width)
        else:
            columns = self.noise[: shape[axis], start : self.noise_dim]
        return columns.reshape(shape[axis], *others).movedim(0, axis)

    def _axis_of_samples(self, shape: Any) -> int:
        symbolic = [i for i, size in enumerate(shape) if isinstance(size, torch.SymInt)]
        if symbolic or isinstance(self.num_samples, torch.SymInt):
            return symbolic[0] if symbolic else 0
        if shape[0] == 0:  # for a label without samples
            return 0
        alike = [i for i, size in enumerate(shape) if size == self.num_samples]
        return alike[0] if alike else 0


DRAWS: dict[str, Callable[..., Tensor]] = {
    "randn": HandedNoise._randn,
    "randn_like": HandedNoise._randn_like,
    "rand": HandedNoise._rand,
    "rand_like": HandedNoise._rand_like,
    "bernoulli": HandedNoise._bernoulli,
    "multinomial": HandedNoise._multinomial,
    # These two distribute all samples over strata, which a single sample does not have.
    "stratified": HandedNoise._stratified,
    "latin_hypercube": HandedNoise._latin_hypercube,
}
"""The functions by which a model may draw."""

REFUSED = {torch.normal, torch.randint, torch.randint_like, torch.randperm, torch.poisson}
REFUSED_METHODS = {
    *("normal_", "uniform_", "exponential_", "bernoulli_", "cauchy_", "geometric_", "log_normal_"),
    *("random_", "trunc_normal_", "rrelu"),
}


def _shape(size: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, ...]:
    """Return a shape given as numbers, as a sequence, or by the keyword ``size``."""
    given = options.get("size", size)
    return tuple(given[0]) if len(given) == 1 and isinstance(given[0], Iterable) else tuple(given)


def _tensors(values: Any) -> Iterator[Tensor]:
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, Iterable) and not isinstance(values, str):
        for value in values:
            yield from _tensors(value)
