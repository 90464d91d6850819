"""Your own table in Python: a frame in, a frame out."""

from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd
import torch
from lightning.pytorch import Trainer, seed_everything
from lightning.pytorch.utilities.seed import isolate_rng

from gan_lightning.callbacks import GeneratorEMA, SamplerFit
from gan_lightning.data import FrameTable
from gan_lightning.data.found_columns import ColumnType
from gan_lightning.data.table_units import TableUnits
from gan_lightning.errors import InputError, require_positive
from gan_lightning.models import TableModel
from gan_lightning.sampling import drawn
from gan_lightning.schedules import Cosine
from gan_lightning.table_sampling import drawn_given, imputed

BATCH_SIZE = 512
BATCHES_PER_EPOCH = 100


class TableSynthesizer:
    """Learns a frame of pandas and draws others like it, by the settings of ``configs/csv.yaml``.

    It trains on all rows: to evaluate samples, hold out rows first.

    Args:
        target: The column within whose categories small tables are modelled; by default the last
            one, if it has few values.
        drop: Columns to leave out.
        types: Types of columns by name, where their cells do not show them.
        epochs: Epochs of 100 batches of 512 rows.
        seed: Seed of the training.

    Example:
        >>> import pandas as pd
        >>> sizes, kinds = [1.5, 2.0, 2.5, 7.0, 7.5, 8.0], list("aaabbb")
        >>> frame = pd.DataFrame({"size": sizes * 5, "kind": kinds * 5})
        >>> samples = TableSynthesizer(target="kind").fit(frame).sample(100, seed=0)
        >>> list(samples), sorted(samples["kind"].unique())
        (['size', 'kind'], ['a', 'b'])
    """

    def __init__(
        self,
        target: str | None = None,
        drop: Sequence[str] = (),
        types: Mapping[str, ColumnType] | None = None,
        epochs: int = 4,
        seed: int = 0,
    ) -> None:
        require_positive(epochs=epochs)
        self.target = target
        self.drop = drop
        self.types = types
        self.epochs = epochs
        self.seed = seed
        self.model: TableModel | None = None

    def fit(self, frame: pd.DataFrame) -> "TableSynthesizer":
        """Learn a frame, and return the synthesizer."""
        data = FrameTable(
            frame, self.target, self.drop, self.types, BATCH_SIZE, BATCHES_PER_EPOCH, val_fraction=0
        )
        with isolate_rng():
            seed_everything(self.seed, verbose=False)
            points = float(self.epochs * BATCHES_PER_EPOCH * BATCH_SIZE)
            model = TableModel(
                data.data_shape,
                num_classes=data.num_classes,
                blocks=data.blocks,
                num_points=data.num_points,
                optimizer=partial(torch.optim.AdamW, lr=5e-3, weight_decay=1e-2, fused=True),
                lr_scheduler=Cosine(1.0, 0.0, points),
            )
            self._trainer().fit(model, data)
        assert isinstance(data.units, TableUnits)
        self.model, self.units = model, data.units
        return self

    def _trainer(self) -> Trainer:
        return Trainer(
            max_epochs=self.epochs,
            limit_val_batches=0,
            callbacks=[GeneratorEMA(20_000), SamplerFit()],
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )

    def sample(
        self, num_samples: int, given: str | None = None, seed: int | None = None
    ) -> pd.DataFrame:
        """Draw rows with the frame's columns, types, decimals and order.

        Args:
            num_samples: Number of rows.
            given: Cells that each row must have: ``species=setosa,age>=40``.
            seed: Seed that makes the rows repeatable; by default they differ each time.

        Raises:
            InputError: If nothing was fitted, or the given cells are impossible.
        """
        model = self._fitted()
        require_positive(num_samples=num_samples)
        with isolate_rng():
            torch.seed() if seed is None else torch.manual_seed(seed)
            if given is None:
                rows = torch.cat([self.units.unscale(x) for x in drawn(model, num_samples)])
            else:
                rows = torch.cat(list(drawn_given(model, self.units, given, num_samples)))
            return self.units.frame(rows)

    def impute(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a frame with its gaps filled by values drawn given the other cells."""
        return imputed(self._fitted(), self.units, frame)

    def _fitted(self) -> TableModel:
        if self.model is None:
            raise InputError("TableSynthesizer has not been fitted to a frame yet: call fit.")
        return self.model
