"""Batches of tensors in memory, without Python per sample."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from gan_lightning.errors import require_positive


class TensorLoader:
    """Yields ``(x, labels)`` batches, in a new random order each epoch if it shuffles.

    The order is a function of the seed and the epoch, so a loader's state is two numbers, and a run
    resumed from them sees the same batches as if it had not stopped. With several ranks, each takes
    its share of every global batch of ``batch_size * world_size`` points.

    All ranks get the same number of points, and a shuffled loader makes no batch of one, whose
    variance batch normalisation cannot compute: an incomplete last batch is filled from the start
    of the order, so that an epoch repeats a few points and omits none. Only a ``batch_size`` of 1,
    or data of one point, make batches of one.

    Args:
        x: Stored points, shape ``(num_points, *data_shape)``; batches are made on their device.
        labels: Their labels, shape ``(num_points,)``.
        batch_size: Points in a batch of one rank.
        seed: Seed of the orders, the same on all ranks; ``None`` keeps the given order.
        rank: Index of this process.
        world_size: Number of processes.
        scale: Maps a batch of stored points to the model's scale, such as bytes to floats; by
            default the identity.
    """

    num_batches: int | None = None
    """Batches in an epoch, for which points are repeated as needed; by default each occurs once."""

    batch_sampler = None  # Lightning asks for it if there is a sampler

    def __init__(
        self,
        x: Tensor,
        labels: Tensor,
        batch_size: int,
        seed: int | None = None,
        rank: int = 0,
        world_size: int = 1,
        scale: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        require_positive(batch_size=batch_size)
        self.x = x
        self.labels = labels
        self.batch_size = batch_size
        self.seed = seed
        self.rank = rank
        self.world_size = world_size
        self.scale = scale
        self.epoch = 0
        self._first = 0  # where the next iteration starts: 0 but after load_state_dict
        self._position = 0  # batches of this epoch handed out so far

    @property
    def sampler(self) -> "TensorLoader":
        """The object to which Lightning passes the epoch, by ``set_epoch``."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of an epoch; a position loaded for another epoch is dropped."""
        if epoch != self.epoch:
            self.epoch, self._first, self._position = epoch, 0, 0

    def state_dict(self) -> dict[str, int | None]:
        points = self._position * self.batch_size * self.world_size
        return {"seed": self.seed, "epoch": self.epoch, "points": points}

    def load_state_dict(self, state: dict[str, int | None]) -> None:
        self.seed, self.epoch = state["seed"], state["epoch"] or 0
        # In points, so that a run can resume with another batch size or number of ranks.
        points = state["points"] or 0
        all_seen = self.num_batches is None and points >= len(self.x)
        self._first = len(self) if all_seen else points // (self.batch_size * self.world_size)
        self._position = self._first

    @property
    def first_batch(self) -> int:
        """Index of the first batch of the next iteration: 0 except after resuming."""
        return self._first

    def __len__(self) -> int:
        if self.num_batches is not None:
            return self.num_batches
        return -(-len(self.x) // (self.batch_size * self.world_size))

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        # A generator runs to its first batch when that is requested, not before: an iterator that
        # is made and dropped (Lightning makes one at set-up) costs no place in the order.
        first, self._first = self._first, 0
        order = self._order().to(self.x.device)
        for position in range(first, len(self)):
            self._position = position + 1
            share = self._share(order, position)
            x = self.x.index_select(0, share)  # several times faster than x[share]
            labels = self.labels.index_select(0, share)
            yield x if self.scale is None else self.scale(x), labels
        self.set_epoch(self.epoch + 1)

    def _order(self) -> Tensor:
        if self.seed is None:
            return torch.arange(len(self.x))
        epoch_seed = (self.seed * 1_000_003 + self.epoch) % 2**63
        generator = torch.Generator().manual_seed(epoch_seed)
        wanted = (self.num_batches or 0) * self.batch_size * self.world_size
        rounds = max(1, -(-wanted // max(len(self.x), 1)))
        return torch.cat([torch.randperm(len(self.x), generator=generator) for _ in range(rounds)])

    def _share(self, order: Tensor, position: int) -> Tensor:
        """Return the indices of this rank's part of a global batch."""
        first, size = position * self.batch_size * self.world_size, self.batch_size
        num_each = min(size, -(-(len(order) - first) // self.world_size))
        if self.seed is not None:
            num_each = max(num_each, min(2, size, len(order)))
        first += self.rank * num_each
        first %= len(order)
        share = order[first : first + num_each]
        while len(share) < num_each:  # filled from the start
            share = torch.cat([share, order[: num_each - len(share)]])
        return share
