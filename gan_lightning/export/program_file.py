"""Programs of ``torch.export``, with the weights stored beside them as data."""

import zipfile
from pathlib import Path

import torch
from torch import Tensor

from gan_lightning.errors import InputError
from gan_lightning.export.agreement import Agreement, agreement
from gan_lightning.export.graph import SampleGraph, quietly

WEIGHTS_FILE = "gan_lightning.safetensors"
"""Name of what ``gan_lightning.load`` reads in the archive: it never runs the program."""


@torch.no_grad()
def write_program(graph: SampleGraph, weights: bytes, path: Path) -> Agreement:
    """Write a graph as a ``.pt2`` archive, and compare its samples.

    Args:
        graph: The graph that draws samples.
        weights: The content of a safetensors file of the same model.
        path: The file.

    Raises:
        InputError: If no graph can hold the model, or if samples differ.
    """
    with graph.refusing(), quietly():
        # Without the operations that switch gradients on and off, which cannot be saved.
        torch.export.save(graph.program().run_decompositions({}), path)
    with zipfile.ZipFile(path, "a") as archive:
        root = archive.namelist()[0].partition("/")[0]
        archive.writestr(f"{root}/{WEIGHTS_FILE}", weights)
    # Loading unpickles, which is safe for a file just written.
    program = torch.export.load(path).module()

    def run(*inputs: Tensor) -> Tensor:
        return program(*inputs)

    return agreement(graph, run)


def weights_in(path: Path) -> bytes:
    """Return the safetensors file in an archive; nothing else of it is read.

    Raises:
        InputError: If there is none.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            (name,) = [n for n in archive.namelist() if n.rpartition("/")[2] == WEIGHTS_FILE]
            return archive.read(name)
    except (OSError, ValueError, zipfile.BadZipFile, RuntimeError) as error:
        raise InputError(
            f"{path} holds no {WEIGHTS_FILE}, which export writes into it. The program in a .pt2 "
            "file can run anything, so load does not touch it; torch.export.load does."
        ) from error
