"""Errors of a command line in one sentence."""

import re
import sys
from abc import ABCMeta
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from inspect import isabstract, signature
from typing import Any, get_args, get_type_hints

from lightning.pytorch import Trainer

import gan_lightning
from gan_lightning.callbacks import Checkpoints, SampleMetrics, SamplePictures
from gan_lightning.errors import InputError

ROOMS = ("models", "networks", "losses", "samplers", "data", "callbacks")


def explain(error: BaseException) -> str:
    """Return the sentence that names the thing, what was expected and what was found.

    jsonargparse wraps the one true cause in a page of alternatives: the chain of causes is walked
    to its end, and the keys on the way say where in the configuration it happened.
    """
    chain = list(_causes(error))
    for cause in chain:
        if isinstance(cause, InputError):
            return str(cause)
    text = "\n".join(map(str, chain))
    innermost = str(chain[-1]).strip()
    place = _place(text)
    # Of a class that several kinds allow, the chain ends at the first kind, which may be another.
    sources = [innermost, text] if "does not correspond to a subclass" in innermost else [innermost]
    for source in sources:
        for pattern, sentence in _SENTENCES:
            if match := re.search(pattern, source, re.DOTALL):
                return sentence(match, place, text)
    prefix = f"{place}: " if place and not innermost.startswith("Parser key") else ""
    return prefix + " ".join(innermost.split())


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
        # A config that is given as text was looked for as a file before anything else.
        if str(error).startswith("File does not exist: '"):
            return


def _place(text: str) -> str:
    """Return the dotted key of the setting, ``model.generator``, from all messages of a chain."""
    keys: list[str] = []
    for key in re.findall(r'Parser key "([\w.]+)"', text):
        if key not in keys:
            keys.append(key)
    return ".".join(keys)


def _unknown_option(match: re.Match[str], place: str, text: str) -> str:
    option = match[1].split(".")[0]
    if class_paths := _class_paths(text):
        owner = class_paths[-1]
        cls = _imported(owner)
        options = _options(cls)
        owner = owner.rpartition(".")[2]
        return f"{place}: {owner} has no option {option!r}.{_nearest(option, options)}"
    section, _, rest = match[1].partition(".")
    if section in _SECTIONS:
        nearest = _nearest(rest, signature(_SECTIONS[section]).parameters)
        return f"{section} has no option {rest!r}.{nearest}"
    if section in _TOP_LEVEL:
        return f"--{match[1]} belongs behind the subcommand."
    return f"There is no option {section!r}.{_nearest(section, _TOP_LEVEL)}"


def _options(cls: Any) -> list[str]:
    """Return the arguments of a class, those that it hands on to its base among them."""
    names: list[str] = []
    for base in cls.__mro__ if isinstance(cls, type) else ():
        parameters = signature(vars(base).get("__init__", base)).parameters.values()
        names += [parameter.name for parameter in parameters]
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            break
    return names


def _class_paths(text: str) -> list[str]:
    found = re.findall(r"class_path '([\w.]+)'|class_path='([\w.]+)'", text)
    return ["".join(either) for either in found]


def _unknown_class(match: re.Match[str], place: str, text: str) -> str:
    name = match[1].strip()
    kind = _expected_kind(place, text)
    known = sorted(_classes(kind))
    if name in _classes(object):
        return f"{place}: {name} is not {_a(kind.__name__)}; known are {', '.join(known)}."
    listed = f" Known are {', '.join(known)}." if known else ""
    return f"{place}: there is no class {name!r}.{_nearest(name, known) or listed}"


def _wrong_value(match: re.Match[str], place: str, text: str) -> str:
    return f"{place}: expected {_article(match[1])}, found {match[2].strip()!r}."


def _wrong_choice(match: re.Match[str], place: str, text: str) -> str:
    listed = ", ".join(re.findall(r"typing\.Literal\[([^\]]*)\]", text)).split(", ")
    choices = ", ".join(dict.fromkeys(choice.strip("'") for choice in listed))
    return f"{place}: expected one of {choices}; found {match[1].strip()!r}."


def _no_clipping(match: re.Match[str], place: str, text: str) -> str:
    return (
        "trainer.gradient_clip_val does not know two players: use the callback GradientClipping, "
        "with its max_norm."
    )


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
            f"{subcommand} needs --ckpt_path, a checkpoint in its run's folder, beside the run's "
            "config.yaml; or last for the newest run."
        )
    needed = " and ".join(f"--{name.rpartition('.')[2]}" for name in sorted(names, reverse=True))
    return f"fit needs {needed}, or a --config that names them (see the folder configs)."


