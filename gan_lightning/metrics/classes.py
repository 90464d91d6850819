"""Comparisons of samples by the predictions of a classifier."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from gan_lightning.errors import InputError
from gan_lightning.metrics.points import FOUND_SHARE


class ClassHistogram(NamedTuple):
    """Scalars: a count, a divergence in nats in [0, ∞], a distance in [0, 1]."""

    modes: Tensor
    kl: Tensor
    total_variation: Tensor


def classifier_score(logits: Tensor) -> Tensor:
    """Return how confident and how varied predictions are, in [1, num_classes], a scalar.

    Salimans et al., 2016, Section 4: exp of the mean over samples of KL(p(y|x) ‖ p(y)), over all
    samples at once. It does not look at the data, so a generator that memorises a few clear images
    beats it: compare the score with that of the data. NaN if a logit is not finite.

    Args:
        logits: Of the samples, shape ``(num_samples, num_classes)``, at least one row.

    Raises:
        InputError: If there is no sample.
    """
    if logits.ndim != 2 or not len(logits):
        raise InputError(
            f"Logits need the shape (samples, classes) with at least 1 row, "
            f"not {tuple(logits.shape)}."
        )
    log_probs = logits.double().log_softmax(1)
    log_marginal = log_probs.logsumexp(0) - math.log(len(logits))
    return (log_probs.exp() * (log_probs - log_marginal)).sum(1).mean().exp()


def class_histogram(due: Tensor, generated: Tensor) -> ClassHistogram:
    """Compare how often each class occurs among samples with how often it should.

    ``modes`` counts the classes of the data that hold a tenth of the samples due to them, ``kl`` is
    KL(generated ‖ due), infinite if the data lack a class that the samples have, and
    ``total_variation`` half the sum of the absolute differences of the shares.

    Args:
        due: The share of each class, such as ``class_shares`` of data, shape ``(num_classes,)``. If
            a classifier labels both sets, its mistakes cancel.
        generated: Classes of the samples, integers in [0, num_classes), shape ``(num_generated,)``.

    Raises:
        InputError: If there is no sample, or one of a class that does not exist.
    """
    held = class_shares(generated, "generated", len(due))
    return ClassHistogram(
        modes=((due > 0) & (held >= FOUND_SHARE * due)).sum(),
        kl=(torch.xlogy(held, held) - torch.xlogy(held, due)).sum().clamp(min=0),
        total_variation=(held - due).abs().sum() / 2,
    )


def class_shares(labels: Tensor, name: str, num_classes: int) -> Tensor:
    """Return the share of each class, float64, shape ``(num_classes,)``.

    Args:
        labels: Integers in [0, num_classes), shape ``(num_points,)``.
        name: What the set is called in an error.
        num_classes: Number of classes.

    Raises:
        InputError: If the set is empty or has a class that does not exist.
    """
    if not len(labels):
        raise InputError(f"The {name} set needs at least 1 label, not 0.")
    low, high = (int(bound) for bound in labels.aminmax())
    if low < 0 or high >= num_classes:
        raise InputError(
            f"The {name} set needs labels from 0 to {num_classes - 1}, not from {low} to {high}."
        )
    return labels.long().bincount(minlength=num_classes).double() / len(labels)


def label_accuracy(predicted: Tensor, labels: Tensor) -> Tensor:
    """Return the share of samples that belong to the requested class, in [0, 1], a scalar.

    Args:
        predicted: The predicted classes, shape ``(num_samples,)``.
        labels: The requested classes, shape ``(num_samples,)``.

    Raises:
        InputError: If the numbers differ or are 0.
    """
    if predicted.shape != labels.shape or not len(labels):
        raise InputError(
            "Predicted classes and labels need the same shape and at least 1 sample, not the "
            f"shapes {tuple(predicted.shape)} and {tuple(labels.shape)}."
        )
    return (predicted == labels).double().mean()
