"""A device made of Python: its tensors live in main memory and refuse to meet those of the CPU.

It finds what otherwise only a GPU finds: a computation that mixes devices, or that reads numbers of
a device as if they were the CPU's. As a program it forks a process for each line of its input, a
list of commands and the file for their output, and answers with the exit code: PyTorch cannot
learn of a device in a process that has computed gradients, such as pytest's.
"""

import json
import os
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import torch
from lightning.pytorch.accelerators import Accelerator, AcceleratorRegistry
from lightning.pytorch.strategies import SingleDeviceStrategy
from lightning.pytorch.trainer.connectors.accelerator_connector import _AcceleratorConnector
from torch.utils import backend_registration
from torch.utils._pytree import tree_leaves, tree_map

from gan_lightning.cli import main
from gan_lightning.features import digits
from gan_lightning.metrics import extractor

NAME = "strict"
FINE, FAILED, CANNOT = range(3)
MEETING = "meeting"
"""Given in place of commands: let the device meet the CPU."""

DEVICE = None  # until ``emulate``
aten = torch.ops.aten

MEET = {aten.copy_.default, aten._to_copy.default}
"""Operations that may meet both devices: copies from one to the other."""

INDEXED = {
    getattr(getattr(aten, name), overload)
    for name, overload in (
        ("index", "Tensor"),
        ("_unsafe_index", "Tensor"),
        ("index_put", "default"),
        ("index_put_", "default"),
        ("_index_put_impl_", "default"),
    )
}
"""Operations that also take indices on the CPU."""

READ = {aten._local_scalar_dense.default, aten.equal.default}
"""Operations that return numbers, not tensors."""


class StrictTensor(torch.Tensor):
    """A tensor of the device, around one of the CPU."""

    @staticmethod
    def __new__(cls, inner):
        outer = torch.Tensor._make_wrapper_subclass(
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=DEVICE,
        )
        outer.inner = inner
        return outer

    def __repr__(self):
        return f"{NAME}({self.inner!r})"

    def __format__(self, spec):
        return format(self.item(), spec) if self.dim() == 0 else repr(self)

    def __reduce_ex__(self, protocol):  # a checkpoint is read on the CPU first
        return self.detach().inner.__reduce_ex__(protocol)

    def tolist(self):
        return self.cpu().tolist()

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        return _run(function, args, kwargs or {})


def _is_strict(device):
    return device is not None and torch.device(device).type == NAME


def _inner(x):
    return x.inner if isinstance(x, StrictTensor) else x


def _check(function, args, strict, others):
    """Refuse what a GPU refuses: tensors of two devices, except single numbers of the CPU."""
    if function in MEET or not strict:
        return
    foreign = [x for x in others if x.dim() > 0]
    if function in INDEXED:
        foreign = [] if isinstance(args[0], StrictTensor) else [args[0]]
    if foreign:
        raise RuntimeError(f"{function} found tensors of the devices {NAME} and cpu.")


def _run(function, args, kwargs):
    """Compute an operation on the CPU; its results belong to the device of its tensors."""
    if function is aten._has_compatible_shallow_copy_type.default:
        return type(args[0]) is type(args[1])
    composed = function.decompose(*args, **kwargs)  # of what inference mode leaves whole
    if composed is not NotImplemented:
        return composed
    tensors = [x for x in tree_leaves((args, kwargs)) if isinstance(x, torch.Tensor)]
    strict = [x for x in tensors if isinstance(x, StrictTensor)]
    _check(function, args, strict, [x for x in tensors if not isinstance(x, StrictTensor)])
    if function is aten.copy_.default:
        _inner(args[0]).copy_(_inner(args[1]))
        return args[0]
    stays = bool(strict) and function not in READ
    if kwargs.get("device") is not None:
        stays = _is_strict(kwargs["device"])
        kwargs = {**kwargs, "device": torch.device("cpu")}
    results = function(*tree_map(_inner, args), **tree_map(_inner, kwargs))
    known = {id(x.inner): x for x in strict}  # operations in place return what they have changed

    def belonging(x):
        if not stays or not isinstance(x, torch.Tensor):
            return x
        return known.get(id(x)) if id(x) in known else StrictTensor(x)

    return tree_map(belonging, results)


def _empty(size, **kwargs):
    return _run(aten.empty.memory_format, (size,), {**kwargs, "device": DEVICE})


def _empty_strided(size, stride, **kwargs):
    return _run(aten.empty_strided.default, (size, stride), {**kwargs, "device": DEVICE})


def _copy_from(source, target, non_blocking=False):
    _inner(target).copy_(_inner(source))
    return target


class StrictAccelerator(Accelerator):
    """Lets Lightning train on the device."""

    def setup_device(self, device):
        pass

    def teardown(self):
        pass

    @staticmethod
    def parse_devices(devices):
        return [DEVICE]

    get_parallel_devices = parse_devices

    @staticmethod
    def auto_device_count():
        return 1

    @staticmethod
    def is_available():
        return True

    def get_device_stats(self, device):
        return {}

    @staticmethod
    def name():
        return NAME


def emulate():
    """Make the device, for ``--trainer.accelerator=strict``, and move the metrics' networks there.

    Returns:
        Whether this PyTorch can have a device made of Python.
    """
    global DEVICE
    set_up = getattr(backend_registration, "_setup_privateuseone_for_python_backend", None)
    if set_up is None:  # in PyTorch 2.10
        return False

    class Backend(backend_registration._DummyBackendModule):
        def get_amp_supported_dtype(self):
            return [torch.bfloat16, torch.float16]

    set_up(NAME, backend_module=Backend())
    DEVICE = torch.device(NAME, 0)
    library = torch.library.Library("aten", "IMPL")
    for name, kernel in (
        ("empty.memory_format", _empty),
        ("empty_strided", _empty_strided),
        ("_copy_from", _copy_from),
    ):
        library.impl(name, kernel, "PrivateUse1")
    StrictAccelerator.library = library  # which ends with the last reference to it
    of_the_cpu = torch.Generator
    torch.Generator = lambda device="cpu": (
        of_the_cpu() if _is_strict(device) else of_the_cpu(device)
    )
    for module in (extractor, digits):
        module.network_device = lambda: DEVICE
    AcceleratorRegistry.register(NAME, StrictAccelerator)
    _AcceleratorConnector._choose_strategy = lambda self: SingleDeviceStrategy(device=DEVICE)
    return True


def meet_the_cpu():
    """Copy between the devices and add a single number, which is fine, and then add tensors."""
    here = torch.ones(3, device=DEVICE)
    assert (here.cpu() + torch.ones(3)).tolist() == [2, 2, 2]
    assert (here + torch.tensor(1.0)).tolist() == [2, 2, 2]
    here + torch.ones(3)


def work(commands, out):
    """Run commands in this process, and return an exit code."""
    torch.set_num_threads(1)
    sys.argv = ["gan_lightning"]
    with Path(out).open("w", buffering=1) as said, redirect_stdout(said), redirect_stderr(said):
        try:
            if not emulate():
                return CANNOT
            if commands == MEETING:
                meet_the_cpu()
            else:
                for command in commands:
                    main(command)
        except BaseException:
            traceback.print_exc()
            return FAILED
    return FINE


if __name__ == "__main__":
    for line in sys.stdin:
        if (process := os.fork()) == 0:
            os._exit(work(*json.loads(line)))
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        sys.stdout.write(f"{code}\n")
        sys.stdout.flush()
