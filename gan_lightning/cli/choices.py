"""Which classes a setting may name, by the annotations of its class."""

import sys
from abc import ABC
from collections.abc import Iterator
from inspect import isabstract, signature
from typing import Any, get_args, get_type_hints

from lightning.pytorch import Trainer

import gan_lightning
from gan_lightning.callbacks import Checkpoints, SampleMetrics, SamplePictures

SECTIONS = {
    "trainer": Trainer,
    "metrics": SampleMetrics,
    "pictures": SamplePictures,
    "checkpoints": Checkpoints,
}
"""Classes whose arguments form their own section."""

_ROOTS = {
    "model": gan_lightning.models.ConfiguredModule,
    "data": gan_lightning.data.DataModule,
}


def expected_kind(place: str, owner: str | None) -> type:
    """Return the base class that a setting requires; ``object`` if none is annotated.

    Args:
        place: Its dotted key.
        owner: Class path of the class that takes it as an argument, if any.
    """
    if place in _ROOTS:
        return _ROOTS[place]
    section = place.partition(".")[0]
    hint = hint_of(SECTIONS.get(section) or imported(owner or ""), place.rpartition(".")[2])
    # Callable[[Shape], Generator] -> Generator, Generator | None -> Generator
    while get_args(hint):
        hint = next(arg for arg in reversed(get_args(hint)) if arg is not type(None))
    return hint if isinstance(hint, type) else object


def hint_of(cls: Any, name: str) -> Any:
    """Return the annotation of a class's argument, its own or that of the base it is passed to."""
    for base in getattr(cls, "__mro__", ()):
        if "__init__" in vars(base):
            try:
                hints = get_type_hints(vars(base)["__init__"])
            except (NameError, TypeError):  # a class of another project may import them elsewhere
                continue
            if name in hints:
                return hints[name]
    return None


def argument_names(cls: Any) -> list[str]:
    """Return the arguments of a class, including those passed on to its base."""
    names: list[str] = []
    for base in cls.__mro__ if isinstance(cls, type) else ():
        parameters = signature(vars(base).get("__init__", base)).parameters.values()
        names += [parameter.name for parameter in parameters]
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            break
    return names


def choices(kind: type) -> list[str]:
    """Return the names of the classes of a kind that a config may use without their module.

    These are the ones that this package exports or, if it exports none, all imported ones.
    """
    found = set(_concrete(kind)) - {kind} if kind is not object else set()
    ours = {cls.__name__ for cls in found if getattr(gan_lightning, cls.__name__, None) is cls}
    package = kind.__module__.partition(".")[0]
    others = {cls.__name__ for cls in found if cls.__module__.partition(".")[0] == package}
    return sorted(ours or {name for name in others if not name.startswith("_")})


def all_choices(kind: type) -> list[str]:
    """Return the names of all imported classes of a kind, to suggest for a misspelt one."""
    return sorted({cls.__name__ for cls in _concrete(kind)}) if kind is not object else []


def is_abstract(cls: Any) -> bool:
    """Return whether a class cannot be instantiated, or is only a base class."""
    return isabstract(cls) or ABC in getattr(cls, "__bases__", ())


def class_named(name: str) -> type | None:
    """Return the class of this package with a given name."""
    found = getattr(gan_lightning, name, None)
    return found if isinstance(found, type) else None


def imported(path: str) -> Any:
    """Return the object at a path, if already imported: explaining an error must not run code."""
    module, _, name = path.rpartition(".")
    return getattr(sys.modules.get(module), name, None)


def a(noun: str) -> str:
    """Return a noun with its article."""
    return f"{'an' if noun[0] in 'AEIOUaeiou' else 'a'} {noun}"


def in_words(type_name: str) -> str:
    """Return a noun for the values of a type, with its article."""
    name = type_name.rpartition(".")[2]
    return _WORDS.get(name, a(name))


_WORDS = {
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "str": "a text",
    **dict.fromkeys(("Sequence", "list", "List", "tuple", "Iterable"), "a list"),
    **dict.fromkeys(("Mapping", "dict"), "named settings"),
}


def _concrete(kind: type) -> Iterator[type]:
    if not is_abstract(kind):
        yield kind
    subclasses: list[type] = type.__subclasses__(kind)
    for cls in subclasses:
        yield from _concrete(cls)
