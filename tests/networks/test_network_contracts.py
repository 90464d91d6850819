"""What every generator and every discriminator promises, whatever its architecture."""

import inspect
from functools import partial
from pathlib import Path
from typing import get_origin

import pytest
import torch
from torch import nn

from gan_lightning import networks
from gan_lightning.errors import InputError
from gan_lightning.networks import (
    AdaptiveTanh,
    AuxiliaryClassifier,
    ClassifyingDiscriminator,
    Codebook,
    ConvDiscriminator,
    DCGANDiscriminator,
    DCGANGenerator,
    Discriminator,
    FourierFeatures,
    Generator,
    InstanceNoise,
    KerasConvGenerator,
    LabelledDiscriminator,
    LabelledGenerator,
    LearnedNoise,
    MinibatchStd,
    MLPDiscriminator,
    MLPGenerator,
    Packing,
    ProjectionDiscriminator,
    R3Discriminator,
    R3Generator,
    ResidualMLPGenerator,
    ResNetDiscriminator,
    ResNetGenerator,
)
from gan_lightning.networks.r3 import R3Block

ELSEWHERE = {
    LabelledDiscriminator: "test_conditional_networks.py",
    LabelledGenerator: "test_conditional_networks.py",
    ProjectionDiscriminator: "test_conditional_networks.py",
    MinibatchStd: "test_batch_networks.py",
    Packing: "test_batch_networks.py",
}
"""Networks that ask for labels, or look at several points, and where they are tested."""


def concrete(base):
    """The exported classes of a family: a new one has to be listed in this file."""
    exported = [value for value in vars(networks).values() if get_origin(value) is None]
    classes = [value for value in exported if inspect.isclass(value)]  # not Shape, an alias
    return {cls for cls in classes if issubclass(cls, base) and not inspect.isabstract(cls)}


class FewClasses(AuxiliaryClassifier):
    """An auxiliary classifier as a discriminator that needs only the shape."""

    def __init__(self, data_shape):
        super().__init__(data_shape, 3, partial(MLPDiscriminator, hidden_dims=(16,)))


class AwakeR3Generator(R3Generator):
    """One whose blocks are no longer the identity, as which they start."""

    def __init__(self, data_shape):
        super().__init__(data_shape, base_channels=8, output=nn.Tanh)
        self.apply(wake)


class AwakeR3Discriminator(R3Discriminator):
    """The same of a discriminator."""

    def __init__(self, data_shape):
        super().__init__(data_shape, base_channels=8)
        self.apply(wake)


def wake(module):
    if isinstance(module, R3Block):
        nn.init.normal_(module.reduce.weight, 0, 0.1)


ANY_SHAPE = [(2,), (4,), (1, 8, 8)]
IMAGES = [(1, 28, 28), (1, 8, 8), (3, 16, 16), (1, 32, 32)]

GENERATORS = [
    (MLPGenerator, ANY_SHAPE),
    (partial(ResidualMLPGenerator, width=16), ANY_SHAPE),
    (LearnedNoise, ANY_SHAPE),
    (Codebook, ANY_SHAPE),
    (partial(ResidualMLPGenerator, width=16, activation=AdaptiveTanh), ANY_SHAPE),
    (partial(MLPGenerator, norm=partial(nn.BatchNorm1d, momentum=0.2)), ANY_SHAPE),
    (partial(DCGANGenerator, base_channels=4), IMAGES),
    (partial(ResNetGenerator, base_channels=8), IMAGES),
    (AwakeR3Generator, IMAGES),
    (KerasConvGenerator, [(1, 28, 28), (1, 8, 8), (3, 16, 16)]),
]
UNNORMALISED = [  # whose weights are what multiplies
    (MLPDiscriminator, ANY_SHAPE),
    (partial(MLPDiscriminator, norm=nn.BatchNorm1d), ANY_SHAPE),
    (partial(ConvDiscriminator, base_channels=4, hidden_dim=8), IMAGES),
    (partial(DCGANDiscriminator, base_channels=4), IMAGES),
    (partial(DCGANDiscriminator, base_channels=4, norm=nn.Identity), IMAGES),
    (partial(ResNetDiscriminator, base_channels=8, spectral_norm=False), IMAGES),
    (AwakeR3Discriminator, IMAGES),
    (partial(InstanceNoise, discriminator=MLPDiscriminator), ANY_SHAPE),
    (partial(FourierFeatures, highest=5.0), ANY_SHAPE),
    (FewClasses, ANY_SHAPE),
]
DISCRIMINATORS = [
    *UNNORMALISED,
    (partial(DCGANDiscriminator, base_channels=4, norm=nn.Identity, spectral_norm=True), IMAGES),
    (partial(ResNetDiscriminator, base_channels=8), IMAGES),
]


