"""What every generator and every discriminator promises, whatever its architecture."""

import inspect
from typing import get_origin

import pytest
import torch

from gan_lightning import networks
from gan_lightning.networks import Discriminator, Generator


def concrete(base):
    """The exported classes of a family: a new one is tested as soon as it is exported."""
    exported = [value for value in vars(networks).values() if get_origin(value) is None]
    classes = [value for value in exported if inspect.isclass(value)]  # not Shape, an alias
    return [cls for cls in classes if issubclass(cls, base) and not inspect.isabstract(cls)]


every_generator = pytest.mark.parametrize("make", concrete(Generator))
every_discriminator = pytest.mark.parametrize("make", concrete(Discriminator))
every_shape = pytest.mark.parametrize("data_shape", [(2,), (4,), (1, 8, 8)])
every_batch = pytest.mark.parametrize("batch", [1, 7])


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def latents(generator, batch):
    return torch.randn(batch, generator.latent_dim)


def last_linear(network):
    """The last module with a weight: the one that makes the logits."""
    return [module for module in network.modules() if getattr(module, "weight", None) is not None][
        -1
    ]


def parameters_without_gradient(network, compute):
    """Names of the parameters that no draw of inputs moves."""
    still = dict(network.named_parameters())
    for _ in range(5):  # one draw may leave a rectifier off
        network.zero_grad()
        compute().square().sum().backward()
        still = {
            name: p for name, p in still.items() if p.grad is None or not p.grad.abs().sum() > 0
        }
    return sorted(still)


@pytest.mark.parametrize("base", [Generator, Discriminator])
def test_a_contract_alone_cannot_be_instantiated(base):
    with pytest.raises(TypeError, match="abstract"):
        base()


@pytest.mark.parametrize("base", [Generator, Discriminator])
def test_every_family_has_a_member(base):
    assert concrete(base)


@every_generator
@every_shape
@every_batch
def test_a_generator_maps_latents_to_points_of_the_datas_shape(make, data_shape, batch):
    generator = make(data_shape)
    points = generator(latents(generator, batch))
    assert points.shape == (batch, *data_shape)
    assert points.dtype == torch.float32
    assert points.isfinite().all()


@every_generator
@every_shape
@every_batch
def test_every_parameter_of_a_generator_receives_a_gradient(make, data_shape, batch):
    generator = make(data_shape)
    assert not parameters_without_gradient(
        generator, lambda: generator(latents(generator, batch)) + 1
    )


@every_generator
@every_shape
def test_different_latents_give_different_points(make, data_shape):
    generator = make(data_shape)
    points = generator(latents(generator, 7)).flatten(1)
    distances = torch.cdist(points, points) + torch.eye(7)
    assert distances.min() > 0


@every_generator
@every_shape
def test_a_generator_in_eval_mode_treats_each_latent_alone(make, data_shape):
    generator = make(data_shape).eval()
    z = latents(generator, 7)
    one_by_one = torch.cat([generator(z[i : i + 1]) for i in range(7)])
    torch.testing.assert_close(generator(z), one_by_one)


@every_discriminator
@every_shape
@every_batch
def test_a_discriminator_maps_points_to_one_logit_each(make, data_shape, batch):
    logits = make(data_shape)(torch.randn(batch, *data_shape))
    assert logits.shape == (batch,)
    assert logits.dtype == torch.float32
    assert logits.isfinite().all()


@every_discriminator
@every_shape
@every_batch
def test_every_parameter_of_a_discriminator_receives_a_gradient(make, data_shape, batch):
    discriminator = make(data_shape)
    assert not parameters_without_gradient(
        discriminator, lambda: discriminator(torch.randn(batch, *data_shape)) + 1
    )


@every_discriminator
@every_shape
@every_batch
def test_logits_are_unbounded_since_they_scale_with_the_last_layer(make, data_shape, batch):
    discriminator = make(data_shape).eval()
    x = torch.randn(batch, *data_shape)
    before = discriminator(x)
    layer = last_linear(discriminator)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter *= 2**20  # a power of two: no rounding
    after = discriminator(x)
    torch.testing.assert_close(after, 2**20 * before)
    assert after.abs().max() > 1  # more than a sigmoid or a tanh can say


@every_discriminator
@every_shape
def test_logits_take_both_signs(make, data_shape):
    discriminator = make(data_shape).eval()
    layer = last_linear(discriminator)
    x = torch.randn(7, *data_shape)
    before = discriminator(x)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.neg_()
    torch.testing.assert_close(discriminator(x), -before)


@every_discriminator
@every_shape
def test_a_discriminator_in_eval_mode_judges_each_point_alone(make, data_shape):
    discriminator = make(data_shape).eval()
    x = torch.randn(7, *data_shape)
    one_by_one = torch.cat([discriminator(x[i : i + 1]) for i in range(7)])
    torch.testing.assert_close(discriminator(x), one_by_one)


@every_discriminator
@every_shape
def test_points_receive_a_gradient_through_the_discriminator(make, data_shape):
    x = torch.randn(7, *data_shape, requires_grad=True)
    make(data_shape)(x).sum().backward()
    assert (x.grad.flatten(1).norm(dim=1) > 0).all()


@pytest.mark.parametrize("make", concrete(Generator) + concrete(Discriminator))
@every_shape
def test_weights_saved_and_loaded_give_the_same_outputs(make, data_shape):
    first, second = make(data_shape).eval(), make(data_shape).eval()
    x = latents(first, 7) if isinstance(first, Generator) else torch.randn(7, *data_shape)
    assert not torch.equal(first(x), second(x))  # drawn apart
    second.load_state_dict(first.state_dict())
    assert torch.equal(first(x), second(x))


@pytest.mark.parametrize("make", concrete(Generator) + concrete(Discriminator))
def test_networks_of_the_same_seed_start_equal(make):
    states = []
    for _ in range(2):
        torch.manual_seed(3)
        states.append(make((4,)).state_dict())
    for name, value in states[0].items():
        assert torch.equal(value, states[1][name]), name
