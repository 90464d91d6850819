"""A model's own ``sample``, as a function of the noise that it is handed."""

import pytest
import torch
from torch import nn

from gan_lightning.errors import InputError
from gan_lightning.export.graph import MOST_OPERATIONS, SampleGraph
from gan_lightning.export.handed_noise import HandedNoise
from gan_lightning.models import GenerativeModel


def labels_of(model, count):
    return None if model.num_classes is None else torch.arange(count) % model.num_classes


def inputs_of(graph, count):
    noise = torch.randn(count, graph.noise_dim, generator=torch.Generator().manual_seed(1))
    label = 0 if graph.model.num_classes is None else 1
    return (noise,) if graph.model.num_classes is None else (noise, torch.full((count,), label))


def test_each_sample_is_a_function_of_its_own_row_of_noise(family):
    graph = SampleGraph(*family)
    noise, *labels = inputs_of(graph, 9)
    all_of_them = graph(noise, *labels)
    assert all_of_them.shape == (9, *graph.shape)
    one = graph(noise[3:4], *(each[3:4] for each in labels))
    torch.testing.assert_close(all_of_them[3:4], one, rtol=1e-5, atol=1e-5, equal_nan=True)
    torch.testing.assert_close(graph(noise, *labels), all_of_them, rtol=0, atol=0, equal_nan=True)
    assert not torch.equal(graph(noise.flip(0), *labels), all_of_them)


def test_handed_noise_draws_the_distribution_that_the_model_draws(family):
    model, units = family
    graph = SampleGraph(model, units)
    count = 4000
    handed = graph(*inputs_of(graph, count))
    labels = None if model.num_classes is None else torch.ones(count).long()
    own = units.in_units(model.sample(count, labels))
    known = own.isfinite() & handed.isfinite()
    for one, other, both in zip(
        own.flatten(1).T, handed.flatten(1).T, known.flatten(1).T, strict=True
    ):
        spread = one[both].std().clamp_min(1e-3)
        assert (one[both].mean() - other[both].mean()).abs() < 0.12 * spread
        assert (one.isnan().double().mean() - other.isnan().double().mean()).abs() < 0.05


def test_the_models_random_numbers_stay_as_they_were(family):
    graph = SampleGraph(*family)
    inputs = inputs_of(graph, 5)
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    graph(*inputs)
    assert torch.equal(torch.rand(2), expected)


def test_draws_are_taken_from_the_columns_in_their_order():
    noise = torch.tensor([[0.5, -1.0, 0.0, 1.0], [2.0, 0.0, -3.0, -1.0]])
    with HandedNoise(noise, 2) as handed:
        assert torch.equal(torch.randn(2, 2), noise[:, :2])
        assert torch.rand(2, 1)[0] == 0.5
        assert torch.equal(torch.randn_like(noise[:, :1]), noise[:, 3:])
    assert handed.noise_dim == 4
    assert not handed.chooses


@pytest.mark.parametrize("level", [0.05, 0.199, 0.201, 0.499, 0.501, 0.95])
def test_a_category_is_the_first_whose_cumulated_share_is_above_the_level(level):
    noise = torch.special.ndtri(torch.tensor([[level, level]]))
    with HandedNoise(noise, 1) as handed:
        alone = torch.tensor([2.0, 3.0, 5.0]).multinomial(1, replacement=True)
        of_rows = torch.multinomial(torch.tensor([[2.0, 3.0, 5.0]]), 1)
    expected = 0 if level < 0.2 else 1 if level < 0.5 else 2
    assert alone.tolist() == [expected]
    assert of_rows.tolist() == [[expected]]
    assert handed.chooses


class Own(GenerativeModel):
    """A user's model that draws by a given function."""

    def __init__(self, draw):
        super().__init__()
        self.draw = draw
        self.layer = nn.Linear(2, 2)
        self.judge = nn.Linear(7, 1)

    def sample(self, num_samples, labels=None):
        with torch.no_grad():
            return self.layer(self.draw(num_samples))


def points():
    from gan_lightning.data.units import PointUnits

    return PointUnits()


@pytest.mark.filterwarnings("ignore:.*checkpoint holds no configuration:UserWarning")
@pytest.mark.parametrize(
    ("draw", "dim"),
    [
        (lambda n: torch.rand(n, 2), 2),
        (lambda n: torch.rand((n, 2)) * torch.randn(size=(n, 1)), 3),
        (lambda n: torch.full((n, 2), 0.3).bernoulli(), 2),
        (lambda n: torch.bernoulli(torch.empty(n, 2), 0.3), 2),
        (lambda n: torch.randn(2, n, 3).sum(2).T, 6),
    ],
)
def test_a_users_own_model_is_traced_too(draw, dim):
    graph = SampleGraph(Own(draw), points())
    assert graph.noise_dim == dim
    assert graph.networks == ["layer"]
    assert graph(torch.zeros(3, dim)).shape == (3, 2)


def test_a_choice_that_depends_on_a_value_is_refused_in_one_sentence(capfd):
    def turned(count):
        x = torch.randn(count, 2)
        return x if x.mean() > 0 else -x

    graph = SampleGraph(Own(turned), points())
    with pytest.raises(InputError, match="its operations depend on the number of samples"):
        graph.program()
    assert capfd.readouterr() == ("", "")


def test_a_model_that_draws_another_number_of_samples_is_refused():
    with pytest.raises(InputError, match="asked for 31 samples, it draws 62"):
        SampleGraph(Own(lambda n: torch.randn(n, 2).repeat(2, 1)), points())


def test_samples_that_take_more_operations_than_a_graph_has_are_refused_in_one_sentence():
    def walked(count):
        x = torch.randn(count, 2)
        for _ in range(MOST_OPERATIONS):
            x = x + 1
        return x

    sentence = (
        r"^Own cannot be exported as a graph: its samples take \d+ operations, and a graph has at "
        rf"most {MOST_OPERATIONS}\. gan_lightning\.load draws from the checkpoint itself\.$"
    )
    graph = SampleGraph(Own(walked), points())  # without a graph, it can be kept as weights
    with pytest.raises(InputError, match=sentence):
        graph.program()


@pytest.mark.parametrize(
    "draw",
    [
        lambda n: torch.empty(n, 2).normal_(),
        lambda n: torch.randperm(2 * n).view(n, 2).float(),
        lambda n: torch.normal(torch.zeros(n, 2), 1.0),
        lambda n: nn.functional.dropout(torch.ones(n, 2)),
        lambda n: torch.ones(n, 4).multinomial(2).float(),
    ],
)
def test_other_ways_of_drawing_are_refused_by_name(draw):
    with pytest.raises(InputError, match=r"Own cannot be exported as a graph: it draws by \w+"):
        SampleGraph(Own(draw), points())
