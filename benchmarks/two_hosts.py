"""One job on two hosts: ``torchrun`` agents in forked processes, and what restarts them."""

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import torch
from doomed_runs import End, Run, speak_into, without_pictures
from host_networks import Place
from processes import children, worked
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from gan_lightning.cli import main

STRATEGY = (
    "--trainer.strategy=DDPStrategy",
    "--trainer.strategy.find_unused_parameters=true",
)
"""The default strategy, but with the patience."""

LAST = "lightning_logs/*/version_*/checkpoints/last.ckpt"
"""Where a job saves, within the folder of its files."""

OWN_STORE = {"TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
"""Else agents would keep one store across restarts, with addresses of ended processes."""

PAUSE = 3
"""Seconds before a scheduler restarts what is down."""

LONGEST = 900
"""Seconds without a checkpoint after which a job counts as hung."""


class Job:
    """A run of two processes on two hosts.

    Args:
        name: Its model.
        root: Folder for its files.
        place: Where its hosts are.
        patience: How long a process waits for one that does not answer.
    """

    def __init__(self, name: str, root: Path, place: Place, patience: timedelta) -> None:
        self.run, self.place, self.patience = Run(name, root), place, patience
        self.run.output = root / "output"
        self.agents: list[int | None] = [None, None]
        self.down_since = [0.0, 0.0]
        self.complete = False
        self.port = free_port()
        self.used: dict[int, float] = {}

    def __enter__(self) -> "Job":
        return self

    def __exit__(self, *_: object) -> None:
        for host in range(2):
            self.kill(host)

    def tend(self) -> bool:
        """Start what is down, as a scheduler would; return whether the job is unfinished."""
        for host, agent in enumerate(self.agents):
            if agent is not None:
                ended, status = os.waitpid(agent, os.WNOHANG)
                if ended:
                    self._note_end(host)
                    self.complete = self.complete or status == 0
            elif not self.complete and time.monotonic() > self.down_since[host] + PAUSE:
                self.agents[host] = self._start(host)
        self.used |= {process: worked(process) for host in range(2) for process in self.work(host)}
        return not self.complete or self.agents != [None, None]

    def works_for(self, cpu_seconds: float) -> bool:
        """Let it run until both processes have worked this long; return whether it still runs."""
        enough = sum(self.used.values()) + cpu_seconds
        return self.wait(lambda: sum(self.used.values()) >= enough, LONGEST)

    def saves(self, times: int) -> bool:
        """Let it run until it has saved this often; return whether it still runs."""
        moments: set[int] = set()

        def enough() -> bool:
            moments.update(self._saved())
            return len(moments) >= times

        return self.wait(enough, LONGEST)

    def finish(self) -> float:
        """Let it end, and return the CPU seconds of all its processes that train.

        Raises:
            TimeoutError: If it hangs.
        """
        saved: set[int] | None = None
        while self.tend() and self._saved() != saved:
            saved = self._saved()
            self.wait(lambda: False, LONGEST)
        if self.tend():
            raise TimeoutError(f"the job in {self.run.root} hangs:\n{self.said()[-3000:]}")
        return sum(self.used.values())

    def wait(self, enough: Callable[[], bool], seconds: float) -> bool:
        """Tend it until ``enough``, its end or a timeout; return whether ``enough`` came first."""
        deadline = time.monotonic() + seconds
        while self.tend() and time.monotonic() < deadline:
            if enough():
                return True
            time.sleep(0.1)
        return False

    def said(self) -> str:
        """Return the output of its processes so far."""
        return self.run.output.read_text(encoding="utf-8")

    def has_said(self, words: str, times: int) -> bool:
        """Return whether some words occur at least this often in the output of its processes."""
        return self.said().count(words) >= times

    def work(self, host: int) -> list[int]:
        """Return the training processes of a host."""
        agent = self.agents[host]
        return [] if agent is None else children(agent)

    def stop(self, host: int, agent_too: bool) -> None:
        """Stop the training processes of a host, with or without their agent."""
        agent = self.agents[host]
        send([agent] if agent_too and agent is not None else [], signal.SIGSTOP)
        send(self.work(host), signal.SIGSTOP)

    def kill(self, host: int) -> None:
        """Kill all processes of a host, the agent before it can react to the others' end."""
        agent, others = self.agents[host], self.work(host)
        if agent is not None:
            send([agent, *others], signal.SIGKILL)
            os.waitpid(agent, 0)
            self._note_end(host)

    def _saved(self) -> set[int]:
        """Return when its last checkpoint was written."""
        return {path.stat().st_mtime_ns for path in self.run.root.glob(LAST)}

    def _note_end(self, host: int) -> None:
        self.agents[host], self.down_since[host] = None, time.monotonic()

    def end(self) -> End:
        """Return the content of its last checkpoint, and its curves."""
        (self.run.folder,) = {path.parents[1] for path in self.run.root.glob(LAST)}
        return self.run.end()

    def _start(self, host: int) -> int:
        agent = os.fork()
        if agent == 0:
            code = 1
            try:
                speak_into(self.run.output)
                self.place.enter(host)
                os.environ |= {"GLOO_SOCKET_IFNAME": self.place.device, **OWN_STORE}
                elastic_launch(self._launched(host), _fit)(self._words(), self.run.root)
                code = 0
            except ChildFailedError:  # the agent has said so
                pass
            finally:
                sys.stderr.flush()
                os._exit(code)
        return agent

    def _launched(self, host: int) -> LaunchConfig:
        return LaunchConfig(
            min_nodes=2,
            max_nodes=2,
            nproc_per_node=1,
            run_id="job",
            rdzv_backend="c10d",
            rdzv_endpoint=f"{self.place.addresses[0]}:{self.port}",
            rdzv_configs={"is_host": host == 0, "read_timeout": 20},
            local_addr=self.place.addresses[host],
            max_restarts=100,
            start_method="fork",
        )

    def _words(self) -> list[str]:
        seconds = int(self.patience.total_seconds())
        return [
            f"--config={self.run.config}",
            f"--trainer.default_root_dir={self.run.root}",
            *STRATEGY,
            f"--trainer.strategy.timeout=0:00:{seconds:02}",
        ]


def free_port() -> int:
    """Return a port of this machine that no other job uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def send(processes: Iterable[int], sent: int) -> None:
    """Send a signal to processes, some of which may have ended."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, sent)


def _fit(words: list[str], root: Path) -> None:
    """Start the run, or resume it where it has left a checkpoint, as ``fit_or_resume.sh`` does."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # not the agent's, which a fork inherits
    torch.set_num_threads(1)
    without_pictures()
    left = any(root.glob(LAST))
    main(["fit", *words, *(["--ckpt_path=last"] if left else [])])
