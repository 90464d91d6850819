"""Commands that need no PyTorch, and are therefore answered at once."""

import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from gan_lightning.cli.completion import bash_completion
from gan_lightning.cli.front_door import QUICK
from gan_lightning.cli.shipped import shipped, shipped_named, summary
from gan_lightning.errors import InputError
from gan_lightning.version import __version__

HELP = """\
Train generative models, and sample from them.

usage: {program} COMMAND [options]

  fit          train a model; with --ckpt_path last, resume the newest run
  validate     compare a few samples with the validation points
  test         compare 10 000 samples with the test points by every metric
  sample       write samples from a checkpoint, in the units of the data
  impute       fill the gaps of a table
  interpolate  walk through the latent space, from sample to sample
  project      find the points that a model can generate nearest to real ones
  predict      write one sample for each training point
  export       write what draws the samples, for programs without this package
  demo         serve a page that draws samples, on this machine only
  compare      put runs side by side: a table, and a page with their pictures and curves

  list         show the experiments that come with the package
  copy         copy the file of one of them here, to edit
  completion   print the script that completes words in a shell: completion bash

Start with:

  {program} fit --config r3gan_iris
  {program} sample --ckpt_path last --num_samples 500 --output iris.csv

COMMAND --help shows the options of a command; --version shows the version. A config that you type
is code and may name any class; a checkpoint is data and may not.
"""


def answered(words: Sequence[str], program: str) -> bool:
    """Answer a command line if it needs no PyTorch, and return whether it was answered.

    Raises:
        InputError: If it needs none, and its arguments cannot be used.
    """
    command, *arguments = words or ["--help"]
    if command in ("-h", "--help"):
        _say(HELP.format(program=program))
    elif command == "--version":
        _say(f"gan_lightning {__version__}\n")
    elif command in QUICK and {"-h", "--help"} & set(arguments):
        _say(f"usage: {program} {_USAGE[command]}\n")
    elif command in QUICK:
        _ANSWERS[command](arguments)
    else:
        return False
    return True


def _list(arguments: Sequence[str]) -> None:
    """Print the name and the description of each shipped experiment."""
    _check_number("list", arguments, 0, 0)
    width = max(map(len, shipped()))
    _say("".join(f"{name:{width}}  {summary(path)}\n" for name, path in shipped().items()))


def _copy(arguments: Sequence[str]) -> None:
    """Copy the file of a shipped experiment to the current folder, or to a given file."""
    _check_number("copy", arguments, 1, 2)
    source = shipped_named(arguments[0])
    target = Path(arguments[1] if arguments[1:] else source.name)
    if target.exists():
        raise InputError(f"copy: {target} exists; name another file, or remove it.")
    if not target.parent.is_dir():
        raise InputError(f"copy: there is no folder {target.parent}.")
    shutil.copyfile(source, target)
    _say(f"Copied to {target}. Train it with fit --config {target}\n")


def _completion(arguments: Sequence[str]) -> None:
    _check_number("completion", arguments, 1, 1)
    if arguments[0] != "bash":
        raise InputError(f"completion: expected bash, found {arguments[0][:80]!r}.")
    _say(bash_completion(shipped()))


_ANSWERS: dict[str, Callable[[Sequence[str]], None]] = {
    "list": _list,
    "copy": _copy,
    "completion": _completion,
}

_USAGE = {
    "list": "list",
    "copy": "copy NAME [FILE]",
    "completion": "completion bash",
}


def _check_number(command: str, arguments: Sequence[str], least: int, most: int) -> None:
    if not least <= len(arguments) <= most or any(word.startswith("-") for word in arguments):
        found = repr(" ".join(arguments)[:80]) if arguments else "nothing"
        raise InputError(f"Expected {_USAGE[command]!r}, found {found} after {command}.")


def _say(text: str) -> None:
    sys.stdout.write(text)
