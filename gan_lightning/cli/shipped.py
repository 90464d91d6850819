"""The experiments that come with the package: found by name from any folder."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from gan_lightning.errors import InputError, did_you_mean

_PACKAGE = Path(__file__).parents[1]
_FLAGS = ("--config", "-c")


def shipped() -> dict[str, Path]:
    """Return the file of each shipped experiment by its name, in alphabetical order.

    A wheel holds them inside the package, a checkout or an editable install beside the package.
    """
    inside = _PACKAGE / "configs"
    folder = inside if inside.is_dir() else _PACKAGE.parent / "configs"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def shipped_named(name: str) -> Path:
    """Return the file of a shipped experiment.

    Raises:
        InputError: If none has that name; the message suggests the closest one.
    """
    known = shipped()
    if name in known:
        return known[name]
    hint = did_you_mean(name, known) or " `list` shows them all."
    raise InputError(f"There is no shipped experiment {name[:80]!r}.{hint}")


def summary(path: Path) -> str:
    """Return the line of an experiment's opening comment that describes it."""
    _, _, line, *_ = path.read_text(encoding="utf-8").splitlines()
    return line.lstrip("# ").rstrip(".")


def with_shipped_configs(words: Sequence[str]) -> list[str]:
    """Return a command line in which names of shipped experiments are paths of their files.

    Raises:
        InputError: If a user's file could be meant as well.
    """
    found = list(words)
    for i, option, value in _configs(words):
        path = shipped().get(value)
        if path is None or Path(value).exists():
            continue
        for own in (Path(f"{value}.yaml"), Path("configs", f"{value}.yaml")):
            if own.is_file() and own.read_bytes() != path.read_bytes():
                raise InputError(
                    f"{option} {value} is a shipped experiment, and {own} here is another: type "
                    f"{option} {own}, or rename it."
                )
        found[i] = f"{option}={path}" if "=" in words[i] else str(path)
    return found


def _configs(words: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """Yield the place, the flag and the value of each config on a command line."""
    for i, word in enumerate(words):
        option, equals, value = word.partition("=")
        if equals and option in _FLAGS:
            yield i, option, value
        elif i and words[i - 1] in _FLAGS:
            yield i, words[i - 1], word
