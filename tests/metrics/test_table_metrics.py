"""Table metrics against the distances that they gather, and samplers whose fault is known."""

import math
import warnings

import numpy as np
import pytest
import torch

from gan_lightning.metrics import (
    CompleteTableMetrics,
    TableMetrics,
    correlation_errors,
    ks_statistic,
    total_variation,
    two_sample,
    wasserstein_distance,
)

NAMES = ["sepal length (cm)", "species", "petal width (cm)"]
MEASURED = [0, 2]
NOVELTY = {"dcr", "closer", "copies", "memorised"}
ALONE = {"c2st", "boosted", "gap", *NOVELTY}  # what a single column has
JUDGED = {*ALONE, "correlation_excess", "tstr", "trtr", "trts"}


def flowers(num_rows=150, seed=0):
    """Two measurements rounded to 0.1 with the species between them, all depending on each other.

    Measurements of one species have a correlation of 0.9, and species lie 2 apart.
    """
    rng = np.random.default_rng(seed)
    species = np.arange(num_rows) % 3
    lengths = rng.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], num_rows) + 2 * species[:, None]
    return torch.from_numpy(np.stack([lengths[:, 0], species, lengths[:, 1]], 1).round(1))


def apart(rows, seed=0):
    """The same columns, each in an order of its own: perfect marginals, no dependence."""
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([c[torch.randperm(len(c), generator=generator)] for c in rows.T], 1)


def quick(real, generated):
    metric = TableMetrics(NAMES, MEASURED)
    metric.update(real, real=True)
    metric.update(generated, real=False)
    return {name: value.item() for name, value in metric.compute().items()}


