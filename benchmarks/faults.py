"""What a run survives: a table of faults, how often each was tried, survived and lost.

    OMP_NUM_THREADS=1 python benchmarks/faults.py [--kills 500] [--times 10] [--seed 0]
        [--only WORDS]

Five tiny models are trained on Iris for 75 or 80 batches, with a checkpoint after every eighth:
once undisturbed, and then again and again with faults of one kind, until all kills are used up.
Processes are forked from one that has imported everything; a tenth of the kills hits new processes
that run the command. Pictures are drawn only in those, and where a fault is meant to hit one. A
fault is survived if every checkpoint can be read after it and holds no fewer batches than before,
and if the resumed run ends with the weights, optimizers, averages, random states and curves of the
undisturbed run, bit for bit. Otherwise all faults of that run count as lost. What this machine
cannot do is skipped with a line: a small disk needs root, another clock needs libfaketime.
"""

import argparse
import logging
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from contextlib import suppress
from itertools import cycle
from pathlib import Path

from doomed_runs import MODELS, End, Run, without_pictures
from places import TRIALS
from strikes import KILLED, STRIKES
from tensorboard.backend.event_processing.directory_watcher import DirectoryDeletedError
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan_lightning.checkpoint_files import load_checkpoint
from gan_lightning.errors import InputError

Found = tuple[int, int]
"""How many faults were tried, and how many of them lost something."""


