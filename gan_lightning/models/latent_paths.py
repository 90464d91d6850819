"""Paths through a latent space, and the search for the latent of a point."""

import math
from collections.abc import Callable

import torch
from torch import Tensor


def spherical_interpolation(first: Tensor, last: Tensor, num_steps: int) -> Tensor:
    """Return latents on great circles, evenly spaced by angle (slerp: Shoemake, 1985).

    Args:
        first: Where the paths start, shape ``(num_paths, …)``.
        last: Where they end.
        num_steps: Latents on each, including both ends.

    Returns:
        Shape ``(num_paths, num_steps, …)``.
    """
    start, end = first.flatten(1), last.flatten(1)
    lengths = start.norm(dim=1), end.norm(dim=1)
    cosine = (start * end).sum(1) / (lengths[0] * lengths[1]).clamp(min=1e-12)
    angle = cosine.clamp(-1, 1).acos()[:, None]
    sine = angle.sin()
    straight = sine < 1e-4  # parallel or opposite: the great circle is not unique
    t = torch.linspace(0, 1, num_steps).to(first)
    before = torch.where(straight, 1 - t, ((1 - t) * angle).sin() / sine)
    after = torch.where(straight, t, (t * angle).sin() / sine)
    paths = before[..., None] * start[:, None] + after[..., None] * end[:, None]
    return paths.unflatten(2, first.shape[1:])


def nearest_latents(
    points: Callable[[Tensor, Tensor | None], Tensor],
    target: Tensor,
    labels: Tensor | None,
    candidates: Tensor,
    num_steps: int = 200,
    rate: float = 0.1,
) -> Tensor:
    """Return the latents whose points are nearest to given ones, found by gradient descent.

    Each search starts at the best candidate and runs Adam, with a learning rate that falls along
    half a cosine, and returns the latent with the smallest mean squared difference. A weak penalty
    keeps latents about as long as those from N(0, I).

    Args:
        points: Returns the points of latents and labels, with gradients.
        target: The target points, shape ``(num_points, *data_shape)``.
        labels: One for each of them, or None.
        candidates: Latents to start from, shape ``(num_candidates, latent_dim)``.
        num_steps: Steps of the descent.
        rate: Initial learning rate.
    """
    with torch.no_grad():
        z = candidates[_closest(points, target, labels, candidates)].clone()
    best, lowest = z.clone(), torch.full((len(z),), math.inf, device=z.device)
    optimizer = torch.optim.Adam([z.requires_grad_()], lr=rate)
    for step in range(num_steps):
        optimizer.param_groups[0]["lr"] = rate * (1 + math.cos(math.pi * step / num_steps)) / 2
        errors = (points(z, labels) - target).float().square().flatten(1).mean(1)
        closer = errors.detach() < lowest
        best[closer], lowest[closer] = z.detach()[closer], errors.detach()[closer]
        too_long = (z.square().mean(1) - 1).square()
        (z.grad,) = torch.autograd.grad((errors + 0.001 * too_long).sum(), z)
        optimizer.step()
    return best


def _closest(
    points: Callable[[Tensor, Tensor | None], Tensor],
    target: Tensor,
    labels: Tensor | None,
    candidates: Tensor,
) -> Tensor:
    """Return the index of the candidate whose point is closest to each target."""
    flat = target.flatten(1).float()
    if labels is None:
        return torch.cdist(flat, points(candidates, None).flatten(1).float()).argmin(1)
    chosen = []
    for row, label in zip(flat, labels, strict=True):
        found = points(candidates, label.expand(len(candidates))).flatten(1).float()
        chosen.append((found - row).norm(dim=1).argmin())
    return torch.stack(chosen)
