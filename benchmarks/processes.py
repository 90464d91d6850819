"""Processes: started, waited for, and killed after some work."""

import os
import resource
import sys
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import gan_lightning

NOTHING: Mapping[str, str] = MappingProxyType({})


def command(
    words: list[str],
    output: Path,
    variables: Mapping[str, str] = NOTHING,
) -> int:
    """Start ``python -m gan_lightning`` with some arguments, and return its process."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "gan_lightning", *words],
        {**os.environ, "PYTHONPATH": str(Path(gan_lightning.__path__[0]).parent), **variables},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 1, str(output), flags, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
    )


def ended(process: int) -> int:
    """Wait for a process, and return its exit code, or minus the signal that ended it."""
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status)


@cache
def import_seconds(output: Path) -> float:
    """Return the CPU seconds of a new process before it does anything, measured once."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended(command(["fit", "--config=gan_iris", "--print_config"], output))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def kill_after(process: int, cpu_seconds: float, sent: int) -> int:
    """Send a signal to a process after some CPU seconds; return how it ended.

    Raises:
        TimeoutError: If it lives on for two minutes.
    """
    code = _wait(process, lambda: worked(process) >= cpu_seconds)
    if code is None:
        os.kill(process, sent)
        deadline = time.monotonic() + 120
        code = _wait(process, lambda: time.monotonic() > deadline)
    if code is None:
        raise TimeoutError(f"signal {sent} did not end process {process}")
    return code


def _wait(process: int, enough: Callable[[], bool]) -> int | None:
    """Wait for a process; return how it ended, or None if ``enough`` came first."""
    while True:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if enough():
            return None
        time.sleep(0.005)


def worked(process: int) -> float:
    """Return the CPU seconds of a process."""
    try:
        table = Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    fields = table.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children(process: int) -> list[int]:
    """Return the processes that a process has started, and that have not ended."""
    try:
        names = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [int(name) for name in names.split()]


def cpu_seconds() -> float:
    """Return the CPU seconds of the commands so far, whatever else the machine did."""
    times = os.times()
    return times.children_user + times.children_system
