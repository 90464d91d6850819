"""Work that every step is spared, and work that it is not."""

import inspect
import os
import platform
import subprocess
import sys

import pytest
import torch
from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer
from lightning.pytorch.plugins import MixedPrecision
from lightning.pytorch.profilers import SimpleProfiler

from gan_lightning.cli.overhead import (
    ALL_THE_TIME,
    NoProfiler,
    forget_absent_gpus,
    give_back,
    remember_signature,
    skip_idle_backward_hooks,
    skip_idle_hooks,
    skip_idle_profiler,
    skip_idle_transfers,
)
from gan_lightning.data import TensorLoader


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


class OneStep(LightningModule):
    """Trains one weight for one batch."""

    def __init__(self):
        super().__init__()
        self.automatic_optimization = False
        self.weight = torch.nn.Parameter(torch.ones(()))

    def training_step(self, batch, batch_idx):
        self.manual_backward(self.weight * batch[0].sum())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)

    def train_dataloader(self):
        return TensorLoader(torch.ones(2), torch.zeros(2), batch_size=2)


class Listener(Callback):
    """Notes when it is called."""

    def __init__(self):
        self.calls = []

    def on_before_backward(self, trainer, pl_module, loss):
        self.calls.append(("before", loss.item()))

    def on_after_backward(self, trainer, pl_module):
        self.calls.append(("after", pl_module.weight.grad.item()))


def backward_hooks_skipped(module, *callbacks, data=None, **settings):
    """Train for a step, and return whether the hooks before and after the backward pass are."""
    quiet = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar"), False)
    quiet |= {"accelerator": "cpu", "devices": 1, "max_epochs": 1, "enable_model_summary": False}
    trainer = Trainer(callbacks=list(callbacks), **quiet, **settings)
    skip_idle_hooks(module, trainer.callbacks)
    skip_idle_backward_hooks(trainer, module)
    skip_idle_transfers(trainer, module, data)
    trainer.fit(module, datamodule=data)
    return {"pre_backward", "post_backward"} & vars(trainer.precision_plugin).keys()


LISTENED = [("before", 2.0), ("after", 2.0)]


def test_hooks_around_the_backward_pass_are_skipped_where_nobody_listens():
    module = OneStep()
    assert backward_hooks_skipped(module) == {"pre_backward", "post_backward"}
    assert module.weight.grad == 2


def test_a_callback_hears_of_the_backward_pass():
    listener = Listener()
    assert not backward_hooks_skipped(OneStep(), listener)
    assert listener.calls == LISTENED


def test_a_callback_that_the_model_brings_hears_of_it_too():
    listener = Listener()

    class Bringing(OneStep):
        def configure_callbacks(self):
            return [listener]

    assert not backward_hooks_skipped(Bringing())
    assert listener.calls == LISTENED


def test_the_model_hears_of_it_itself():
    class Listening(OneStep):
        def on_after_backward(self):
            self.heard = True

    module = Listening()
    assert backward_hooks_skipped(module) == {"pre_backward"}
    assert module.heard


def test_a_loss_is_still_scaled_for_half_precision():
    plugin = MixedPrecision("16-mixed", "cpu", scaler=torch.amp.GradScaler("cpu", init_scale=4.0))
    module = OneStep()
    assert backward_hooks_skipped(module, plugins=[plugin]) == {"post_backward"}
    assert module.weight.grad == 8


class Batches(LightningDataModule):
    """The batch of ``OneStep``."""

    def train_dataloader(self):
        return OneStep.train_dataloader(self)


class Doubled(Batches):
    def on_after_batch_transfer(self, batch, dataloader_idx):
        return tuple(2 * part for part in batch)


@pytest.mark.parametrize(("data", "gradient"), [(Batches(), 2), (Doubled(), 4)])
def test_a_hook_of_a_batchs_transfer_is_called(data, gradient):
    module = OneStep()
    backward_hooks_skipped(module, data=data)
    assert module.weight.grad == gradient


def test_only_a_batch_that_is_where_it_is_needed_is_left_alone(monkeypatch):
    trainer, moved = Trainer(accelerator="cpu", logger=False), []
    kind = type(trainer.strategy)
    monkeypatch.setattr(
        kind, "batch_to_device", lambda _, batch, *_o: moved.append(batch) or "moved"
    )
    skip_idle_transfers(trainer, OneStep(), Batches())
    here, elsewhere = torch.ones(2), torch.ones(2, device="meta")
    assert trainer.strategy.batch_to_device((here, here)) == (here, here)
    for batch in [(here, elsewhere), {"x": here}, here, ()]:
        assert trainer.strategy.batch_to_device(batch) == "moved"
    assert len(moved) == 4
    give_back(trainer)
    assert trainer.strategy.batch_to_device((here, here)) == "moved"


def test_hooks_that_were_skipped_are_there_for_the_next_model():
    trainer = Trainer(accelerator="cpu", logger=False)
    idle = OneStep()
    skip_idle_hooks(idle, trainer.callbacks)
    skip_idle_backward_hooks(trainer, idle)
    assert "pre_backward" in vars(trainer.precision_plugin)
    give_back(trainer)
    give_back(trainer)  # nothing is left to give back
    assert not {"pre_backward", "post_backward"} & vars(trainer.precision_plugin).keys()


def test_a_training_step_keeps_the_arguments_that_it_has():
    before = inspect.getfullargspec(OneStep.training_step)
    remember_signature(OneStep())
    assert "__signature__" in vars(OneStep.training_step)
    assert inspect.getfullargspec(OneStep().training_step) == before
