"""Fisher's Iris flowers, bundled with scikit-learn."""

from collections.abc import Sequence

import torch
from sklearn.datasets import load_iris

from gan_lightning.data.columns import Categorical, Column, Continuous
from gan_lightning.data.table import Table
from gan_lightning.errors import InputError, did_you_mean

SMALLEST = 0.1
"""The smallest length in centimetres that differs from 0 in data rounded to 0.1 cm."""


class Iris(Table):
    """Four measurements in centimetres of 150 flowers of three species; needs no download.

    Labels are the index among the chosen species.

    Args:
        species: The species to keep, out of setosa, versicolor and virginica; all by default.
        species_column: Append the species to each row, so that sampled rows carry theirs.
        batch_size: Rows in a batch.
        val_fraction: Share of the rows of each species that is held out for validation; with 0,
            validation compares with the training rows.
        test_fraction: Share that is held out only for ``test``; with 0, ``test`` uses the
            validation rows.
        split_seed: Seed of the split, separate from the run's, so that runs can be compared.
        decimals: Places after the point to which generated centimetres are rounded, by default the
            data's own; ``null`` leaves them unrounded.
    """

    split_by_content = False  # runs can be compared with earlier ones

    def __init__(
        self,
        species: Sequence[str] | None = None,
        species_column: bool = False,
        batch_size: int = 32,
        val_fraction: float = 0.3,
        test_fraction: float = 0.0,
        split_seed: int = 0,
        decimals: int | None = 1,
    ) -> None:
        if decimals is not None and decimals < 0:
            raise InputError(f"decimals must not be negative, found {decimals}.")
        iris = load_iris()
        names = [str(name) for name in iris.target_names]
        chosen = _checked(names if species is None else species, names)
        target = torch.from_numpy(iris.target)
        labels = torch.full_like(target, -1)
        for label, name in enumerate(chosen):
            labels[target == names.index(name)] = label
        kept = labels >= 0

        rows = torch.from_numpy(iris.data)[kept]
        columns: list[Column] = [
            Continuous(name, decimals, SMALLEST) for name in iris.feature_names
        ]
        if species_column:
            rows = torch.cat([rows, labels[kept, None].to(rows)], 1)
            columns.append(Categorical("species", tuple(chosen)))
        super().__init__(
            columns,
            rows,
            labels[kept],
            batch_size,
            val_fraction,
            test_fraction,
            split_seed,
            label_names=chosen,
        )


def _checked(species: Sequence[str], known: list[str]) -> list[str]:
    if isinstance(species, str):
        raise InputError(f"species: expected a list of names, found the text {species!r}.")
    if not species or len(set(species)) < len(species):
        raise InputError(
            f"species: expected different names out of {known}, found {list(species)}."
        )
    for name in species:
        if name not in known:
            hint = did_you_mean(name, known)
            raise InputError(f"species: {name!r} is none of {', '.join(known)}.{hint}")
    return list(species)