def named(make):
    """A network's class with the options that make it another one."""
    options = getattr(make, "keywords", {})
    chosen = [
        f"{key}={getattr(v, '__name__', v)}" for key, v in options.items() if "base" not in key
    ]
    return "-".join([class_of(make).__name__, *chosen])


def dtype_of(network):
    return next(network.parameters()).dtype


def class_of(make):
    return getattr(make, "func", make)


def each(cases):
    """Every network with every shape that it can make."""
    pairs = [
        pytest.param(make, shape, id=f"{named(make)}-{shape}")
        for make, shapes in cases
        for shape in shapes
    ]
    return pytest.mark.parametrize(("make", "data_shape"), pairs)


every_generator = each(GENERATORS)
every_discriminator = each(DISCRIMINATORS)
every_batch = pytest.mark.parametrize("batch", [1, 7])


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def latents(generator, batch):
    return torch.randn(batch, generator.latent_dim)


def ready(network, batch):
    """A network in training, except for a single point, which has no batch statistics."""
    return network.train(batch > 1)


def head(network):
    """The layer that makes the logits."""
    return next(module.head for module in network.modules() if hasattr(module, "head"))


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


@pytest.mark.parametrize(
    ("base", "cases"), [(Generator, GENERATORS), (Discriminator, DISCRIMINATORS)]
)
def test_every_network_of_the_package_has_a_case(base, cases):
    tested = {cls for make, _ in cases for cls in class_of(make).__mro__}
    assert concrete(base) - ELSEWHERE.keys() <= tested
    for cls, file in ELSEWHERE.items():
        assert cls.__name__ in Path(__file__).with_name(file).read_text()


@every_generator
@every_batch
def test_a_generator_maps_latents_to_points_of_the_datas_shape(make, data_shape, batch):
    generator = ready(make(data_shape), batch)
    points = generator(latents(generator, batch))
    assert points.shape == (batch, *data_shape)
    assert points.dtype == torch.float32
    assert points.isfinite().all()


@every_generator
@every_batch
def test_every_parameter_of_a_generator_receives_a_gradient(make, data_shape, batch):
    generator = ready(make(data_shape), batch)
    assert not parameters_without_gradient(
        generator, lambda: generator(latents(generator, batch)) + 1
    )


@every_generator
def test_different_latents_give_different_points(make, data_shape):
    generator = make(data_shape)
    points = generator(latents(generator, 7)).flatten(1)
    distances = torch.cdist(points, points) + torch.eye(7)
    assert distances.min() > 0


@every_generator
def test_a_generator_in_eval_mode_treats_each_latent_alone(make, data_shape):
    generator = make(data_shape).eval()
    z = latents(generator, 7)
    one_by_one = torch.cat([generator(z[i : i + 1]) for i in range(7)])
    torch.testing.assert_close(generator(z), one_by_one)


@every_generator
@pytest.mark.parametrize("mixed", [True, False], ids=["mixed", "true"])
def test_a_generator_computes_in_bfloat16(make, data_shape, mixed):
    generator = make(data_shape) if mixed else make(data_shape).bfloat16()
    with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        points = generator(torch.randn(8, generator.latent_dim).to(dtype_of(generator)))
        points.float().square().mean().backward()
    assert points.isfinite().all()
    assert all(w.grad.isfinite().all() for w in generator.parameters())


@every_discriminator
def test_a_discriminator_computes_in_bfloat16(make, data_shape):
    discriminator = make(data_shape).bfloat16()
    logits = discriminator(torch.randn(8, *data_shape).bfloat16())
    logits.sum().backward()
    assert logits.dtype == torch.bfloat16
    assert logits.isfinite().all()
    assert all(w.grad.isfinite().all() for w in discriminator.parameters() if w.grad is not None)


@every_discriminator
def test_logits_keep_the_precision_of_the_weights_under_autocast(make, data_shape):
    discriminator, x = make(data_shape).eval(), torch.randn(8, *data_shape)
    with torch.autocast("cpu", torch.bfloat16):
        logits = discriminator(x)
    assert logits.dtype == torch.float32
    assert (logits != logits.bfloat16()).any()  # not merely converted


@every_discriminator
@every_batch
def test_a_discriminator_maps_points_to_one_logit_each(make, data_shape, batch):
    logits = ready(make(data_shape), batch)(torch.randn(batch, *data_shape))
    assert logits.shape == (batch,)
    assert logits.dtype == torch.float32
    assert logits.isfinite().all()


