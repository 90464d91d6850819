"""What every encoder and every decoder promises, whatever its architecture."""

import inspect
from functools import partial
from typing import get_origin

import pytest
import torch
from torch import nn

from gan_lightning import networks
from gan_lightning.errors import InputError
from gan_lightning.networks import (
    ConvDecoder,
    ConvEncoder,
    Decoder,
    Encoder,
    LabelledDecoder,
    LabelledEncoder,
    MLPDecoder,
    MLPEncoder,
    UpsamplingDecoder,
)

CODE_DIM, NUM_CLASSES = 6, 3
ANY_SHAPE = [(2,), (1, 8, 8)]
IMAGES = [(1, 28, 28), (3, 16, 16), (1, 32, 32)]


class Pair:
    """An encoder and a decoder of one architecture, which may ask for labels."""

    def __init__(self, encoder, decoder, labelled=False):
        self.make_encoder, self.make_decoder = encoder, decoder
        self.options = {"num_classes": NUM_CLASSES} if labelled else {}

    def encoder(self, shape):
        return self.make_encoder(shape, CODE_DIM, **self.options)

    def decoder(self, shape):
        return self.make_decoder(shape, **self.options)

    def labels(self, batch):
        return (torch.arange(batch) % NUM_CLASSES,) if self.options else ()


MLP = Pair(MLPEncoder, MLPDecoder)
NORMED = Pair(partial(MLPEncoder, norm=nn.BatchNorm1d), partial(MLPDecoder, norm=nn.BatchNorm1d))
CONV = Pair(partial(ConvEncoder, base_channels=4), partial(ConvDecoder, base_channels=4))
UPSAMPLING = Pair(
    partial(ConvEncoder, base_channels=4, norm=nn.BatchNorm2d),
    partial(UpsamplingDecoder, base_channels=4, norm=nn.BatchNorm2d),
)
LABELLED = Pair(
    partial(LabelledEncoder, encoder=MLPEncoder),
    partial(LabelledDecoder, decoder=MLPDecoder, embedding_dim=4),
    labelled=True,
)
CASES = [
    pytest.param(pair, shape, id=f"{name}-{shape}")
    for name, pair, shapes in [
        ("mlp", MLP, ANY_SHAPE),
        ("normed", NORMED, ANY_SHAPE),
        ("conv", CONV, IMAGES),
        ("upsampling", UPSAMPLING, IMAGES),
        ("labelled", LABELLED, ANY_SHAPE),
    ]
    for shape in shapes
]
every_pair = pytest.mark.parametrize(("pair", "data_shape"), CASES)


def test_every_network_of_the_package_has_a_case():
    kinds = (Encoder, Decoder)
    exported = [value for value in vars(networks).values() if get_origin(value) is None]
    concrete = {
        value
        for value in exported
        if inspect.isclass(value) and issubclass(value, kinds) and not inspect.isabstract(value)
    }
    pairs = [case.values[0] for case in CASES]
    made = [make for pair in pairs for make in (pair.make_encoder, pair.make_decoder)]
    assert concrete == {getattr(make, "func", make) for make in made}


@every_pair
@pytest.mark.parametrize("batch", [1, 7])
def test_codes_and_decoded_points_have_their_shapes(pair, data_shape, batch):
    encoder, decoder = pair.encoder(data_shape), pair.decoder(data_shape)
    for network in (encoder, decoder):
        network.train(batch > 1)  # a single point has no batch statistics
    codes = encoder(torch.rand(batch, *data_shape), *pair.labels(batch))
    points = decoder(torch.randn(batch, decoder.latent_dim), *pair.labels(batch))
    assert codes.shape == (batch, CODE_DIM)
    assert points.shape == (batch, *data_shape)
    assert codes.dtype == points.dtype == torch.float32
    assert codes.isfinite().all()
    assert points.isfinite().all()


@every_pair
def test_every_parameter_receives_a_gradient(pair, data_shape):
    encoder, decoder = pair.encoder(data_shape), pair.decoder(data_shape)
    labels = pair.labels(7)
    loss = sum(
        encoder(torch.rand(7, *data_shape), *labels).square().sum()
        + (decoder(torch.randn(7, decoder.latent_dim), *labels) + 1).square().sum()
        for _ in range(5)  # one draw may leave a rectifier off
    )
    loss.backward()
    for network in (encoder, decoder):
        for name, weight in network.named_parameters():
            assert weight.grad is not None, name
            assert weight.grad.abs().sum() > 0 or ("layers" in name and weight.dim() == 1), name


