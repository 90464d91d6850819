"""Points carried along a velocity field."""

from collections.abc import Callable

import torch
from torch import Tensor


def carried(x: Tensor, velocity: Callable[[Tensor, Tensor], Tensor], num_steps: int) -> Tensor:
    """Carry points along a velocity field from t = 0 to 1, in midpoint steps of equal length.

    Args:
        x: The points at t = 0, shape ``(batch, *data_shape)``.
        velocity: Returns the velocity of points at times of shape ``(batch,)``.
        num_steps: Number of steps, with two evaluations each.
    """
    step = 1 / num_steps

    def moved(x: Tensor, t: Tensor) -> Tensor:
        middle = x + step / 2 * velocity(x, t)
        return x + step * velocity(middle, t + step / 2)

    times = [i * step for i in range(num_steps)]
    if torch.compiler.is_exporting():  # an exported graph holds one step, not all in a row
        from torch._higher_order_ops.scan import scan

        return scan(
            lambda x, t: (moved(x, t.expand(x.shape[0])), t.clone()),
            x,
            x.new_tensor(times)[:, None],
        )[0]
    for time in times:
        x = moved(x, x.new_full(x.shape[:1], time))
    return x