@every_discriminator
@every_batch
def test_every_parameter_of_a_discriminator_receives_a_gradient(make, data_shape, batch):
    discriminator = ready(make(data_shape), batch)

    def outputs():
        x = torch.randn(batch, *data_shape)
        if isinstance(discriminator, ClassifyingDiscriminator):
            logits, class_logits = discriminator.judge(x)
            return logits + class_logits.square().sum(1) + 1
        return discriminator(x) + 1

    assert not parameters_without_gradient(discriminator, outputs)


@each(UNNORMALISED)
@every_batch
def test_logits_are_unbounded_since_they_scale_with_the_last_layer(make, data_shape, batch):
    discriminator = make(data_shape).eval()
    x = torch.randn(batch, *data_shape)
    before = discriminator(x)
    layer = head(discriminator)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter *= 2**20  # a power of two: no rounding
    after = discriminator(x)
    torch.testing.assert_close(after, 2**20 * before)
    assert after.abs().max() > 1  # more than a sigmoid or a tanh reaches


@each(UNNORMALISED)
def test_logits_take_both_signs(make, data_shape):
    discriminator = make(data_shape).eval()
    layer = head(discriminator)
    x = torch.randn(7, *data_shape)
    before = discriminator(x)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.neg_()
    torch.testing.assert_close(discriminator(x), -before)


@every_discriminator
def test_a_discriminator_in_eval_mode_judges_each_point_alone(make, data_shape):
    discriminator = make(data_shape).eval()
    x = torch.randn(7, *data_shape)
    one_by_one = torch.cat([discriminator(x[i : i + 1]) for i in range(7)])
    torch.testing.assert_close(discriminator(x), one_by_one)


@every_discriminator
def test_points_receive_a_gradient_through_the_discriminator(make, data_shape):
    x = torch.randn(7, *data_shape, requires_grad=True)
    make(data_shape)(x).sum().backward()
    assert (x.grad.flatten(1).norm(dim=1) > 0).all()


@each(GENERATORS + DISCRIMINATORS)
def test_weights_saved_and_loaded_give_the_same_outputs(make, data_shape):
    first, second = make(data_shape).eval(), make(data_shape).eval()
    x = latents(first, 7) if isinstance(first, Generator) else torch.randn(7, *data_shape)
    assert not torch.equal(first(x), second(x))  # drawn apart
    second.load_state_dict(first.state_dict())
    assert torch.equal(first(x), second(x))


@each(GENERATORS + DISCRIMINATORS)
def test_networks_of_the_same_seed_start_equal(make, data_shape):
    states = []
    for _ in range(2):
        torch.manual_seed(3)
        states.append(make(data_shape).state_dict())
    for name, value in states[0].items():
        assert torch.equal(value, states[1][name]), name


@pytest.mark.parametrize("data_shape", [(2,), (1, 4, 4), (1, 30, 30), (1, 28, 32), (28, 28)])
@pytest.mark.parametrize(
    "make",
    [ConvDiscriminator, DCGANGenerator, DCGANDiscriminator, ResNetGenerator, ResNetDiscriminator],
)
def test_shapes_that_cannot_be_halved_to_four_to_seven_are_refused_in_a_sentence(make, data_shape):
    with pytest.raises(InputError) as error:
        make(data_shape)
    assert str(error.value).startswith(f"{make.__name__} is for square images with a size of 4, 5,")
    assert str(error.value).endswith(f"found points of shape {data_shape}.")


@pytest.mark.parametrize("data_shape", [(2,), (1, 30, 30), (1, 28, 32), (28, 28)])
def test_the_keras_generator_refuses_sizes_that_four_does_not_divide(data_shape):
    with pytest.raises(InputError) as error:
        KerasConvGenerator(data_shape)
    assert "size divisible by 4" in str(error.value)
    assert str(error.value).endswith(f"found points of shape {data_shape}.")


@pytest.mark.parametrize("make", [KerasConvGenerator, DCGANGenerator, ResNetGenerator, R3Generator])
@pytest.mark.parametrize(("output", "low", "high"), [(nn.Tanh, -1, 1), (nn.Sigmoid, 0, 1)])
def test_the_output_module_bounds_the_images(make, output, low, high):
    generator = make((1, 8, 8), latent_dim=5, output=output)
    images = generator(1e4 * torch.randn(7, 5))
    assert low <= images.min()
    assert images.max() <= high
    assert isinstance(list(generator.layers)[-1], output)
