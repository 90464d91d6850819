r"""Train the shipped experiments, judge them with `test`, and write the tables of docs/results.md.

    python benchmarks/table.py [--experiments cgan_mnist …] [--seeds 0 1 2] [--minutes 15] \
        [--runs FOLDER] [--kept FOLDER] [--mnist ROOT] [--pictures FOLDER] \
        [--set KEY=VALUE …] [--write]

Each experiment is trained from its config to its end, or for at most `--minutes` by the clock.
`test` then compares 10 000 samples of the last checkpoint with the test points, and the health
monitor's rules are applied to the curves. The figures of each run are kept in a file, by default in
benchmarks/results, and a run with a file is not repeated. Without `--seeds`, each experiment has
those that have files, or 0. Several seeds give a mean ± standard deviation. `--write` puts the
tables between their marks in docs/results.md.
"""

import argparse
import json
import math
import re
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import torch
import yaml
from health import judged_run
from processes import cpu_seconds

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "docs" / "results.md"

COLUMNS = {  # a table for each kind of data, known by its first column
    "images": {
        "fid": "FID ↓",
        "kid": "KID ↓",
        "precision": "precision",
        "recall": "recall",
        "density": "density",
        "coverage": "coverage",
        "class_tv": "class TV ↓",
        "memorised": "memorised",
        "diversity": "diversity",
        "accuracy": "requested class",
        "tstr": "TSTR",
    },
    "points": {
        "log_likelihood": "log-likelihood",
        "modes": "modes",
        "high_quality": "high quality",
        "width": "width (1)",
        "reverse_kl": "reverse KL ↓",
        "ks": "KS ↓",
    },
    "tables": {
        "ks": "KS ↓",
        "wasserstein": "Wasserstein ↓",
        "correlation_error": "correlations off by ↓",
        "c2st": "C2ST (½)",
        "tstr": "TSTR",
        "dcr": "DCR (1)",
    },
}

Judged = dict[str, Any]
"""What a run's ``metrics.json`` holds, the ``cpu_seconds`` of ``fit``, and its ``health``."""


def main() -> None:
    """Run what has not been run yet, and print or write the tables."""
    arguments = _arguments()
    results = {
        experiment: [
            _judged(experiment, seed, arguments)
            for seed in arguments.seeds or _kept_seeds(experiment, arguments.kept)
        ]
        for experiment in arguments.experiments
    }
    for kind, columns in COLUMNS.items():
        rows = {name: runs for name, runs in results.items() if _kind(runs[0]) == kind}
        if rows:
            table = _table(rows, columns)
            print(f"\n{table}")
            if arguments.write:
                _write(kind, table)


def _arguments() -> argparse.Namespace:
    known = sorted(path.stem for path in (ROOT / "configs").glob("*.yaml"))
    known.remove("classifier_mnist")  # which draws no samples
    parser = argparse.ArgumentParser()
    parser.add_argument("--experiments", nargs="+", default=known, choices=known)
    parser.add_argument("--seeds", type=int, nargs="+", help="default: those with files, or 0")
    parser.add_argument("--minutes", type=float, help="at most this many by the clock for each run")
    parser.add_argument("--runs", type=Path, default=ROOT / "lightning_logs" / "benchmarks")
    parser.add_argument("--kept", type=Path, default=ROOT / "benchmarks" / "results")
    parser.add_argument("--mnist", help="folder of MNIST, where it need not be fetched")
    parser.add_argument("--pictures", help="folder of pictures for dcgan_folder")
    parser.add_argument("--set", nargs="+", default=[], help="KEY=VALUE arguments of fit")
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


def _kept_seeds(experiment: str, kept: Path) -> list[int]:
    names = [path.stem for path in kept.glob(f"{experiment}-seed*.json")]
    return sorted(int(name.rpartition("-seed")[2]) for name in names) or [0]


def _judged(experiment: str, seed: int, arguments: argparse.Namespace) -> Judged:
    """Return the figures of ``test`` for an experiment, trained before or now."""
    kept = arguments.kept / f"{experiment}-seed{seed}.json"
    if not kept.is_file():
        folder = arguments.runs.absolute() / f"{experiment}-seed{seed}"
        limit = [f"--trainer.max_time={_clock(arguments.minutes)}"] if arguments.minutes else []
        started = cpu_seconds()
        _command(
            "fit",
            f"--config=configs/{experiment}.yaml",
            f"--seed_everything={seed}",
            f"--trainer.default_root_dir={folder}",
            *limit,
            *_data_at_hand(experiment, arguments),
            *[f"--{setting}" for setting in arguments.set],
        )
        seconds = cpu_seconds() - started
        checkpoint = max(folder.rglob("last.ckpt"), key=lambda path: path.stat().st_mtime)
        run = checkpoint.parent.parent
        _command("test", f"--ckpt_path={checkpoint}")
        judged = json.loads((run / "metrics.json").read_text())
        kept.parent.mkdir(parents=True, exist_ok=True)
        device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
        spent = {"cpu_seconds": round(seconds, 1), "device": device}
        judged |= {**spent, "health": judged_run(run)[-1]}
        kept.write_text(json.dumps(judged, indent=2) + "\n")
    return json.loads(kept.read_text())


