"""Errors of a command line in one sentence."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from sysconfig import get_paths
from traceback import FrameSummary, extract_tb

from lightning.fabric.utilities.exceptions import MisconfigurationException
from torch import OutOfMemoryError

from gan_lightning.cli.choices import (
    SECTIONS,
    a,
    all_choices,
    argument_names,
    choices,
    class_named,
    expected_kind,
    imported,
    in_words,
)
from gan_lightning.errors import InputError, did_you_mean

MOST_LETTERS = 180
"""The largest number of letters shown of the first sentence of a library's message."""

_MENDABLE = (InputError, MisconfigurationException, OSError, OutOfMemoryError)
_LIBRARIES = tuple(map(str, {Path(get_paths()[kind]) for kind in ("stdlib", "purelib", "platlib")}))
_PACKAGE = str(Path(__file__).parents[1])


def is_mendable(error: BaseException) -> bool:
    """Return whether an error has a cause outside the program."""
    return isinstance(error, _MENDABLE)


def explain(error: BaseException) -> str:
    """Return the sentence that names the thing, what was expected and what was found.

    jsonargparse wraps the true cause in a page of alternatives: the chain of causes is followed to
    its end, and the keys on the way give the place in the configuration. A message that matches no
    expression below is shown after the key and, for a bug, with its place in the code.
    """
    chain = list(causes_of(error))
    for cause in chain:
        if isinstance(cause, InputError):
            return str(cause)
    text = "\n".join(map(str, chain))
    innermost = str(chain[-1]).strip()
    place = _place(text)
    # If several kinds of classes are allowed, the chain ends at the first, perhaps the wrong one.
    sources = [innermost]
    if "does not correspond to a subclass" in innermost:
        sources.append(text)
    elif "Got value: Namespace(" in innermost:
        sources = ["\n".join(map(str, chain[:-1]))]
    for source in sources:
        for pattern, sentence in _SENTENCES:
            if match := re.search(pattern, source, re.DOTALL):
                return sentence(match, place, text)
    prefix = f"{place}: " if place and not innermost.startswith("Parser key") else ""
    return prefix + _with_place(chain[-1])


def _with_place(error: BaseException) -> str:
    """Return the message of an error; for a bug, with its type, file and line."""
    message = " ".join(str(error).split())
    if len(message) > MOST_LETTERS:
        first = message.partition(". ")[0]
        message = first if len(first) <= MOST_LETTERS else f"{first[:MOST_LETTERS]} …"
    frames = extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith((*_LIBRARIES, "<", _PACKAGE))]
    expected = is_mendable(error) or isinstance(error, ValueError) or _is_of_the_parser(frames)
    if not own and expected:
        return message
    where = "".join(f" ({frame.filename}, line {frame.lineno})" for frame in (own or frames)[-1:])
    return (
        f"{type(error).__name__}: {message}{where}. GAN_LIGHTNING_DEBUG=1 before the command shows "
        "the traceback."
    )


def _is_of_the_parser(frames: Sequence[FrameSummary]) -> bool:
    return bool(frames) and bool(
        {"jsonargparse", "argparse.py"} & {*Path(frames[-1].filename).parts}
    )


