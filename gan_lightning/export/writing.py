"""Writes an exported file and its card, both complete and checked, or neither."""

from pathlib import Path

from gan_lightning.data import DataMemory
from gan_lightning.errors import InputError
from gan_lightning.export.agreement import Agreement
from gan_lightning.export.card import Origin, card_of
from gan_lightning.export.facts import facts_of
from gan_lightning.export.graph import SampleGraph
from gan_lightning.export.onnx_file import write_onnx
from gan_lightning.export.program_file import write_program
from gan_lightning.export.weights_file import weights_of
from gan_lightning.files import replacing
from gan_lightning.models import AdversarialModule, GenerativeModel, LatentModel
from gan_lightning.sampling import needs_fitting

ENDINGS = (".onnx", ".pt2", ".safetensors")
"""The formats: a graph for any ONNX runtime, a program for PyTorch, weights for this package."""


def check_format(path: Path) -> None:
    """Make sure that a file's ending is a known format.

    Raises:
        InputError: If not.
    """
    if path.suffix not in ENDINGS:
        raise InputError(f"--output: expected a file in {', '.join(ENDINGS)}, found {path}.")


def card_path(path: Path) -> Path:
    """Return the path of a file's card."""
    return path.with_suffix(".md")


def write_export(
    model: GenerativeModel, memory: DataMemory, origin: Origin, path: Path
) -> Agreement | None:
    """Write a model in the format of the file's ending, and its card beside it.

    Args:
        model: The model, on the CPU.
        memory: The units of its data.
        origin: Its origin, for the card.
        path: The file.

    Returns:
        How the file's samples compare with the model's own; None for a file of weights.

    Raises:
        InputError: If the model or the format does not allow it, or if samples differ; then no file
            is written.
    """
    check_format(path)
    graph = SampleGraph(model, memory.units)
    facts = facts_of(graph)
    agreed = None
    with replacing(path) as file:
        if path.suffix == ".onnx":
            agreed = write_onnx(graph, facts, file)
        elif path.suffix == ".pt2":
            agreed = write_program(graph, weights_of(graph, facts, memory), file)
        else:
            file.write_bytes(weights_of(graph, facts, memory))
    with replacing(card_path(path)) as file:
        card = card_of(path, facts, origin, agreed, _between(model))
        file.write_text(card, encoding="utf-8")
    return agreed


def _between(model: GenerativeModel) -> str:
    """Return the step between noise and networks, in a sentence."""
    weights = "averaged" if model.has_average else "trained"
    if needs_fitting(model):
        assert isinstance(model, LatentModel)
        sampler = type(model.sampler).__name__
        return f"The noise is that of {sampler}, which draws the latents and is part of the file."
    if isinstance(model, AdversarialModule):
        return f"The noise is the latent of the {weights} generator."
    return f"The noise is all that the model draws by chance, with its {weights} weights."
