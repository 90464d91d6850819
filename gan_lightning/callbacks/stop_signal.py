"""A graceful stop on Ctrl-C or SIGTERM."""

import signal
import threading
from types import FrameType
from typing import Any

from lightning.pytorch import Trainer


class StopSignal:
    """Remembers that Ctrl-C or SIGTERM asked the process to stop; a second Ctrl-C interrupts."""

    def __init__(self) -> None:
        self.signum: int | None = None
        self._handlers: dict[int, Any] = {}

    def listen(self) -> None:
        """Handle the two signals; only the main thread can."""
        if threading.current_thread() is threading.main_thread():
            for signum in (signal.SIGINT, signal.SIGTERM):
                self._handlers[signum] = signal.signal(signum, self._remember)

    def release(self) -> None:
        """Restore the previous handlers."""
        while self._handlers:
            signal.signal(*self._handlers.popitem())

    def received(self, trainer: Trainer) -> bool:
        """Return whether any rank was asked to stop: all must stop at the same batch."""
        asked = self.signum is not None
        if trainer.world_size > 1:
            asked = trainer.strategy.reduce_boolean_decision(asked, all=False)
        return asked

    def _remember(self, signum: int, frame: FrameType | None) -> None:
        if self.signum is not None and signum == signal.SIGINT:
            raise KeyboardInterrupt
        self.signum = self.signum or signum
