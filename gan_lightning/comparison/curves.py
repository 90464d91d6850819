"""Curves of a run, from its event files."""

import logging
from pathlib import Path

Curve = list[tuple[int, float]]
"""Batches and values, in their order."""

MOST_POINTS = 500
"""The largest number of points kept of a curve, evenly spaced."""


def read_curves(folder: Path, unread: list[str]) -> tuple[dict[str, Curve], dict[str, str]]:
    """Return a run's curves by their names, and its protocols by their stages.

    Args:
        folder: The run's folder.
        unread: Receives a sentence if there is nothing to read.
    """
    if not list(folder.glob("events.out.tfevents.*")):
        unread.append(f"{folder} holds no event files, so its curves are not compared.")
        return {}, {}
    # It takes seconds to import, and no other command needs it.
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    logging.getLogger("tensorboard").setLevel(logging.ERROR)
    kept = {"scalars": MOST_POINTS, "tensors": 10, "images": 1, "histograms": 1}
    try:
        events = EventAccumulator(str(folder), kept).Reload()
    except Exception as error:  # damaged files raise many kinds of errors
        unread.append(f"{folder}: its event files cannot be read: {type(error).__name__}.")
        return {}, {}
    curves = {
        tag: sorted((event.step, float(event.value)) for event in events.Scalars(tag))
        for tag in events.Tags()["scalars"]
        if "/" in tag
    }
    protocols = {}
    for tag in events.Tags()["tensors"]:
        stage, _, rest = tag.partition("/")
        if rest.startswith("protocol"):
            texts = events.Tensors(tag)[-1].tensor_proto.string_val
            protocols[stage] = texts[0].decode("utf-8", errors="replace") if texts else ""
    return curves, protocols
