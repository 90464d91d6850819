"""The passes of a game, recorded as CUDA graphs."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, Protocol

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.core.hooks import ModelHooks
from lightning.pytorch.strategies import SingleDeviceStrategy
from lightning_utilities.core.overrides import is_overridden
from lightning_utilities.core.rank_zero import rank_zero_warn
from torch import Tensor

from gan_lightning.callbacks.compiled import Compiled
from gan_lightning.errors import InputError
from gan_lightning.losses import Penalty
from gan_lightning.models import AdversarialModule
from gan_lightning.models.adversarial import PlayerTerms
from gan_lightning.schedules import Schedule

WARM_UP = 3
"""Passes of a kind before one is recorded: the first choose kernels and make workspaces."""

RECORDING_MODES = {"reduce-overhead", "max-autotune"}
"""Modes in which ``torch.compile`` records CUDA graphs itself."""

Passes = Callable[[PlayerTerms, Tensor, Tensor], Tensor]


class CUDAGraphs(Callback):
    """Starts the forward and backward passes of a player at once, not kernel by kernel.

    A GPU is done with a small network long before its host has started the network's kernels one by
    one. The passes of each kind (of a player, with the penalties that are due) are computed three
    times as usual and then recorded; from then on the recording is replayed, penalties with second
    derivatives included. Steps of optimizers are not recorded, so that learning rates may change.
    Recordings keep the memory of their passes. On another device than a GPU this does nothing, and
    what cannot be recorded on a GPU is computed as usual, as one line says.

    What a game of your own computes in Python, such as a number that depends on the batches seen,
    keeps the value that it had when it was recorded.
    """

    def __init__(self) -> None:
        self._seen: Counter[Hashable] = Counter()
        self._recordings: dict[Hashable, Recording] = {}
        self._memory: Any = None

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self._forget(pl_module)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not on_gpu(pl_module):
            return
        if (reason := why_not(trainer, pl_module)) is not None:
            rank_zero_warn(f"CUDAGraphs records nothing: {reason}.")
        elif "backpropagate" not in vars(pl_module):  # another CUDAGraphs records it
            assert isinstance(pl_module, AdversarialModule)  # see why_not
            passes = partial(self._backpropagate, pl_module, pl_module.backpropagate)
            pl_module.backpropagate = passes  # type: ignore[method-assign]

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self._forget(pl_module)

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Forget all recordings: the weights are moved off the GPU, and ``teardown`` is skipped."""
        self._forget(pl_module)

    def _forget(self, model: LightningModule) -> None:
        vars(model).pop("backpropagate", None)
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
        kind = terms.__name__, model.phase, due, real.shape, real.dtype, labels.shape
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
        self.real, self.labels = real.clone(), labels.clone()
        self.readings: dict[str, Tensor] = {}
        self.penalties: dict[Penalty, Tensor] = {}
        scheduled = [p for p in model.penalties if isinstance(p.weight, Schedule)]
        self.penalty_weights = {p: torch.zeros((), device=model.device) for p in scheduled}
        # The passes of one player give the weights of the other, which are frozen, no gradients.
        learning = [weight for weight in model.parameters() if weight.requires_grad]
        if any(weight.grad is not None for weight in learning):
            _refuse(model, "it adds the gradients of several passes")
        with ExitStack() as stack:
            for penalty, weight in self.penalty_weights.items():
                stack.enter_context(_replaced(penalty, "weight_at", lambda _, w=weight: w))
            stack.enter_context(_replaced(model, "logging_due", True))
            stack.enter_context(_replaced(model, "log_if_due", self.readings.update))
            stack.enter_context(_replaced(model, "log_penalty", self.penalties.__setitem__))
            try:
                self.graph, self.loss = recorded(partial(passes, self.real, self.labels), memory)
            except RuntimeError as error:
                # The end of a recording that has failed fails too, and says less.
                cause = error.__context__
                _refuse(model, cause if isinstance(cause, RuntimeError) else error)
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
        for penalty, value in self.penalties.items():
            self.model.log_penalty(penalty, value)
        if self.model.logging_due:
            self.model.log_if_due({name: value.clone() for name, value in self.readings.items()})
        return self.loss.clone()


class Graph(Protocol):
    """What has been recorded."""

    def replay(self) -> Any:
        """Compute it anew, from and to the same memory."""

    def pool(self) -> Any:
        """Return the memory of what is computed."""


def on_gpu(model: LightningModule) -> bool:
    """Return whether a model is where CUDA graphs can be recorded."""
    return model.device.type == "cuda"


def why_not(trainer: Trainer, model: LightningModule) -> str | None:
    """Return why the passes of a run must not be recorded, if so."""
    if not isinstance(model, AdversarialModule):
        return f"{type(model).__name__} has no two players"
    if not isinstance(trainer.strategy, SingleDeviceStrategy):
        return f"it records one process alone, and not with {type(trainer.strategy).__name__}"
    if torch.is_anomaly_enabled():
        return "detect_anomaly reads every number"
    settings = vars(model.augmentation or object)
    for name in (name for name, value in settings.items() if isinstance(value, Schedule)):
        return f"the {name} of {type(model.augmentation).__name__} follows a schedule"
    callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]
    if any(isinstance(c, Compiled) and c.mode in RECORDING_MODES for c in callbacks):
        return "Compiled records graphs of its own"
    return _hook_of_passes(model, callbacks)


def _hook_of_passes(model: LightningModule, callbacks: Iterable[Callback]) -> str | None:
    """Return what says that a hook would have to run in each pass, if there is one."""
    owners: list[tuple[Any, type]] = [(model, ModelHooks), *((c, Callback) for c in callbacks)]
    for owner, idle in owners:
        for hook in ("on_before_backward", "on_after_backward"):
            if is_overridden(hook, owner, idle):
                return f"{type(owner).__name__} has {hook}, which belongs to every pass"
    return None


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


def _refuse(model: AdversarialModule, reason: object) -> None:
    first = str(reason).partition("\n")[0].rstrip(".")
    too_large = isinstance(reason, torch.OutOfMemoryError)
    smaller = "lower batch_size, set micro_batches, or " if too_large else ""
    raise InputError(
        f"CUDAGraphs: the passes of {type(model).__name__} cannot be recorded ({first}); {smaller}"
        "leave CUDAGraphs out."
    )


@contextmanager
def _replaced(owner: Any, name: str, other: Any) -> Iterator[None]:
    """Give an object another attribute for a while."""
    before = vars(owner).get(name)
    setattr(owner, name, other)
    try:
        yield
    finally:
        delattr(owner, name)
        if before is not None:
            setattr(owner, name, before)