def _missing_subcommand(match: re.Match[str], place: str, text: str) -> str:
    return f"Expected one of the subcommands {match[1].replace(',', ', ')}; see --help."


def _unknown_subcommand(match: re.Match[str], place: str, text: str) -> str:
    known = re.findall(r"\w+", match[2])
    return f"There is no subcommand {match[1]!r}; expected one of {', '.join(known)}."


_TOP_LEVEL = [
    "model", "data", "trainer", "config", "seed_everything", "ckpt_path", "checkpoints",
    "metrics", "pictures", "num_samples", "output", "seed", "labels", "weights_only",
]  # fmt: skip

_SECTIONS = {
    "trainer": Trainer,
    "metrics": SampleMetrics,
    "pictures": SamplePictures,
    "checkpoints": Checkpoints,
}

_SENTENCES = [
    (r"[Oo]ption '([\w.]+)' is not accepted", _unknown_option),
    (r"does not accept option '([\w.]+)'", _unknown_option),
    (r"[Uu]nrecognized arguments: --([\w.]+)", _unknown_option),
    (r"Expected a dot import path string: (.+)", _unknown_class),
    (r"Expected a <class '([\w.]+)'>\. Got value: (.+)", _wrong_value),
    (r"arguments are required: ([\w., ]+)", _missing),
    (r"invalid choice: '(\w+)' \(choose from (.+)\)", _unknown_subcommand),
    (r"Expected a typing\.Literal.*Got value: (.+)", _wrong_choice),
    (r"to be one of \{(.+)\}, but it was not provided", _missing_subcommand),
    (r"gradient clipping is not supported for manual", _no_clipping),
    (r"^\[Errno \d+\] (.+): '(.+)'$", _unreadable_file),
]


def _expected_kind(place: str, text: str) -> type:
    """Return the base class that the setting at ``place`` asks for."""
    if place in ("model", "data"):
        return (
            gan_lightning.models.ConfiguredModule
            if place == "model"
            else gan_lightning.data.DataModule
        )
    owner = re.search(r"class_path '([\w.]+)'", text)
    if owner is None:
        return object
    cls = _imported(owner[1])
    inits = [
        vars(base)["__init__"] for base in getattr(cls, "__mro__", ()) if "__init__" in vars(base)
    ]
    name = place.rpartition(".")[2]
    hint: Any = next((hints[name] for hints in map(get_type_hints, inits) if name in hints), None)
    # Callable[[Shape], Generator] -> Generator, Generator | None -> Generator
    while get_args(hint):
        hint = next(arg for arg in reversed(get_args(hint)) if arg is not type(None))
    return hint if isinstance(hint, type) else object


def _classes(kind: type) -> set[str]:
    """Return the names of the imported concrete classes of a kind; of all ours for ``object``."""
    if kind is object:
        rooms = [getattr(gan_lightning, room) for room in ROOMS]
        exported = ((name, getattr(room, name)) for room in rooms for name in room.__all__)
        return {name for name, value in exported if type(value) in (type, ABCMeta)}
    subclasses: list[type] = kind.__subclasses__()
    names = {cls.__name__ for cls in subclasses if not isabstract(cls)}
    return names.union(*map(_classes, subclasses)) if subclasses else names


def _imported(path: str) -> Any:
    """Return what a path names, if it is imported: an error is no reason to run code."""
    module, _, name = path.rpartition(".")
    return getattr(sys.modules.get(module), name, None)


def _nearest(name: str, options: Iterable[str]) -> str:
    near = get_close_matches(name, list(options), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def _article(kind: str) -> str:
    names = {
        "int": "an integer",
        "float": "a number",
        "bool": "true or false",
        "str": "a text",
        "collections.abc.Sequence": "a list",
    }
    return names.get(kind, _a(kind))


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'AEIOUaeiou' else 'a'} {noun}"


@contextmanager
def as_input_errors() -> Iterator[None]:
    """Turn any error into the sentence for a person."""
    try:
        yield
    except Exception as error:
        raise InputError(explain(error)) from error


def complain(message: str) -> None:
    """Print an error for a person."""
    sys.stderr.write(f"\nError: {message}\n")