class Bench:
    """The runs on which every fault is tried.

    Args:
        root: Folder for all runs.
        seed: Seed of the moments at which faults strike.
    """

    def __init__(self, root: Path, seed: int) -> None:
        self.root, self.chance, self.number = root, random.Random(seed), 0
        self.ends: dict[str, End] = {}
        self.seconds: dict[str, float] = {}
        self.reads = self.damaged = 0

    def run(self, name: str) -> Run:
        """Return a new run of a model."""
        self.number += 1
        return Run(name, self.root / f"run_{self.number}")

    def end(self, name: str) -> End:
        """Return how a model's undisturbed run ends; it is trained once for all faults."""
        if name not in self.ends:
            calm, before = self.run(name), os.times().children_user
            if calm.fit(without_pictures) != 0:
                output = (self.root / "output").read_text(encoding="utf-8")
                raise RuntimeError(f"the run of {name} failed:\n{output[-2000:]}")
            self.ends[name] = calm.end()
            self.seconds[name] = os.times().children_user - before
        return self.ends[name]

    def kill(self, fault: str, kills: int) -> tuple[int, int]:
        """Let a fault hit runs this often; return how often it was tried and lost something."""
        strike, names, _ = STRIKES[fault]
        found: Counter[str] = Counter()
        for name in cycle(names):
            expected, run, hits, whole, held = self.end(name), self.run(name), 0, True, 0
            trace: list[tuple[int, int]] = []  # exit code, batches saved by then
            share = min(kills - found["tried"], max(1, kills // len(names)))
            with Reader(run) as reader:
                while hits < share:
                    code = strike(run, self.chance, self.seconds[name])
                    if code == 0:
                        break
                    hits += 1
                    held, before = run.holds(), held
                    whole = whole and code in KILLED and held >= before
                    trace.append((code, held))
                code = 0 if code == 0 else run.fit(without_pictures)
            self.reads, self.damaged = self.reads + reader.reads, self.damaged + reader.damaged
            whole = whole and code == 0 and run.ended_as(expected)
            found.update(tried=hits, lost=0 if whole else max(1, hits))
            if whole:
                shutil.rmtree(run.root)
            else:
                sys.stderr.write(f"lost: {fault}, {name} in {run.root}: {trace}, then {code}\n")
            if found["tried"] >= kills:
                return found["tried"], found["lost"]
        raise AssertionError("there is no model")

    def try_out(self, fault: str, times: int) -> Found | None:
        """Try a fault of disk, clock or folder this often; None where this machine cannot."""
        tried = lost = 0
        for name in [*MODELS] * -(-times // len(MODELS)):
            self.number += 1
            place = self.root / f"run_{self.number}"
            try:
                survived = TRIALS[fault](name, place, self.end(name), self.chance)
            except PermissionError as error:
                sys.stderr.write(f"{fault}: not tried: {error}\n")
                return None
            tried += survived is not None
            lost += survived is False
        return tried, lost


class Reader:
    """Reads a run's checkpoints and curves again and again in a process of its own.

    Args:
        run: The run.
    """

    def __init__(self, run: Run) -> None:
        self.run, self.notes = run, run.root.parent / "read"
        self.reads = self.damaged = 0

    def __enter__(self) -> "Reader":
        self.notes.write_text("0 0", encoding="ascii")
        bench = os.getpid()
        self.process = os.fork()
        if self.process == 0:
            try:
                while os.getppid() == bench:
                    self.read()
                    self.notes.write_text(f"{self.reads} {self.damaged}", encoding="ascii")
                    time.sleep(0.5)
            except Exception:
                traceback.print_exc()
            finally:
                os._exit(1)
        return self

    def read(self) -> None:
        """Read whatever is there; what vanishes meanwhile was a run without a checkpoint."""
        for path in (self.run.last, self.run.last.with_name("best.ckpt")):
            if path.exists():
                try:
                    load_checkpoint(path)
                except InputError as error:
                    if path.exists():
                        self.damaged += 1
                        sys.stderr.write(f"a read of the folder meanwhile: {error}\n")
                self.reads += 1
        if self.run.folder.is_dir():
            with suppress(OSError, DirectoryDeletedError):
                EventAccumulator(str(self.run.folder)).Reload()

    def __exit__(self, *_: object) -> None:
        os.kill(self.process, signal.SIGKILL)
        _, status = os.waitpid(self.process, 0)
        noted = self.notes.read_text(encoding="ascii").split() or ["0", "0"]
        self.reads, self.damaged = map(int, noted)
        self.damaged += os.waitstatus_to_exitcode(status) != -signal.SIGKILL  # it could not read


def table(found: dict[str, Found | None]) -> str:
    """Return a Markdown table with a row for each fault."""
    lines = ["| fault | tried | survived | lost |", "|---|---|---|---|"]
    known = {fault: numbers for fault, numbers in found.items() if numbers is not None}
    for fault, (tried, lost) in known.items():
        lines.append(f"| {fault} | {tried} | {tried - lost} | {lost} |")
    tried, lost = (sum(column) for column in zip(*known.values(), strict=True))
    return "\n".join([*lines, f"| all | {tried} | {tried - lost} | {lost} |"])


def measure(bench: Bench, kills: int, times: int, only: str = "") -> dict[str, Found | None]:
    """Try all faults, or only those whose names contain some words, and print the outcomes."""
    found: dict[str, Found | None] = {}
    parts = sum(part for _, _, part in STRIKES.values())
    for fault in (fault for fault in TRIALS if only in fault):
        found[fault] = bench.try_out(fault, times)
        sys.stderr.write(f"{fault}: {found[fault]}\n")
    for fault, (_, _, part) in STRIKES.items():
        if only in fault:
            found[fault] = bench.kill(fault, max(1, round(kills * part / parts)))
            sys.stderr.write(f"{fault}: {found[fault]}\n")
    found["a read of the folder meanwhile"] = bench.reads, bench.damaged
    return found


def main() -> None:
    """Print the table of a bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--times", type=int, default=10, help="trials of each other fault")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="words in the names of the faults to try")
    options = parser.parse_args()
    sys.argv = ["gan_lightning"]
    logging.getLogger("tensorboard").setLevel(logging.ERROR)  # a killed run's curves are cut
    with tempfile.TemporaryDirectory() as root:
        bench = Bench(Path(root), options.seed)
        lines = table(measure(bench, options.kills, options.times, options.only))
    sys.stdout.write(f"{lines}\n")


if __name__ == "__main__":
    main()
