"""Batches of tensors in memory, without Python per sample."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from gan_lightning.errors import require_positive


class TensorLoader:
    """Yields ``(x, labels)`` batches; shuffled loaders draw a new order for every epoch.

    An order is a function of the seed and the epoch, so the state of a loader is two numbers, and
    a run that resumes from them sees the batches that it would have seen. With several ranks,
    each takes its share of every global batch of ``batch_size * world_size`` points.

    All ranks get as many points, and a shuffled loader gives none of them a single one, of which
    batch normalisation knows no variance: where the last batch lacks points, the order goes on from
    its start, so that an epoch shows a few points twice and leaves out none. Only a ``batch_size``
    of 1, or data of one point, make batches of one.

    Args:
        x: Points as they are kept, shape ``(num_points, *data_shape)``.
        labels: Their labels, shape ``(num_points,)``.
        batch_size: Points in a batch of one rank.
        seed: Seed of the orders, the same on all ranks; ``None`` keeps the given order.
        rank: Index of this process.
        world_size: Number of processes.
        scale: Turns a batch of points as they are kept into the model's scale, such as bytes into
            floats; by default they are in it.
    """

    num_batches: int | None = None
    """Batches of an epoch, in which points come as often as it takes; by default each once."""

    batch_sampler = None  # Lightning asks for it wherever there is a sampler

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
        self._position = 0  # batches of this epoch that were handed out

    @property
    def sampler(self) -> "TensorLoader":
        """The object that Lightning tells the epoch, by ``set_epoch``."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of an epoch; a position that was loaded for another epoch is dropped."""
        if epoch != self.epoch:
            self.epoch, self._first, self._position = epoch, 0, 0

    def state_dict(self) -> dict[str, int | None]:
        points = self._position * self.batch_size * self.world_size
        return {"seed": self.seed, "epoch": self.epoch, "points": points}

    def load_state_dict(self, state: dict[str, int | None]) -> None:
        self.seed, self.epoch = state["seed"], state["epoch"] or 0
        # In points, so that a run may go on with another batch size or another number of ranks.
        points = state["points"] or 0
        all_seen = self.num_batches is None and points >= len(self.x)
        self._first = len(self) if all_seen else points // (self.batch_size * self.world_size)
        self._position = self._first

    @property
    def first_batch(self) -> int:
        """Index of the batch that the next iteration starts with: 0 except after resuming."""
        return self._first

    def __len__(self) -> int:
        if self.num_batches is not None:
            return self.num_batches
        return -(-len(self.x) // (self.batch_size * self.world_size))

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        # A generator runs to its first batch when that is asked for, not before: an iterator that
        # is made and dropped (Lightning makes one at set-up) costs no place in the order.
        first, self._first = self._first, 0
        order = self._order()
        for position in range(first, len(self)):
            self._position = position + 1
            share = self._share(order, position)
            x = self.x[share]
            yield x if self.scale is None else self.scale(x), self.labels[share]
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
        return order[torch.arange(first, first + num_each) % len(order)]
