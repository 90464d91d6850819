"""What a job on two hosts survives: a table of faults, how often tried, survived and lost.

    OMP_NUM_THREADS=1 python benchmarks/hosts.py [--kills 20] [--times 4] [--seed 0]
        [--only WORDS]

Each host is a ``torchrun`` agent (c10d rendezvous, as many restarts as it takes) with one training
process; two of them train one model together, on the loopback device or each in its own network
namespace, which needs root. Agents are forked from a process that has imported everything. A kill
ends an agent and its process, and a stand-in for the cluster's scheduler starts the agent again.
When a host stops answering, the others must end after ``PATIENCE`` with a sentence, and the job
resumes when the host is back. A fault is survived if the job then ends with the weights,
optimizers, averages, random states and curves of an undisturbed one, bit for bit.
"""

import argparse
import logging
import random
import re
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

from doomed_runs import MODELS, End, same
from faults import Found, table
from host_networks import Place, loopback, namespaces
from two_hosts import Job

PATIENCE = timedelta(seconds=20)
"""How long a process of these jobs waits for one that does not answer."""

MARGIN = 120
"""Seconds within which they must say so: on a busy machine, a process ends slowly."""

SAVES = 10
"""How often a job saves."""

SENTENCE = "because another process of this run did not answer in time. What was saved"

TRACEBACK = re.compile(r"^Traceback", re.MULTILINE)
"""The first line of a training process's traceback; an agent's begins with the time."""


class Silence(NamedTuple):
    """A way in which a host stops answering.

    Attributes:
        begins: Silences a host of a job.
        speakers: How many of the two processes then report that the other does not answer.
        ends: Lets a host of a job answer again, or hands it over to the scheduler.
    """

    begins: Callable[[Job, int], None]
    speakers: int
    ends: Callable[[Job, int], None]


LOOPBACK = {
    "process of one host stopped": Silence(
        partial(Job.stop, agent_too=False), 1, lambda job, host: None
    ),
    "one host stopped, then started anew": Silence(partial(Job.stop, agent_too=True), 1, Job.kill),
}
NAMESPACES = {
    "link between two namespaces down, then up": Silence(
        lambda job, host: job.place.link("down"), 2, lambda job, host: job.place.link("up")
    ),
}


class Bench:
    """The jobs on which every fault is tried.

    Args:
        root: Folder for all runs.
        seed: Seed of the moments at which faults strike.
    """

    def __init__(self, root: Path, seed: int) -> None:
        self.root, self.chance, self.number = root, random.Random(seed), 0
        self.ends: dict[str, tuple[End, float]] = {}

    def job(self, name: str, place: Place) -> Job:
        """Return a new job that trains a model."""
        self.number += 1
        return Job(name, self.root / f"job_{self.number}", place, PATIENCE)

    def end(self, name: str) -> tuple[End, float]:
        """Return how an undisturbed job ends, and its CPU seconds; it is trained once for all."""
        if name not in self.ends:
            with loopback() as place, self.job(name, place) as job:
                seconds = job.finish()
                self.ends[name] = job.end(), seconds
        return self.ends[name]

    def kill(self, place: Place, kills: int) -> Found:
        """Kill one host of a job at random moments, this often; return what was tried and lost."""
        tried = lost = 0
        for name in cycle(MODELS):
            expected, seconds = self.end(name)
            share, hits = min(kills - tried, max(1, kills // len(MODELS))), 0
            with self.job(name, place) as job:
                while hits < share and job.works_for(self.chance.uniform(0, seconds)):
                    job.kill(self.chance.randrange(2))
                    hits += 1
                job.finish()
                tried += hits
                lost += hits * (not self.ended_as(expected, job, name))
            if tried >= kills:
                break
        return tried, lost

    def silence(self, place: Place, times: int, silence: Silence) -> Found:
        """Silence a host this often; return how often that was tried, and lost the job."""
        lost = 0
        for name, _ in zip(cycle(MODELS), range(times), strict=False):
            expected, seconds = self.end(name)
            with self.job(name, place) as job:
                host = self.chance.randrange(2)
                # CPU seconds vary twofold on a busy machine: only checkpoints show progress.
                job.saves(self.chance.randint(2, SAVES - 4))
                job.works_for(self.chance.uniform(0, 1 / SAVES) * seconds)
                sentences = job.said().count(SENTENCE) + silence.speakers
                silence.begins(job, host)
                told = job.wait(partial(job.has_said, SENTENCE, sentences), MARGIN)
                silence.ends(job, host)
                job.finish()
                lost += not self.ended_as(expected, job, name, told)
        return times, lost

    def ended_as(self, expected: End, job: Job, name: str, told: bool = True) -> bool:
        """Return whether a job ended as an undisturbed one did; if not, keep its output.

        Args:
            expected: How the undisturbed one ended.
            job: The job.
            name: Its model.
            told: Whether the processes that waited for a silent host have reported it.
        """
        whole, traceback = same(job.end(), expected), bool(TRACEBACK.search(job.said()))
        survived = whole and told and not traceback
        if not survived:
            sys.stderr.write(
                f"lost: {name} in {job.run.root}, {whole=}, {told=}, {traceback=}\n"
                f"{job.said()[-5000:]}\n"
            )
        return survived


def measure(bench: Bench, kills: int, times: int, only: str = "") -> dict[str, Found | None]:
    """Try all faults, or only those whose names contain some words, and print the outcomes."""
    found: dict[str, Found | None] = {}
    for where, place, silences in (
        ("on loopback", loopback, LOOPBACK),
        ("in a namespace", namespaces, NAMESPACES),
    ):
        trials = {f"SIGKILL of one of two hosts {where}": partial(bench.kill, kills=kills)} | {
            fault: partial(bench.silence, times=times, silence=silence)
            for fault, silence in silences.items()
        }
        for fault, try_out in trials.items():
            if only in fault:
                try:
                    with place() as there:
                        found[fault] = try_out(there)
                except PermissionError as error:
                    found[fault] = None
                    sys.stderr.write(f"{fault}: not tried: {error}\n")
                sys.stderr.write(f"{fault}: {found[fault]}\n")
    return found


def main() -> None:
    """Print the table of a bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="of each place")
    parser.add_argument("--times", type=int, default=5, help="trials of each other fault")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="words in the names of the faults to try")
    options = parser.parse_args()
    sys.argv = ["gan_lightning"]
    logging.getLogger("tensorboard").setLevel(logging.ERROR)  # a killed run's curves are cut
    with tempfile.TemporaryDirectory() as root:
        found = measure(Bench(Path(root), options.seed), options.kills, options.times, options.only)
    sys.stdout.write(f"{table(found)}\n")


if __name__ == "__main__":
    main()