def causes_of(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and its causes, down to the first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
        # A config given as text was first looked up as a file.
        if str(error).startswith("File does not exist: '"):
            return


def _place(text: str) -> str:
    """Return the dotted key of the setting, ``model.generator``, from all messages of a chain."""
    keys: list[str] = []
    for key in re.findall(r'Parser key "([\w.]+)"', text):
        if key not in keys:
            keys.append(key)
    return ".".join(keys)


def _class_paths(text: str) -> list[str]:
    found = re.findall(r"class_path '([\w.]+)'|class_path='([\w.]+)'", text)
    return ["".join(either) for either in found]


def _unknown_option(match: re.Match[str], place: str, text: str) -> str:
    option = match[1].split(".")[0]
    if class_paths := _class_paths(text):
        owner = class_paths[-1]
        options = argument_names(imported(owner))
        owner = owner.rpartition(".")[2]
        return f"{place}: {owner} has no option {option!r}.{did_you_mean(option, options)}"
    section, _, rest = match[1].partition(".")
    if section in SECTIONS:
        hint = did_you_mean(rest, argument_names(SECTIONS[section]))
        return f"{section} has no option {rest!r}.{hint}"
    return f"There is no option {match[1]!r}."


def _unknown_class(match: re.Match[str], place: str, text: str) -> str:
    name = match[1].strip()
    owner = re.search(r"class_path '([\w.]+)'", text)
    kind = expected_kind(place, owner[1] if owner else None)
    known = ", ".join(choices(kind))
    if class_named(name) is not None and kind is not object:
        return f"{place}: {name} is not {a(kind.__name__)}; known are {known}."
    listed = f" Known are {known}." if known else ""
    return f"{place}: there is no class {name!r}.{did_you_mean(name, all_choices(kind)) or listed}"


def _abstract(match: re.Match[str], place: str, text: str) -> str:
    known = ", ".join(choices(expected_kind(place, None)))
    return f"{place}: {match[1]} is abstract; known are {known}."


def _wrong_value(match: re.Match[str], place: str, text: str) -> str:
    found = match[2].strip()
    shown = "null" if found == "None" else repr(found)
    if place == "seed_everything":  # a number or true, but the parser mentions only the latter
        return f"seed_everything must lie in [0, 2^32), found {shown}."
    return f"{place}: expected {in_words(match[1])}, found {shown}."


def _wrong_kind(match: re.Match[str], place: str, text: str) -> str:
    found = "null" if match[2].strip() == "None" else match[2].strip()[:80]
    return f"{place}: expected {in_words(match[1])}, found {found}."


def _wrong_choice(match: re.Match[str], place: str, text: str) -> str:
    listed = ", ".join(re.findall(r"typing\.Literal\[([^\]]*)\]", text)).split(", ")
    options = ", ".join(dict.fromkeys(choice.strip("'") for choice in listed))
    return f"{place}: expected one of {options}; found {match[1].strip()!r}."


def _no_clipping(match: re.Match[str], place: str, text: str) -> str:
    return (
        "trainer.gradient_clip_val cannot handle two players: use the callback GradientClipping, "
        "with its max_norm."
    )


def _no_duration(match: re.Match[str], place: str, text: str) -> str:
    return f"trainer.max_time: expected DD:HH:MM:SS, found {match[1]!r}."


def _twice(match: re.Match[str], place: str, text: str) -> str:
    return f"trainer.callbacks: {match[1].rpartition('.')[2]} occurs more than once."


def _always(sentence: str) -> Callable[[re.Match[str], str, str], str]:
    return lambda match, place, text: sentence


def _not_installed(match: re.Match[str], place: str, text: str) -> str:
    return f"{match[1]} needs the package {match[2]}: pip install {match[2]}."


def _no_settings(match: re.Match[str], place: str, text: str) -> str:
    return f"{match[1]}: expected settings such as --{match[1]}.num_samples 100, found {match[2]}."


def _unreadable_file(match: re.Match[str], place: str, text: str) -> str:
    return f"{match[2]}: {match[1].lower()}."


def _missing(match: re.Match[str], place: str, text: str) -> str:
    names = match[1].split(", ")
    subcommand, _, section = names[0].rpartition(".")
    if section not in ("model", "data"):
        owner = "".join(_class_paths(text)[-1:]).rpartition(".")[2] or "it"
        return f"{place}: {owner} needs {' and '.join(names)}."
    if subcommand != "fit":
        return (
            f"{subcommand} needs --ckpt_path: a checkpoint in its run's folder, beside the run's "
            "config.yaml, or last for the newest run; for one elsewhere, add the --config of its "
            "run."
        )
    needed = " and ".join(f"--{name.rpartition('.')[2]}" for name in sorted(names, reverse=True))
    return (
        f"fit needs {needed}, or a --config that names them (see the folder configs); a checkpoint "
        "does so only in its run's folder."
    )


_SENTENCES = [
    (
        r"`enable_checkpointing=False` but found `ModelCheckpoint`",
        _always(
            "trainer.enable_checkpointing: every run keeps its checkpoints; --trainer.logger false "
            "keeps nothing of a run."
        ),
    ),
    (r"`(\w+)` cannot .* as `([\w-]+)` is not installed", _not_installed),
    (r'Parser key "(?:\w+\.)?(pictures|metrics)": Unable to load config "(.*)"', _no_settings),
    (r"more than one stateful callback of type `([\w.]+)`", _twice),
    (
        r"`devices` selected with `CPUAccelerator` should be an int > 0",
        _always("trainer.devices: expected the number of processes on a CPU, such as 1."),
    ),
    (r"[Oo]ption '([\w.]+)' is not accepted", _unknown_option),
    (r"does not accept option '([\w.]+)'", _unknown_option),
    (r"[Uu]nrecognized arguments: --([\w.]+)", _unknown_option),
    (r"Expected a dot import path string:(.*)", _unknown_class),
    (r"Expected an instantiatable class, but ([\w.]+) is abstract", _abstract),
    (r"Expected a <class '([\w.]+)'>\. Got value: ?(.*)", _wrong_value),
    (r"Not a valid subclass of (\w+)\. Got value: (.+?)\s*(?:Subclass types|$)", _wrong_kind),
    (r"arguments are required: ([\w., ]+)", _missing),
    (r"Expected a typing\.Literal.*Got value: (.+)", _wrong_choice),
    (r"gradient clipping is not supported for manual", _no_clipping),
    (r"Timer\(duration='(.*)'\)` is not a valid duration", _no_duration),
    (r"^\[Errno \d+\] (.+): '(.+)'$", _unreadable_file),
]


@contextmanager
def as_input_errors() -> Iterator[None]:
    """Turn any error into an ``InputError`` with its sentence."""
    try:
        yield
    except Exception as error:
        raise InputError(explain(error)) from error