@every_pair
def test_each_point_is_treated_alone_in_evaluation(pair, data_shape):
    encoder, decoder = pair.encoder(data_shape).eval(), pair.decoder(data_shape).eval()
    x, z = torch.rand(5, *data_shape), torch.randn(5, decoder.latent_dim)
    for network, values in [(encoder, x), (decoder, z)]:
        together = network(values, *pair.labels(5))
        alone = [
            network(values[i : i + 1], *(labels[i : i + 1] for labels in pair.labels(5)))
            for i in range(5)
        ]
        torch.testing.assert_close(together, torch.cat(alone))


@every_pair
def test_the_output_of_a_decoder_is_not_bounded(pair, data_shape):
    decoder = pair.decoder(data_shape).eval()
    outputs = decoder(1e5 * torch.randn(5, decoder.latent_dim), *pair.labels(5))
    assert outputs.abs().max() > 100


def test_labels_tell_networks_apart():
    x, z = torch.rand(1, 2).expand(NUM_CLASSES, 2), torch.randn(1, 12).expand(NUM_CLASSES, 12)
    labels = torch.arange(NUM_CLASSES)
    for network, values in [(LABELLED.encoder((2,)), x), (LABELLED.decoder((2,)), z)]:
        distances = torch.cdist(*[network(values, labels)] * 2) + torch.eye(NUM_CLASSES)
        assert distances.min() > 1e-4


def test_a_rectifier_at_the_end_makes_codes_that_are_not_negative():
    encoder = MLPEncoder((4,), 128, (32,), output=nn.ReLU)
    assert encoder(torch.randn(20, 4)).min() == 0


@pytest.mark.parametrize("make", [partial(ConvEncoder, code_dim=3), ConvDecoder, UpsamplingDecoder])
@pytest.mark.parametrize("data_shape", [(2,), (1, 30, 30), (1, 28, 32)])
def test_shapes_that_cannot_be_halved_are_refused_in_a_sentence(make, data_shape):
    with pytest.raises(InputError, match="is for square images with a size of"):
        make(data_shape)


def test_impossible_widths_are_refused():
    with pytest.raises(InputError, match="widths must be positive"):
        ConvDecoder((1, 8, 8), latent_dim=0)
    with pytest.raises(InputError, match="widths must be positive"):
        MLPEncoder((2,), 0)
    with pytest.raises(InputError, match="embedding_dim must be positive and below"):
        LabelledDecoder((2,), 3, partial(MLPDecoder, latent_dim=4), embedding_dim=4)


def test_a_network_knows_its_number_of_labels_if_it_has_any():
    for network in (MLP.encoder((2,)), MLP.decoder((2,))):
        assert network.num_classes is None
    for network in (LABELLED.encoder((2,)), LABELLED.decoder((2,))):
        assert network.num_classes == NUM_CLASSES


@pytest.mark.parametrize("num_classes", [None, 0])
def test_networks_that_need_labels_ask_for_their_number_in_a_sentence(num_classes):
    with pytest.raises(InputError, match=f"LabelledEncoder needs .* found {num_classes}"):
        LabelledEncoder((2,), CODE_DIM, num_classes)
    with pytest.raises(InputError, match=f"LabelledDecoder needs .* found {num_classes}"):
        LabelledDecoder((2,), num_classes)


@torch.no_grad()
def test_upsampling_draws_an_even_surface_without_checkers():
    """The borders of a hidden image are seen two pixels further in after each layer at most."""
    torch.manual_seed(0)
    for make, has_checkers in ((UpsamplingDecoder, False), (ConvDecoder, True)):
        decoder = make((1, 28, 28), latent_dim=3, base_channels=8)
        flat = next(i for i, layer in enumerate(decoder.layers) if isinstance(layer, nn.Unflatten))
        even = torch.ones(1, 16, 21, 21)  # the same convolutions on a larger surface
        middle = decoder.layers[flat + 1 :](even)[0, 0, 36:48, 36:48]
        assert (float(middle.std()) > 1e-4) == has_checkers, make
