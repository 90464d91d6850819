"""Rows of a table: their categories one after another, then their measured values."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from lightning_utilities.core.rank_zero import rank_zero_warn
from torch import Tensor

from gan_lightning.errors import InputError, require_positive
from gan_lightning.models.generative import Batch
from gan_lightning.models.latent import LatentModel, MakeSampler, SamplerDuty
from gan_lightning.models.one_loss import OneLossModel
from gan_lightning.networks import MakeVelocity, MLPVelocity, Shape, VelocityField, built
from gan_lightning.networks.autoregressive import AutoregressiveCategories
from gan_lightning.networks.rows import RowLayout
from gan_lightning.networks.transport import carried
from gan_lightning.samplers import ConditionalScores, GaussianCopula

MASKED = 0.35
"""Share of the training rows with some cells given."""


class TableModel(LatentModel, OneLossModel):
    """Categories by an autoregressive network, then numbers given these by flow matching.

    Categories are drawn from distributions, unlike one-hot outputs of a network. Numbers flow as
    ``ConditionalScores``, in which a bound that depends on categories stands still. In a third of
    the training rows a random part of the cells is given, so that samples can be drawn with any
    cells fixed. Small tables, whose rows networks would memorise, get a Gaussian copula for each
    label instead, fitted before the first batch; then the model is conditional, and the run ends
    at once.

    ``train/category_loss`` is the cross-entropy of a row's categories in nats, and
    ``velocity_loss`` is that of ``FlowMatching``; validation uses rows without given cells.

    Args:
        data_shape: Shape of one row; the command line takes it from the data module.
        num_classes: Number of labels, for copulas; also from the data module.
        blocks: Widths of the blocks of an encoded row: 1 for a number, k for k categories; also
            from the data module.
        num_points: Number of rows; also from the data module.
        velocity: Makes the velocity field of the numbers.
        hidden_dim: Width of the network of categories.
        num_steps: Midpoint steps from noise to a sample.
        copula_up_to: Number of rows up to which copulas are chosen; 0 for networks always.
    """

    averaged: ClassVar[tuple[str, ...]] = ("categories", "velocity")

    def __init__(
        self,
        data_shape: Shape,
        *,
        num_classes: int | None = None,
        blocks: Sequence[int] = (),
        num_points: int | None = None,
        velocity: MakeVelocity = MLPVelocity,
        hidden_dim: int = 32,
        num_steps: int = 20,
        copula_up_to: int = 1000,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        require_positive(num_steps=num_steps, hidden_dim=hidden_dim)
        self.data_shape = tuple(data_shape)
        (self.latent_dim,) = self.data_shape
        self.num_points = num_points
        self.num_steps = num_steps
        self.layout = RowLayout(blocks, self.latent_dim)
        self.small = num_points is not None and num_points <= copula_up_to
        if self.small:
            self.averaged = ()  # type: ignore[misc]
            self.automatic_optimization = False
            self.know_labels(num_classes or 1)
            self.sampler: GaussianCopula | ConditionalScores = GaussianCopula(
                self.latent_dim, num_classes or 1, blocks
            )
            return
        self.sampler = ConditionalScores(self.latent_dim, blocks)
        sizes, num_numbers = self.layout.sizes, len(self.layout.numbers)
        if sizes:
            self.categories = AutoregressiveCategories(sizes, num_numbers, hidden_dim)
        if num_numbers:
            shape = (2 * num_numbers + sum(sizes) + len(sizes),)
            self.velocity = built("velocity", VelocityField, velocity, shape)
        present = {"categories": sizes, "velocity": num_numbers}
        self.averaged = tuple(n for n in self.averaged if present[n])  # type: ignore[misc]

    def on_fit_start(self) -> None:
        """Say how a small table is modelled."""
        if self.small and not self.sampler.fitted:
            rank_zero_warn(
                f"The table has {self.num_points} rows: a Gaussian copula for each label is fitted "
                "to them, since networks would memorise so few. --model.copula_up_to 0 "
                "trains networks anyway."
            )

    def losses(self, x: Tensor, labels: Tensor) -> dict[str, Tensor]:
        if self.small:
            return {}
        held = self._some_cells(x) if self.training else torch.zeros_like(self._cells(x))
        values, codes = self.layout.values(x), self.layout.codes(x)
        held_values, held_codes = held.split([values.shape[1], codes.shape[1]], 1)
        terms = {}
        if codes.shape[1]:
            parts = codes, held_codes, values, held_values
            if self.training:  # categories need fewer rows than numbers
                some = torch.randperm(len(x), device=x.device)[: -(-len(x) // 2)]
                parts = codes[some], held_codes[some], values[some], held_values[some]
            losses = self.best("categories")(*parts)
            terms["category_loss"] = losses.sum(0).mean()
        if values.shape[1]:
            known = self.layout.known(codes, x[:, self.layout.hot_columns])
            scores = self._conditional.scored(values, codes)
            terms["velocity_loss"] = self._velocity_loss(scores, known, held_values)
        loss = torch.stack(list(terms.values())).sum()
        return {"loss": loss, **{name: term.detach() for name, term in terms.items()}}

    def _velocity_loss(self, values: Tensor, known: Tensor, held: Tensor) -> Tensor:
        noise = torch.randn_like(values)
        # One time from each of equally many parts of [0, 1]: the loss varies less.
        part = torch.randperm(len(values), device=values.device).to(values)
        t = (part + torch.rand_like(part)) / len(values)
        between = torch.where(held, values, torch.lerp(noise, values, t[:, None]))
        found = self._velocity(between, t, known, held)
        errors = (found - (values - noise)).square() * ~held
        return errors.sum() / (~held).sum().clamp_min(1)

    def _velocity(self, values: Tensor, t: Tensor, known: Tensor, held: Tensor) -> Tensor:
        """Return the velocities of numbers, given the categories; given numbers do not move."""
        point = torch.cat([values, held * 2.0 - 1, known], 1).to(values)
        return self.best("velocity")(point, t)[:, : values.shape[1]] * ~held

    def _cells(self, x: Tensor) -> Tensor:
        """Return a boolean for each cell of rows: numbers first, then categories."""
        count = len(self.layout.numbers) + len(self.layout.sizes)
        return torch.ones(x.shape[0], count, dtype=torch.bool, device=x.device)

    def _some_cells(self, x: Tensor) -> Tensor:
        """Return random given cells: none in most rows, and a random share in the others."""
        cells = self._cells(x)
        share = torch.rand(len(x), 1, device=x.device)
        some = torch.rand(len(x), 1, device=x.device) < MASKED
        return cells & some & (torch.rand(cells.shape, device=x.device) < share)

    def sample(self, num_samples: int, labels: Tensor | None = None) -> Tensor:
        labels = self.asked_labels(num_samples, labels)
        if self.small:
            return self.sampler.sample(num_samples, labels)
        nothing = self.at_home(torch.zeros(num_samples, self.latent_dim, device=self.device))
        return self.completed(nothing, torch.zeros_like(self._cells(nothing)))

    def random_labels(self, num_samples: int) -> Tensor:
        """Draw labels in the shares of training, rounded to whole numbers at random."""
        counts = self.label_counts.double()
        ends = torch.where(counts.sum() > 0, counts, 1).cumsum(0)
        places = torch.arange(num_samples, device=self.device) + torch.rand(1, device=self.device)
        labels = torch.searchsorted(ends / ends[-1], places.double() / max(num_samples, 1))
        order = torch.randperm(num_samples, device=self.device)
        return labels.clamp(max=len(counts) - 1)[order]

    def completed(self, x: Tensor, held: Tensor) -> Tensor:
        """Draw the cells that are not given, shape ``(batch, *data_shape)``, without gradients.

        Args:
            x: Encoded rows, of which only given cells matter.
            held: Which cells are given, booleans: the numbers in their order, then the categories.
        """
        if isinstance(self.sampler, GaussianCopula):
            return self.sampler.completed(x, held, self.label_counts)
        x = self.at_home(x)
        values, codes = self.layout.values(x), self.layout.codes(x)
        held_values, held_codes = held.split([values.shape[1], codes.shape[1]], 1)
        with self.evaluating():
            if codes.shape[1]:
                codes = self.best("categories").sample(
                    codes, held_codes, values, held_values, self._conditional.exclusions
                )
            if values.shape[1]:
                known = self.layout.known(codes)
                scores = self._conditional.scored(values, codes)
                start = torch.where(held_values, scores, torch.randn_like(values))
                scores = carried(
                    start, lambda x, t: self._velocity(x, t, known, held_values), self.num_steps
                )
                drawn = self._conditional.unscored(scores, codes)
                values = torch.where(held_values, values, drawn)
            return self.layout.joined(values, codes)

    def encode(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the rows themselves: copulas are fitted to them."""
        return self.at_home(x)

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the rows themselves."""
        return z

    @property
    def planned_batches(self) -> int | None:  # type: ignore[override]
        """One, after which copulas are fitted and nothing is left to train; None for networks."""
        return 1 if self.small else None

    @property
    def _conditional(self) -> ConditionalScores:
        assert isinstance(self.sampler, ConditionalScores)
        return self.sampler

    def sampler_duty(self) -> SamplerDuty:
        if self.sampler.fitted:
            return "rest"
        return "follow" if self.small else "fit"

    def complete(self, weights: dict[str, Tensor]) -> None:
        self.sampler.complete(weights, "sampler.")

    def exchange_sampler(self, sampler: MakeSampler) -> None:
        if not self.small:
            raise InputError("--sampler: the networks of a TableModel draw from no other sampler.")
        super().exchange_sampler(sampler)

    def training_step(self, batch: Batch, batch_idx: int) -> Any:
        if not self.small:
            return super().training_step(batch, batch_idx)
        self.count_labels(batch[1])
        return None

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return [] if self.small else super().configure_optimizers()
