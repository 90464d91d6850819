"""Rows by CTGAN or TVAE at their defaults, for ``tables.py`` to judge.

    python habits.py {ctgan,tvae} TRAINING.csv ROWS.csv --rows 4000 --seed 0

It runs in an environment of its own, which needs nothing but ``pip install ctgan`` (Xu et al.,
2019), in one thread. Both take numbers without gaps: a missing one is a random observed one beside
a column that says so, and a missing category is a category. Numbers of at most ``FEW`` values are
categories, as their authors' guide asks of a person to declare.
"""

import argparse

import numpy as np
import pandas as pd
import torch
from ctgan import CTGAN, TVAE

FEW = 20
GAP = "(missing)"
MODELS = {"ctgan": CTGAN, "tvae": TVAE}


def main() -> None:
    """Fit one of the two to a table, and write as many rows as asked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model", choices=sorted(MODELS))
    parser.add_argument("training")
    parser.add_argument("drawn")
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    np.random.seed(arguments.seed)
    table = pd.read_csv(arguments.training)
    numbers = [n for n in table if is_number(table[n]) and table[n].nunique() > FEW]
    complete, discrete = without_gaps(table, numbers, np.random.default_rng(arguments.seed))
    model = MODELS[arguments.model](enable_gpu=False)
    model.fit(complete, discrete)
    drawn = model.sample(arguments.rows)
    with_gaps(drawn, table, numbers).to_csv(arguments.drawn, index=False)


def is_number(column: pd.Series) -> bool:
    """Return whether a column holds numbers and no truth values."""
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def without_gaps(
    table: pd.DataFrame, numbers: list[str], random: np.random.Generator
) -> tuple[pd.DataFrame, list[str]]:
    """Return a table in which nothing is missing, and its discrete columns."""
    complete = table.copy()
    discrete = [name for name in table if name not in numbers]
    for name in discrete:
        complete[name] = table[name].astype(object).where(table[name].notna(), GAP).astype(str)
    for name in numbers:
        gone = table[name].isna()
        if gone.any():
            complete.loc[gone, name] = random.choice(table.loc[~gone, name], int(gone.sum()))
            complete[name + GAP] = gone.astype(str)
            discrete.append(name + GAP)
    return complete, discrete


def with_gaps(drawn: pd.DataFrame, table: pd.DataFrame, numbers: list[str]) -> pd.DataFrame:
    """Return drawn rows with the gaps, the columns and the decimals of a table."""
    for name in table:
        if name not in numbers:
            drawn[name] = drawn[name].where(drawn[name] != GAP, None)
            continue
        places = max(map(decimals, table[name].dropna()))
        drawn[name] = drawn[name].round(places)
        if name + GAP in drawn:
            drawn[name] = drawn[name].where(drawn[name + GAP] != "True")
    return drawn[list(table)]


def decimals(value: float) -> int:
    """Return the places behind the point of a number as written."""
    return len(np.format_float_positional(value, trim="-").partition(".")[2])


if __name__ == "__main__":
    main()
