"""How networks are made for the data."""

from collections.abc import Callable, Mapping
from functools import partial
from inspect import signature
from typing import Any, TypeVar

from torch import nn

from gan_lightning.errors import InputError
from gan_lightning.networks.contracts import (
    Decoder,
    Discriminator,
    Encoder,
    FeatureDiscriminator,
    Generator,
    Shape,
    VelocityField,
)

MakeGenerator = Callable[[Shape], Generator]
MakeDiscriminator = Callable[[Shape], Discriminator]
MakeFeatureDiscriminator = Callable[[Shape], FeatureDiscriminator]
MakeEncoder = Callable[[Shape, int], Encoder]
MakeDecoder = Callable[[Shape], Decoder]
MakeVelocity = Callable[[Shape], VelocityField]

Built = TypeVar("Built")


def built(
    role: str,
    kind: type[Built],
    make: Callable[..., Any] | nn.Module,
    *arguments: Any,
    **known: Any,
) -> Built:
    """Make a network, and make sure that it is of the right kind for its role.

    Args:
        role: The network's role, for the error.
        kind: The contract that it must implement.
        make: A class or a function that makes it, or the network itself.
        arguments: Arguments of ``make``, such as the shape of a data point.
        known: Facts about the data, such as ``num_classes``, the number of labels: each is passed
            to a maker that has a parameter of this name, unless it is None.

    Raises:
        InputError: If it is of another kind, or asks for labels and the data have none.
    """
    given = tuple(tuple(a) if isinstance(a, list) else a for a in arguments)
    network = make if isinstance(make, nn.Module) else _made(make, given, known)
    if not isinstance(network, kind):
        raise InputError(
            f"{role}: expected a {kind.__name__}, found {type(network).__name__}, which is not one."
        )
    return network


def _made(make: Callable[..., Any], arguments: tuple[Any, ...], known: Mapping[str, Any]) -> Any:
    told = {name: value for name, value in known.items() if value is not None}
    if told:
        wanted = signature(class_of(make)).parameters
        told = {name: value for name, value in told.items() if name in wanted}
    return make(*arguments, **told)


def class_of(make: Callable[..., Any]) -> Callable[..., Any]:
    """Return the class or function that a ``functools.partial`` finally calls."""
    if not isinstance(make, partial):
        return make
    # jsonargparse makes partial(its own function, …, the class, **keywords)
    last = make.args[-1] if make.args else None
    if isinstance(last, type) and "jsonargparse" in make.func.__module__:
        return last
    return class_of(make.func)


def known_labels(owner: str, num_classes: int | None) -> int:
    """Return the number of labels of a network.

    Raises:
        InputError: If there are none.
    """
    if num_classes is None or num_classes < 1:
        raise InputError(
            f"{owner} needs the number of labels, num_classes, which the data module supplies and "
            f"a program passes to the model; found {num_classes}."
        )
    return num_classes
