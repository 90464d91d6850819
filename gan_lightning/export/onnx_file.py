"""ONNX files, which draw samples without this package and without PyTorch."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gan_lightning.errors import InputError
from gan_lightning.export.agreement import Agreement, agreement
from gan_lightning.export.facts import KEY
from gan_lightning.export.graph import SampleGraph, quietly


@torch.no_grad()
def write_onnx(graph: SampleGraph, facts: dict[str, Any], path: Path) -> Agreement:
    """Write a graph as ONNX, with its facts as metadata, and compare its samples.

    Raises:
        InputError: If a package is missing, if ONNX lacks an operation, or if samples differ.
    """
    runtime, inputs = _needed("onnxruntime"), graph.example(2)
    names = ["noise", "labels"][: len(inputs)]
    program = graph.program()
    with graph.refusing(), quietly():
        written = torch.onnx.export(
            program,
            inputs,
            dynamo=True,
            verbose=False,
            input_names=names,
            output_names=["samples"],
            custom_translation_table=_translations(),
        )
    assert written is not None
    # Folded constants of a loop are left over, and ONNX Runtime would warn about them.
    _needed("onnx_ir.passes.common").RemoveUnusedNodesPass()(written.model)
    written.model.metadata_props[KEY] = json.dumps(facts)
    written.save(path)
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def run(*values: Tensor) -> Tensor:
        given = {name: value.numpy() for name, value in zip(names, values, strict=True)}
        return torch.from_numpy(session.run(None, given)[0])

    return agreement(graph, run)


def _translations() -> dict[Any, Any]:
    """Return replacements for operations that the exporter, or ONNX Runtime in 64 bits, lacks."""
    op = _needed("onnxscript").opset20

    def ndtr(x: Any) -> Any:
        erf = op.Erf(op.Mul(op.Cast(x, to=1), 0.5**0.5))  # in float32
        return op.CastLike(op.Mul(op.Add(erf, 1.0), 0.5), x)

    def searchsorted(ordered: Any, x: Any, right: bool = False, **options: Any) -> Any:
        ordered, x = op.Unsqueeze(ordered, [1]), op.Unsqueeze(x, [2])
        below = op.LessOrEqual(ordered, x) if right else op.Less(ordered, x)
        return op.ReduceSum(op.Cast(below, to=7), [2], keepdims=0)  # int64

    aten = torch.ops.aten
    return {aten.special_ndtr.default: ndtr, aten.searchsorted.Tensor: searchsorted}


def _needed(package: str) -> Any:
    try:
        import_module("onnx")
        return import_module(package)
    except ImportError as error:
        raise InputError(
            f"Exporting to .onnx needs the package {error.name}: pip install "
            '"gan_lightning[export]".'
        ) from error
