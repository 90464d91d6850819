"""Ten lines that draw samples from an exported file, for its card."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def reader_of(path: Path, facts: Mapping[str, Any]) -> Iterator[str]:
    """Yield paragraphs of a card that show how to draw from a file."""
    if path.suffix == ".onnx":
        yield "With only NumPy and ONNX Runtime, in the folder of the file:"
        yield _code(_onnx_lines(path.name, facts))
        return
    yield "With this package, in the folder of the file. Nothing in the file runs:"
    yield _code(
        [
            "import gan_lightning",
            "",
            f"samples = gan_lightning.load({json.dumps(path.name)}).sample(500)",
        ]
    )
    if path.suffix == ".pt2":
        yield (
            "`torch.export.load` runs the file as a program, without this package: do so only with "
            "a file that you trust."
        )


def _onnx_lines(name: str, facts: Mapping[str, Any]) -> list[str]:
    lines = [
        "import json",
        "import numpy as np",
        "import onnxruntime",
        "",
        f"session = onnxruntime.InferenceSession({json.dumps(name)})",
        'facts = json.loads(session.get_modelmeta().custom_metadata_map["gan_lightning"])',
        "random = np.random.default_rng()",
        'inputs = {"noise": random.standard_normal((500, facts["noise"]), dtype=np.float32)}',
    ]
    if facts["labels"] is not None:
        count, shares = 'len(facts["labels"])', 'p=facts["label_shares"]'
        lines.append(f'inputs["labels"] = random.choice({count}, 500, {shares})')
    lines.append("(samples,) = session.run(None, inputs)")
    if facts["kind"] == "images":
        lines.append("samples = samples.round().astype(np.uint8)")
    elif facts["columns"]:
        lines += [
            'names = [c.get("categories") for c in facts["columns"]]',
            'places = [c.get("decimals") for c in facts["columns"]]',
            "table = [[n[int(v)] if n and v == v else v if p is None else round(v, p)",
            "          for v, n, p in zip(row, names, places)] for row in samples.tolist()]",
        ]
    return lines


def _code(lines: list[str]) -> str:
    return "\n".join(["```python", *lines, "```"])
