"""When something is written to TensorBoard again and again, in runs of any length."""

ALL_OF_FIRST = 100
"""As many are written at every interval; from then on fewer and fewer."""


def is_due(batches: int, every_n_batches: int) -> bool:
    """Return whether a picture or a histogram is due after a number of batches.

    The first 100 are due at every interval. From then on the interval doubles whenever the run is
    twice as long, with 50 in each doubling, so that event files of long runs hardly grow. When one
    is due depends on the number of batches alone, and so is the same after resuming.

    Args:
        batches: Training batches of the run so far.
        every_n_batches: The interval that was asked for.
    """
    count, rest = divmod(batches, every_n_batches)
    thinned = 2 ** (count // ALL_OF_FIRST).bit_length()
    return rest == 0 and count % thinned == 0
