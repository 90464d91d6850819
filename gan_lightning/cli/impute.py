"""The command ``impute``: ``sample``, of a table whose gaps are filled."""

from collections.abc import Sequence


def as_sample(args: Sequence[str]) -> list[str]:
    """Return the arguments of ``impute --data FILE`` as those of ``sample --impute FILE``."""
    if not args or args[0] != "impute":
        return list(args)
    renamed = [
        arg.replace("--data", "--impute", 1) if arg.partition("=")[0] == "--data" else arg
        for arg in args[1:]
    ]
    return ["sample", *renamed]
