"""Which columns of a table follow from others exactly: in every row, and not by chance."""

from collections.abc import Sequence

from torch import Tensor

from gan_lightning.data.columns import Column, Constant
from gan_lightning.data.equations import Equations
from gan_lightning.data.formulas import Formula
from gan_lightning.data.steps import Steps


def found_formulas(
    columns: Sequence[Column], rows: Tensor, alone: Sequence[int] = ()
) -> dict[int, Formula]:
    """Return the formulas of columns that follow from others, in order of evaluation.

    First come numbers that are sums, products or ratios of others, starting with those of the
    finest step and the widest range, since parts make a sum and not the reverse. Then come columns
    with few steps along one or two others: an age band, a tenth of a sum.

    Args:
        columns: The columns in their order.
        rows: Their values, float64, shape ``(num_rows, num_columns)``; NaN is missing.
        alone: Indices of columns whose type a person has specified: they get no formula.
    """
    found: dict[int, Formula] = {}
    equations = Equations(columns, rows)
    for column in equations.order:
        formula = None if column in alone else equations.formula(column, found)
        if formula is not None:
            found[column] = formula
    used = {source for formula in found.values() for source in formula.sources}
    varying = [i for i, column in enumerate(columns) if not isinstance(column, Constant)]
    steps = Steps(columns, rows, varying)
    for column in sorted(varying, key=lambda i: (len(columns[i].levels), -i)):
        if not (column in found or column in used or column in alone):
            formula = steps.formula(column)
            if formula is not None:
                found[column] = formula
                used.update(formula.sources)
    return found
