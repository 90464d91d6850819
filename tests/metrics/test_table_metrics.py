"""Table metrics against the distances that they gather."""

import pytest
import torch

from gan_lightning.metrics import (
    TableMetrics,
    correlation_error,
    ks_statistic,
    wasserstein_distance,
)

NAMES = ["sepal length (cm)", "species", "petal width (cm)"]


@pytest.fixture
def sets():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 50, 3, generator=generator, dtype=torch.float64).unbind()


def results(real, generated, continuous=(0, 2)):
    metric = TableMetrics(NAMES, list(continuous))
    metric.update(real, real=True)
    metric.update(generated, real=False)
    return metric.compute()


def test_each_quantity_has_a_mean_and_a_value_per_column_without_its_unit(sets):
    assert set(results(*sets)) == {
        "correlation_error",
        "ks",
        "ks/sepal_length",
        "ks/petal_width",
        "wasserstein",
        "wasserstein/sepal_length",
        "wasserstein/petal_width",
    }


def test_names_keep_only_characters_that_a_tag_may_have():
    metric = TableMetrics(["  Größe, total (µm) ", "a/b c"], [0, 1])
    assert metric.names == ["Größe_total", "a_b_c"]


def test_values_are_the_distances_of_the_chosen_columns(sets):
    real, generated = sets
    found = results(real, generated)
    chosen = real[:, [0, 2]], generated[:, [0, 2]]
    for quantity, distance in [("ks", ks_statistic), ("wasserstein", wasserstein_distance)]:
        first, second = distance(*chosen)
        assert found[f"{quantity}/sepal_length"] == first
        assert found[f"{quantity}/petal_width"] == second
        torch.testing.assert_close(found[quantity], (first + second) / 2)
    assert found["correlation_error"] == correlation_error(*chosen)


def test_other_columns_do_not_count(sets):
    real, generated = sets
    before = results(real, generated)
    elsewhere = generated.clone()
    elsewhere[:, 1] = 1e6
    assert results(real, elsewhere) == before


def test_a_set_compared_with_itself_has_no_error(sets):
    real, _ = sets
    for value in results(real, real.flip(0)).values():
        assert value.item() == pytest.approx(0, abs=1e-12)


def test_a_worse_column_is_named_by_its_own_value(sets):
    real, _ = sets
    shifted = real.clone()
    shifted[:, 2] += 100
    found = results(real, shifted)
    assert found["ks/petal_width"] == 1
    assert found["ks/sepal_length"] == 0
    assert found["ks"] == 0.5