def complete(generated, real=None, train=None, names=NAMES, measured=MEASURED, labels=None):
    """Results beside 150 training and 150 held-out flowers."""
    real = flowers(seed=1) if real is None else real
    train = flowers(seed=0) if train is None else train
    metric = CompleteTableMetrics(names, measured, train, torch.arange(len(train)) % 3)
    metric.update(real, torch.arange(len(real)) % 3, real=True)
    metric.update(generated, labels, real=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return {name: value.item() for name, value in metric.compute().items()}


@pytest.fixture(scope="module")
def of_fresh_rows():
    """Results of a perfect sampler."""
    return complete(flowers(seed=2))


@pytest.fixture(scope="module")
def of_training_rows():
    """Results of a sampler that copies everything it was trained on."""
    return complete(flowers())


@pytest.fixture
def few_trees(monkeypatch):
    """Save time where nobody asks how well trees tell samples from data."""
    for size in ("NUM_TREES", "NUM_BOOSTED", "MAX_ROUNDS"):
        monkeypatch.setattr(two_sample, size, 2)


def test_each_quantity_has_a_mean_and_a_value_per_column_without_its_unit():
    assert set(quick(flowers(), flowers(seed=1))) == {
        "correlation_error",
        "correlation_error/mean",
        "ks",
        "ks/sepal_length",
        "ks/petal_width",
        "tv",
        "tv/species",
        "wasserstein",
        "wasserstein/sepal_length",
        "wasserstein/petal_width",
    }


def test_names_keep_only_characters_that_a_tag_may_have():
    metric = TableMetrics(["  Größe, total (µm) ", "a/b c"], [0, 1])
    assert metric.names == ["Größe_total", "a_b_c"]


def test_values_are_the_distances_of_the_columns():
    real, generated = flowers(), flowers(90, seed=1)[10:]
    found = quick(real, generated)
    chosen = real[:, MEASURED], generated[:, MEASURED]
    for quantity, distance in [("ks", ks_statistic), ("wasserstein", wasserstein_distance)]:
        first, second = distance(*chosen)
        assert found[f"{quantity}/sepal_length"] == pytest.approx(first.item())
        assert found[f"{quantity}/petal_width"] == pytest.approx(second.item())
        assert found[quantity] == pytest.approx((first + second).item() / 2)
    (variation,) = total_variation(real[:, [1]], generated[:, [1]])
    assert found["tv"] == found["tv/species"] == variation.item()
    errors = correlation_errors(real, generated, [1])
    assert found["correlation_error"] == errors.max().item()
    assert found["correlation_error/mean"] == errors.mean().item()


def test_a_set_compared_with_itself_has_no_error():
    real = flowers()
    assert list(quick(real, real.flip(0)).values()) == pytest.approx([0] * 10, abs=1e-6)


def test_a_worse_column_is_named_by_its_own_value():
    shifted = flowers()
    shifted[:, 2] += 100
    found = quick(flowers(), shifted)
    assert found["ks/petal_width"] == 1
    assert found["ks/sepal_length"] == 0
    assert found["ks"] == 0.5


def test_the_complete_numbers_begin_with_the_quick_ones(of_fresh_rows):
    expected = quick(flowers(seed=1), flowers(seed=2))
    assert set(of_fresh_rows) == set(expected) | JUDGED
    assert {name: of_fresh_rows[name] for name in expected} == expected


def test_a_perfect_sampler_comes_close_to_every_goal(of_fresh_rows):
    found = of_fresh_rows
    metric = CompleteTableMetrics(NAMES, MEASURED, flowers(), torch.arange(150) % 3)
    assert set(metric.goals) == {name.partition("/")[0] for name in found} - {
        "tstr",
        "trtr",
        "trts",
    }
    for name, goal in metric.goals.items():
        # KS and Wasserstein distances are a few of sqrt(2/150) = 0.12
        assert found[name] == pytest.approx(goal, abs=0.2), name
    assert found["tstr"] == pytest.approx(found["trtr"], abs=0.1)
    assert found["trts"] == pytest.approx(found["trtr"], abs=0.1)


def test_numbers_grow_from_perfect_over_noisy_and_shuffled_to_constant_samples(of_fresh_rows):
    perfect = flowers(seed=2)
    noisy = perfect.clone()
    noise = torch.randn(150, 2, generator=torch.Generator().manual_seed(0)).double()
    noisy[:, MEASURED] = (noisy[:, MEASURED] + 0.6 * noise).round(decimals=1)
    constant = perfect[:1].repeat(150, 1)
    found = [of_fresh_rows, *(complete(rows) for rows in (noisy, apart(perfect), constant))]
    for name in ("c2st", "correlation_error/mean"):
        values = [numbers[name] for numbers in found]
        assert values == sorted(values), name
        assert len(set(values)) == 4, name
    assert found[2]["tstr"] < found[0]["tstr"] - 0.2
    assert found[2]["trts"] < found[0]["trts"] - 0.2


def test_distributions_of_columns_are_blind_to_how_columns_go_together():
    real, perfect = flowers(1500, seed=1), flowers(1500, seed=2)
    noisy = perfect.clone()
    noisy[:, 0] += 2 * torch.randn(1500, generator=torch.Generator().manual_seed(0)).double()
    constant = perfect[:1].repeat(1500, 1)
    found = [quick(real, rows) for rows in (perfect, apart(perfect), noisy, constant)]
    for name in ("ks", "wasserstein"):
        first, shuffled, second, last = (numbers[name] for numbers in found)
        assert first == pytest.approx(shuffled)
        assert first < second < last
    assert found[1]["tv"] == found[0]["tv"] == 0
    assert found[1]["correlation_error"] > 0.7 > 0.1 > found[0]["correlation_error"]


def test_training_rows_in_place_of_samples_are_good_in_all_but_their_novelty(of_training_rows):
    found = of_training_rows
    assert found["c2st"] < 0.6
    assert found["tstr"] == found["trtr"]
    assert found["dcr"] == 0
    assert found["memorised"] == 1


def test_a_few_repeated_training_rows_are_caught_as_copies_and_as_too_few():
    found = complete(flowers()[torch.arange(400) % 10])
    assert found["dcr"] == 0
    assert found["memorised"] == 1
    assert found["c2st"] > 0.85
    # every third of the ten is of the same species
    assert found["tstr"] == pytest.approx(found["trtr"], abs=0.25)


def test_goals_are_those_of_the_columns_present():
    assert set(TableMetrics(["a", "b"], [0, 1]).goals) == {"ks", "wasserstein", "correlation_error"}
    assert set(TableMetrics(["a", "b"], []).goals) == {"tv", "correlation_error"}
    assert set(TableMetrics(["a"], [0]).goals) == {"ks", "wasserstein"}


@pytest.mark.usefixtures("few_trees")
def test_labels_requested_of_samples_take_the_place_of_a_missing_categorical_column():
    rows, names = flowers(seed=2)[:, MEASURED], ["a", "b"]
    sets = {"real": flowers(seed=1)[:, MEASURED], "train": flowers()[:, MEASURED]}
    asked = complete(rows, **sets, names=names, measured=[0, 1], labels=torch.arange(150) % 3)
    assert asked["tstr"] > 0.7
    wrong = complete(rows, **sets, names=names, measured=[0, 1], labels=torch.arange(150) // 50)
    assert wrong["tstr"] < 0.6
    assert wrong["trtr"] == asked["trtr"]
    unasked = complete(rows, **sets, names=names, measured=[0, 1])
    assert set(asked) - set(unasked) == {"tstr", "trtr", "trts"}


@pytest.mark.usefixtures("few_trees")
def test_one_label_for_all_rows_is_nothing_to_learn():
    sets = [flowers(seed=seed)[:, MEASURED] for seed in range(3)]
    one = torch.zeros(150, dtype=torch.int64)
    metric = CompleteTableMetrics(["a", "b"], [0, 1], sets[0], one)
    metric.update(sets[1], one, real=True)
    metric.update(sets[2], one, real=False)
    assert not {"tstr", "trtr", "trts"} & set(metric.compute())


@pytest.mark.usefixtures("few_trees")
def test_the_last_of_several_categorical_columns_is_learned_from_all_others():
    def coded(seed):
        """The second category follows from the first, the measurement is noise."""
        first = torch.randint(3, (150,), generator=torch.Generator().manual_seed(seed))
        noise = torch.randn(150, generator=torch.Generator().manual_seed(seed + 9))
        return torch.stack([first.double(), (first == 1).double(), noise.double()], 1)

    found = complete(coded(2), coded(1), coded(0), ["first", "second", "noise"], [2])
    assert found["tstr"] == found["trtr"] == found["trts"] == 1
    assert {"tv/first", "tv/second"} <= set(found)


@pytest.mark.usefixtures("few_trees")
def test_a_table_of_categories_alone_has_no_distances_of_measurements():
    codes = [torch.from_numpy(np.random.default_rng(i).integers(3, size=(60, 2))) for i in range(3)]
    found = complete(*(rows.double() for rows in codes), ["colour", "size"], [])
    assert set(found) == {"tv", "tv/colour", "tv/size", "correlation_error"} | {
        "correlation_error/mean",
        *JUDGED,
    }
    assert found["copies"] == 1
    assert found["memorised"] == 1  # there are only nine different rows
    assert math.isnan(found["dcr"])  # and repeated rows have no distance


@pytest.mark.usefixtures("few_trees")
def test_a_table_of_one_column_has_nothing_to_correlate_or_to_learn_from():
    sets = [flowers(seed=seed)[:, [0]] for seed in range(3)]
    found = complete(*sets, ["a"], [0])
    assert set(found) == {"ks", "ks/a", "wasserstein", "wasserstein/a", *ALONE}
    one_category = complete(*(torch.zeros(20, 1) for _ in range(3)), ["species"], [])
    assert one_category["tv"] == 0
    assert one_category["c2st"] == pytest.approx(0.5, abs=0.2)


@pytest.mark.usefixtures("few_trees")
def test_constant_columns_and_a_category_that_all_rows_share_do_no_harm():
    sets = [torch.cat([flowers(60, seed), torch.full((60, 1), 5.1)], 1) for seed in range(3)]
    for rows in sets:
        rows[:, 1] = 2
    found = complete(*sets, [*NAMES, "constant"], [*MEASURED, 3])
    assert found["ks/constant"] == found["wasserstein/constant"] == found["tv/species"] == 0
    assert found["tstr"] == 1
    assert all(map(math.isfinite, found.values()))


@pytest.mark.parametrize("num_rows", [1, 2])
def test_one_or_two_rows_of_each_set_are_compared_as_far_as_they_reach(num_rows):
    found = complete(*(flowers(num_rows, seed) for seed in range(3)))
    unknown = {"boosted", "gap", *(["c2st", "dcr"] if num_rows == 1 else [])}
    metric = CompleteTableMetrics(NAMES, MEASURED, flowers(num_rows), torch.arange(num_rows))
    metric.update(flowers(num_rows, 1), real=True)
    metric.update(flowers(num_rows, 2), real=False)
    metric.compute()
    assert metric.protocol == f"boosted and gap need 6 held-out rows, found {num_rows}"
    assert {name for name, value in found.items() if math.isnan(value)} == unknown


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_samples_that_are_not_finite_have_no_numbers_rather_than_wrong_ones(broken):
    rows = flowers(seed=2)
    rows[7, 0] = broken
    found = complete(rows)
    names = ("wasserstein", "correlation_error", "c2st", "boosted", "dcr", "memorised", "tstr")
    for name in names:
        assert not math.isfinite(found[name]), name
    assert math.isfinite(found["ks/petal_width"])
    assert found["tv"] == 0


def test_copies_are_caught_by_every_measure_of_novelty_and_fresh_rows_by_none(
    of_training_rows, of_fresh_rows
):
    copies, fresh = of_training_rows, of_fresh_rows
    assert copies["copies"] == 1
    assert copies["closer"] > 0.9  # some are held-out rows as well
    assert copies["gap"] > 0.1 > abs(fresh["gap"])
    assert fresh["copies"] < 0.1
    assert fresh["closer"] == pytest.approx(0.5, abs=0.15)


def with_gaps(seed, share=0.2, num_rows=300):
    """Flowers whose first measurement is missing, where the species is 0, and some species."""
    rows = flowers(num_rows, seed)
    random = torch.rand(num_rows, generator=torch.Generator().manual_seed(seed))
    rows[random < share, 0] = math.nan
    rows[random > 0.9, 1] = math.nan
    return rows


def compared_with_gaps(generated):
    metric = CompleteTableMetrics(
        NAMES, MEASURED, with_gaps(0), torch.arange(300) % 3, missing=[0, 1], target=1
    )
    metric.update(with_gaps(1), real=True)
    metric.update(generated, real=False)
    return {name: float(value) for name, value in metric.compute().items()}


def test_missing_cells_are_a_part_of_the_comparison_and_break_none_of_its_numbers():
    fresh, more = compared_with_gaps(with_gaps(2)), compared_with_gaps(with_gaps(2, share=0.7))
    assert all(map(math.isfinite, fresh.values()))
    assert fresh["missing/sepal_length"] < 0.1
    assert more["missing/sepal_length"] == pytest.approx(0.5, abs=0.1)
    assert more["boosted"] > 0.7 > fresh["boosted"]
    assert more["c2st"] > fresh["c2st"] + 0.1
    assert compared_with_gaps(with_gaps(0))["copies"] == 1


def test_the_excess_of_correlation_errors_is_none_for_real_rows(of_training_rows):
    assert of_training_rows["correlation_excess"] == pytest.approx(0, abs=1e-9)
    shuffled = flowers(seed=2)
    shuffled[:, 0] = shuffled[torch.randperm(150), 0]
    assert complete(shuffled)["correlation_excess"] > 0.1


@pytest.mark.usefixtures("few_trees")
def test_a_target_of_many_numbers_is_predicted_by_regression_and_the_protocol_says_so():
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(300, 3, generator=generator).double()
    rows[:, 2] = 2 * rows[:, 0] + 0.2 * rows[:, 2]
    training, real, generated = rows.split(100)
    metric = CompleteTableMetrics(
        ["a", "b", "income"], [0, 1, 2], training, torch.zeros(100).long(), target=2
    )
    assert metric.protocol == "tstr, trtr and trts are R² of forests for 'income'"
    metric.update(real, real=True)
    metric.update(generated, real=False)
    found = metric.compute()
    assert found["tstr"] > 0.7 < found["trtr"]
    metric.reset()
    metric.update(real, real=True)
    metric.update(generated[torch.randperm(100), 2:].expand(100, 3) * 1.0, real=False)
    assert metric.compute()["tstr"] < 0.5
