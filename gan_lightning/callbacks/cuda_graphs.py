"""The passes of a game, recorded as CUDA graphs."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, Protocol

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning_utilities.core.rank_zero import rank_zero_warn
from torch import Tensor

from gan_lightning.errors import InputError
from gan_lightning.models import AdversarialModule
from gan_lightning.models.adversarial import PlayerTerms
from gan_lightning.schedules import Schedule

WARM_UP = 3
"""Passes of a kind before one is recorded: the first choose kernels and make workspaces."""

Passes = Callable[[PlayerTerms, Tensor, Tensor], Tensor]


class CUDAGraphs(Callback):
    """Starts the forward and backward passes of a player at once, not kernel by kernel.

    A GPU is done with a small network long before its host has started the network's kernels one by
    one. The passes of each kind (of a player, with the penalties that are due) are computed three
    times as usual and then recorded; from then on the recording is replayed, penalties with second
    derivatives included. Steps of optimizers are not recorded, so that learning rates may change.
    On another device than a GPU this does nothing, and neither with several processes, as one line
    says.

    What a game of your own computes in Python, such as a number that depends on the batches seen,
    keeps the value that it had when it was recorded.
    """

    def __init__(self) -> None:
        self._seen: Counter[Hashable] = Counter()
        self._recordings: dict[Hashable, Recording] = {}
        self._memory: Any = None

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Make sure that the model's passes can be recorded.

        Raises:
            InputError: If they cannot.
        """
        if stage != "fit":
            return
        if not isinstance(pl_module, AdversarialModule):
            raise InputError(
                f"CUDAGraphs records the players of a game; {type(pl_module).__name__} is none."
            )
        changing = [
            name
            for name, value in vars(pl_module.augmentation or object).items()
            if isinstance(value, Schedule)
        ]
        if changing:
            raise InputError(
                f"CUDAGraphs: the {changing[0]} of {type(pl_module.augmentation).__name__} follows "
                "a schedule, which a recording cannot; use a number, or leave CUDAGraphs out."
            )

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, AdversarialModule)  # see setup
        if trainer.world_size > 1:
            rank_zero_warn("CUDAGraphs does nothing with several processes.")
        elif can_record(pl_module) and "backpropagate" not in vars(pl_module):
            passes = partial(self._backpropagate, pl_module, pl_module.backpropagate)
            pl_module.backpropagate = passes  # type: ignore[method-assign]

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        vars(pl_module).pop("backpropagate", None)
        self._seen.clear()
        self._recordings.clear()
        self._memory = None

    def _backpropagate(
        self,
        model: AdversarialModule,
        passes: Passes,
        terms: PlayerTerms,
        real: Tensor,
        labels: Tensor,
    ) -> Tensor:
        """Replay the recording of a player's passes, once there is one."""
        judging = terms == model.discriminator_terms
        due = tuple(map(id, model.due_penalties())) if judging else ()
        logged = model.logging_due
        kind = terms.__name__, model.phase, due, logged, real.shape, real.dtype, labels.shape
        if kind not in self._recordings:
            self._seen[kind] += 1
            if self._seen[kind] <= WARM_UP:
                return passes(terms, real, labels)
            recording = Recording(model, partial(passes, terms), real, labels, self._memory)
            self._recordings[kind] = recording
            self._memory = recording.graph.pool()
        return self._recordings[kind].replay(real, labels)


class Recording:
    """The recorded passes of a player.

    Args:
        model: The game.
        passes: Computes the player's gradients and returns its loss, from points and labels.
        real: A batch of real points.
        labels: Their labels.
        memory: The memory of other recordings, none of which is needed while this one is replayed.

    Raises:
        InputError: If the passes cannot be recorded.
    """

    def __init__(
        self,
        model: AdversarialModule,
        passes: Callable[[Tensor, Tensor], Tensor],
        real: Tensor,
        labels: Tensor,
        memory: Any = None,
    ) -> None:
        self.model = model
        self.readings: dict[str, Tensor] = {}
        self.real, self.labels = real.clone(), labels.clone()
        scheduled = [p for p in model.penalties if isinstance(p.weight, Schedule)]
        self.penalty_weights = {p: torch.zeros((), device=model.device) for p in scheduled}
        with ExitStack() as stack:
            for penalty, weight in self.penalty_weights.items():
                stack.enter_context(_replaced(penalty, "weight_at", lambda _, w=weight: w))
            stack.enter_context(_replaced(model, "log_if_due", self.readings.update))
            try:
                self.graph, self.loss = recorded(partial(passes, self.real, self.labels), memory)
            except RuntimeError as error:
                # The end of a recording that has failed fails too, and says less.
                reason = str(error.__context__ or error).partition("\n")[0].rstrip(".")
                raise InputError(
                    f"CUDAGraphs: the passes of {type(model).__name__} cannot be recorded "
                    f"({reason}); leave CUDAGraphs out."
                ) from error
        # The passes of one player give the weights of the other, which are frozen, no gradients.
        learning = [weight for weight in model.parameters() if weight.requires_grad]
        self.gradients = [(weight, weight.grad) for weight in learning if weight.grad is not None]

    def replay(self, real: Tensor, labels: Tensor) -> Tensor:
        """Set the player's gradients for a batch, and return its loss."""
        self.real.copy_(real)
        self.labels.copy_(labels)
        for penalty, weight in self.penalty_weights.items():
            weight.fill_(penalty.weight_at(self.model.points_seen))
        self.graph.replay()
        for weight, gradient in self.gradients:
            weight.grad = gradient
        if self.readings:
            self.model.log_if_due({name: value.clone() for name, value in self.readings.items()})
        return self.loss.clone()


class Graph(Protocol):
    """What has been recorded."""

    def replay(self) -> Any:
        """Compute it anew, from and to the same memory."""

    def pool(self) -> Any:
        """Return the memory of what is computed."""


def can_record(model: LightningModule) -> bool:
    """Return whether a model is where CUDA graphs can be recorded."""
    return model.device.type == "cuda"


def recorded(passes: Callable[[], Tensor], memory: Any = None) -> tuple[Graph, Tensor]:
    """Record passes without computing them.

    Args:
        passes: Computes gradients, and returns a loss.
        memory: The memory that they may share with earlier recordings.

    Returns:
        The recording, and the tensor that it will write the loss to.
    """
    graph = torch.cuda.CUDAGraph()
    # Autocast remembers converted weights: the graph converts its own, and leaves none behind.
    torch.clear_autocast_cache()
    with torch.cuda.graph(graph, pool=memory):
        loss = passes()
    torch.clear_autocast_cache()
    return graph, loss


@contextmanager
def _replaced(owner: Any, method: str, other: Callable[..., Any]) -> Iterator[None]:
    """Put another function in the place of an object's method."""
    setattr(owner, method, other)
    try:
        yield
    finally:
        delattr(owner, method)
