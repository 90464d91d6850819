"""One process at a time trains in a run's folder."""

import os
import sys
from pathlib import Path

from gan_lightning.errors import InputError

if sys.platform != "win32":
    import fcntl


class RunLock:
    """The right to train in a folder: a lock of the operating system that ends with the process.

    It leaves no file behind, so a folder is free again after any crash.

    Args:
        folder: The run's folder; it is created if missing.

    Raises:
        InputError: If another process holds it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._descriptor: int | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if sys.platform != "win32":
                self._descriptor = os.open(folder, os.O_RDONLY)
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.release()
            raise InputError(
                f"{folder} is in use by another training process; wait for it to end, or start a "
                "new run."
            ) from error
        except OSError as error:
            if self._descriptor is None:
                raise InputError(f"{folder} cannot be used: {error.strerror}.") from error
            # A file system without locks: the folder is watched all the same.

    def check(self) -> None:
        """Make sure that the folder is still where it was.

        Raises:
            InputError: If it was removed or renamed meanwhile.
        """
        if self._descriptor is None:
            return
        try:
            same = os.path.samestat(os.fstat(self._descriptor), self.folder.stat())
        except OSError:
            same = False
        if not same:
            raise InputError(
                f"{self.folder}, the run's folder, is gone: it was removed or renamed while the "
                "run was training, and nothing can be saved there."
            )

    def release(self) -> None:
        """Let other processes train in the folder."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
