"""When something is written to TensorBoard repeatedly, in runs of any length."""

ALL_OF_FIRST = 100
"""Entries that are written at every interval; later ones become rarer and rarer."""


def is_due(batches: int, every_n_batches: int) -> bool:
    """Return whether a picture or a histogram is due after a number of batches.

    The first 100 are due at every interval. Then the interval doubles whenever the run's length has
    doubled, with 50 in each doubling, so that event files of long runs hardly grow. It depends
    only on the number of batches, and thus is the same after resuming.

    Args:
        batches: Training batches of the run so far.
        every_n_batches: The requested interval.
    """
    count, rest = divmod(batches, every_n_batches)
    thinned = 2 ** (count // ALL_OF_FIRST).bit_length()
    return rest == 0 and count % thinned == 0