def _command(*args: str) -> None:
    subprocess.run([sys.executable, "-m", "gan_lightning", *args], check=True, cwd=ROOT)


def _data_at_hand(experiment: str, arguments: argparse.Namespace) -> list[str]:
    data = yaml.safe_load((ROOT / "configs" / f"{experiment}.yaml").read_text())["data"]
    place = "data.init_args"
    if data["class_path"] == "Clustered":
        data, place = data["init_args"]["data"], "data.init_args.data.init_args"
    if data["class_path"] in ("MNIST", "StackedMNIST") and arguments.mnist:
        return [f"--{place}.root={Path(arguments.mnist).absolute()}", f"--{place}.download=false"]
    if data["class_path"] == "ImageFolder" and arguments.pictures:
        return [f"--{place}.root={Path(arguments.pictures).absolute()}"]
    return []


def _clock(minutes: float) -> str:
    """Return minutes in Lightning's format, days:hours:minutes:seconds."""
    seconds = round(minutes * 60)
    return f"00:{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _kind(judged: Judged) -> str:
    return next(
        kind for kind, columns in COLUMNS.items() if next(iter(columns)) in judged["values"]
    )


def _table(rows: dict[str, list[Judged]], columns: dict[str, str]) -> str:
    first = next(iter(rows.values()))[0]
    used = {k: v for k, v in columns.items() if any(k in r[0]["values"] for r in rows.values())}
    lines = [
        f"| config | {' | '.join(used.values())} | seeds | CPU min | health monitor |",
        "|---" * (len(used) + 4) + "|",
    ]
    best_first = sorted(rows.items(), key=lambda row: _distance(row[1], next(iter(used))))
    for name, runs in best_first:
        cells = [_cell([run["values"].get(key) for run in runs]) for key in used]
        minutes = statistics.mean(run["cpu_seconds"] for run in runs) / 60
        health = "; ".join(dict.fromkeys(run["health"] for run in runs))
        spent = f"{len(runs)} | {minutes:.1f}"
        lines.append(f"| `{name}` | {' | '.join(cells)} | {spent} | {health} |")
    floor = [_cell([first["floor"].get(key)]) for key in used]
    lines.append(f"| *real training points* | {' | '.join(floor)} | | | |")
    return "\n".join([*lines, "", _protocols(rows)])


def _protocols(rows: dict[str, list[Judged]]) -> str:
    """Return the protocol of most rows, and the others with the rows to which they apply."""
    of = {name: runs[0]["protocol"] for name, runs in rows.items()}
    usual = Counter(of.values()).most_common(1)[0][0]
    others = {
        protocol: [name for name in of if of[name] == protocol]
        for protocol in dict.fromkeys(of.values())
        if protocol != usual
    }
    lines = [
        f"- {', '.join(f'`{name}`' for name in names)}: {protocol}."
        for protocol, names in others.items()
    ]
    return "\n".join([f"Protocol: {usual}.", *([""] if lines else []), *lines])


def _distance(runs: list[Judged], quantity: str) -> float:
    """Return how far a mean is from a perfect sampler's value, which may lie on either side."""
    values = [run["values"].get(quantity) for run in runs]
    if None in values:
        return math.inf
    return abs(statistics.mean(values) - runs[0]["goals"].get(quantity, 0.0))


def _cell(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return ""
    mean = statistics.mean(known)
    digits = 1 if abs(mean) >= 10 else 3
    spread = f" ± {statistics.stdev(known):.{digits}f}" if len(known) > 1 else ""
    return f"{round(mean, digits) or 0.0:.{digits}f}{spread}"  # not -0.000


def _write(kind: str, table: str) -> None:
    """Put a table between its marks in docs/results.md."""
    begin, end = f"<!-- results: {kind} -->", f"<!-- end of results: {kind} -->"
    text = RESULTS.read_text(encoding="utf-8")
    pattern = f"{re.escape(begin)}.*?{re.escape(end)}"
    if not re.search(pattern, text, re.DOTALL):
        sys.exit(f"{RESULTS.name} has no place for the results of {kind}: {begin} … {end}")
    replaced = re.sub(pattern, lambda _: f"{begin}\n{table}\n{end}", text, flags=re.DOTALL)
    RESULTS.write_text(replaced, encoding="utf-8")


if __name__ == "__main__":
    main()
