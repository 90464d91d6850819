"""Work that every step is spared, and work that it is not."""

import os
import platform
import subprocess
import sys

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.profilers import SimpleProfiler

from gan_lightning.cli.overhead import (
    ALL_THE_TIME,
    NoProfiler,
    forget_absent_gpus,
    skip_idle_hooks,
    skip_idle_profiler,
)


class Busy(Callback):
    def on_train_batch_end(self, *args):
        return "worked"


class BusyModule(LightningModule):
    def on_after_backward(self):
        return "worked"


def test_an_empty_hook_is_skipped_and_one_that_works_is_called():
    module, busy, idle = BusyModule(), Busy(), Callback()
    skip_idle_hooks(module, [busy, idle])
    assert busy.on_train_batch_end() == module.on_after_backward() == "worked"
    for owner, own in ((module, "on_after_backward"), (busy, "on_train_batch_end"), (idle, None)):
        assert all(getattr(owner, hook) is None for hook in ALL_THE_TIME if hook != own)


FAULTS = """
import resource, torch
from gan_lightning.cli.overhead import keep_freed_memory
keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
before = faults()
for _ in range(20):
    tensors = [torch.ones(2**20) for _ in range(8)]
    del tensors
print(faults() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is set")
@pytest.mark.parametrize(
    ("setting", "few"), [({}, True), ({"MALLOC_TRIM_THRESHOLD_": "131072"}, False)]
)
def test_freed_memory_is_kept_unless_the_c_library_is_set_otherwise(setting, few):
    environment = {n: v for n, v in os.environ.items() if not n.startswith("MALLOC_")} | setting
    words = [sys.executable, "-c", FAULTS]
    found = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    pages = 20 * 8 * 4 * 2**20 // os.sysconf("SC_PAGE_SIZE")
    assert (int(found.stdout) < pages / 4) == few


def test_a_hook_that_was_set_on_one_object_is_still_called():
    callback = Callback()
    callback.on_train_batch_start = lambda *args: "worked"
    skip_idle_hooks(BusyModule(), [callback])
    assert callback.on_train_batch_start() == "worked"


def test_the_nvml_check_that_lightning_wants_is_kept_where_there_is_a_gpu(monkeypatch):
    for available, expected in ((True, "1"), (False, "0")):
        monkeypatch.setenv("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
        monkeypatch.setattr(torch.cuda, "is_available", lambda found=available: found)
        forget_absent_gpus()
        assert os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] == expected


@pytest.mark.parametrize(("asked", "expected"), [(None, NoProfiler), ("simple", SimpleProfiler)])
def test_a_requested_profiler_measures_and_an_idle_one_is_replaced(asked, expected):
    trainer = Trainer(accelerator="cpu", logger=False, profiler=asked)
    skip_idle_profiler(trainer)
    assert type(trainer.profiler) is expected
    with trainer.profiler.profile("outer"), trainer.profiler.profile("inner"):
        pass
