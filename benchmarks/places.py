"""Faults of the disk, the clock and the folder of a run."""

import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from doomed_runs import BATCHES, End, Run, without_pictures
from processes import ended
from strikes import KILLED, in_step

REFUSED = 2
"""Exit code of a command that ends with a sentence."""

Trial = Callable[[str, Path, End, random.Random], bool | None]
"""Tries a fault on a model; returns whether it was survived, or None where it did not strike."""


@contextmanager
def small_disk(place: Path, kibibytes: int) -> Iterator[None]:
    """Mount a disk in memory over a folder.

    Raises:
        PermissionError: If this process may not.
    """
    place.mkdir(parents=True)
    if os.geteuid() != 0 or not shutil.which("mount"):
        raise PermissionError("only root mounts a disk")
    size = f"size={kibibytes}k"
    mount = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        raise PermissionError("this system mounts no disk")
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def remount(place: Path, options: str) -> None:
    """Change a mounted disk."""
    subprocess.run(["mount", "-o", f"remount,{options}", str(place)], check=True)


def killed(run: Run, chance: random.Random) -> bool:
    """Kill a run in a step of its second half; return whether that happened."""
    return in_step(range(BATCHES // 2, BATCHES - 10))(run, chance, 0) in KILLED


def on_disk(name: str, place: Path) -> Run:
    """Return a run on a small disk; its output is written elsewhere."""
    run = Run(name, place / "run")
    run.output = place.with_name("output")
    return run


def full_disk(name: str, place: Path, expected: End, chance: random.Random) -> bool | None:
    """Fill the disk at a random share of what a run writes, and make room for it afterwards."""
    with small_disk(place, chance.randint(60, 400)):
        run = on_disk(name, place)
        code = run.fit(without_pictures)
        if code == 0:
            return None
        whole = code == REFUSED and run.holds() >= 0
        remount(place, "size=64m")
        return whole and run.fit(without_pictures) == 0 and run.ended_as(expected)


def read_only(name: str, place: Path, expected: End, chance: random.Random) -> bool | None:
    """Resume a run where nothing can be written, and later where it can."""
    with small_disk(place, 65536):
        run = on_disk(name, place)
        if not killed(run, chance):
            return None
        held = run.holds()
        remount(place, "ro")
        whole = run.fit(without_pictures) == REFUSED and run.holds() == held
        remount(place, "rw")
        return whole and run.fit(without_pictures) == 0 and run.ended_as(expected)


def clock_set_back(name: str, place: Path, expected: End, chance: random.Random) -> bool | None:
    """Resume a run at a time before it began: ``time.time`` is set back."""
    run, back = Run(name, place), chance.choice([60, 3600, 86400, 10 * 365 * 86400])
    if not killed(run, chance):
        return None
    now = time.time

    def arrange() -> None:
        time.time = lambda: now() - back
        without_pictures()

    return run.fit(arrange) == 0 and run.ended_as(expected)


def clock_of_the_system_set_back(
    name: str, place: Path, expected: End, chance: random.Random
) -> bool | None:
    """Resume a run with the command at an earlier time, set by libfaketime.

    Raises:
        PermissionError: If libfaketime is not installed.
    """
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if library is None:
        raise PermissionError("libfaketime is not installed")
    run, back = Run(name, place), chance.choice(["-60", "-3600", "-1d", "-10y"])
    if not killed(run, chance):
        return None
    faked = {"LD_PRELOAD": str(library), "FAKETIME": back}
    return ended(run.start(faked)) == 0 and run.ended_as(expected)


def moved(name: str, place: Path, expected: End, chance: random.Random) -> bool | None:
    """Move the folder of a killed run elsewhere, and resume it there."""
    run = Run(name, place)
    if not killed(run, chance):
        return None
    run.move_to(place)
    return run.fit(without_pictures) == 0 and run.ended_as(expected)


TRIALS: dict[str, Trial] = {
    "disk full, then room again": full_disk,
    "folder read-only, then not": read_only,
    "clock set back between two processes": clock_set_back,
    "clock set back by libfaketime": clock_of_the_system_set_back,
    "folder moved between two processes": moved,
}
