"""How well a classifier that learns from one labelled set does on another."""

from collections.abc import Callable

import torch
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from torch import Tensor

from gan_lightning.errors import InputError
from gan_lightning.metrics.features import all_finite, as_rows
from gan_lightning.metrics.subsets import random_order

NUM_TREES = 60
"""Trees of the classifier: twice as many gain 0.1 % on MNIST."""

FEWEST_IN_LEAF = 3
"""Rows in a leaf that predicts a number: a single row is mostly noise."""

Labelled = tuple[Tensor, Tensor]
"""Points, shape ``(num_points, …)``, and their classes, integers, shape ``(num_points,)``."""

Judge = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""Scores what is learned, given points and labels to train on and to test on."""


def transfer_accuracies(
    training: Labelled, real: Labelled, generated: Labelled, judge: Judge | None = None
) -> dict[str, Tensor]:
    """Return what classifiers learn from samples and from real points.

    The letters name the training and the test set, synthetic (s) or real (r): ``tstr`` is trained
    on samples; ``trtr`` and ``trts`` on as many training points as there are samples, or all of
    them, chosen at random but always the same. Real test points are held-out ones. Perfect samples
    give equal scores. For training points in place of samples ``trts`` is tested on what it was
    trained on, and is about 1.

    Args:
        training: What the model was trained on.
        real: Data of the same origin that it has never seen.
        generated: Samples.
        judge: Scores what is learned; by default ``transfer_accuracy``.
    """
    judge = judge or transfer_accuracy
    chosen = random_order(len(training[0]))[: len(generated[0])].sort().values
    known = training[0][chosen], training[1][chosen]
    return {
        "tstr": judge(*generated, *real),
        "trtr": judge(*known, *real),
        "trts": judge(*known, *generated),
    }


def transfer_accuracy(
    train_points: Tensor, train_labels: Tensor, test_points: Tensor, test_labels: Tensor
) -> Tensor:
    """Return the accuracy on one labelled set of a classifier trained on another, a scalar.

    Trained on generated and tested on real points, it falls if samples are wrong, mislabelled or
    not diverse; the reverse falls only if they are wrong or mislabelled. Compare both with training
    and testing on real points (Esteban et al., 2017). The classifier is a forest of extremely
    randomised trees (Geurts et al., 2006) with fixed random numbers: it handles pixels as well as
    the columns of a table, in any unit, and noise or blur in one of the sets hardly affects it. NaN
    if a point is not finite.

    Args:
        train_points: Images, rows or features, shape ``(num_train, …)``.
        train_labels: Their classes, integers, shape ``(num_train,)``.
        test_points: Likewise, shape ``(num_test, …)``.
        test_labels: Likewise, shape ``(num_test,)``.

    Raises:
        InputError: If a set is empty, lacks labels, or the dimensions differ.
    """
    train, test = as_rows(1, dtype=torch.float32, train=train_points, test=test_points)
    for name, rows, labels in [("train", train, train_labels), ("test", test, test_labels)]:
        if labels.shape != rows.shape[:1]:
            raise InputError(
                f"The {name} set needs one label for each of its {len(rows)} rows, "
                f"not the shape {tuple(labels.shape)}."
            )
    if not all_finite(train, test):
        return test.new_tensor(torch.nan, dtype=torch.float64)
    forest = ExtraTreesClassifier(NUM_TREES, random_state=0)
    forest.fit(train.cpu().numpy(), train_labels.cpu().numpy())
    predicted = torch.from_numpy(forest.predict(test.cpu().numpy()))
    return (predicted == test_labels.cpu()).double().mean().to(test.device)


def transfer_r2(
    train_points: Tensor, train_targets: Tensor, test_points: Tensor, test_targets: Tensor
) -> Tensor:
    """Return how well a forest trained on one set predicts the numbers of another, a scalar.

    The coefficient of determination R²: 1 is perfect, 0 is no better than the mean of the numbers,
    and below 0 is worse. Rows without a number are left out. NaN if fewer than two rows of a set
    remain, or if a point is not finite.

    Args:
        train_points: Shape ``(num_train, …)``.
        train_targets: Their numbers, shape ``(num_train,)``; NaN is missing.
        test_points: Likewise, shape ``(num_test, …)``.
        test_targets: Likewise, shape ``(num_test,)``.
    """
    (x, y), (points, targets) = (
        (points[~targets.isnan()].cpu(), targets[~targets.isnan()].cpu())
        for points, targets in ((train_points, train_targets), (test_points, test_targets))
    )
    if min(len(y), len(targets)) < 2 or not all_finite(x, points):
        return torch.tensor(torch.nan, dtype=torch.float64)
    forest = ExtraTreesRegressor(NUM_TREES, min_samples_leaf=FEWEST_IN_LEAF, random_state=0)
    forest.fit(x.numpy(), y.numpy())
    return torch.tensor(forest.score(points.numpy(), targets.numpy()), dtype=torch.float64)
