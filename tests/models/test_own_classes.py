"""Networks and models that a user writes, in a module, a script or a notebook."""

from functools import partial

import pytest
import torch
from torch import nn

from gan_lightning.errors import InputError
from gan_lightning.losses import NonSaturatingLoss
from gan_lightning.models import GAN, VAE, WGANGP
from gan_lightning.networks import (
    AuxiliaryClassifier,
    Decoder,
    Discriminator,
    Encoder,
    Generator,
    LabelledDiscriminator,
    LabelledGenerator,
    MLPDiscriminator,
    MLPGenerator,
    Packing,
)


class Line(Discriminator):
    """A discriminator whose forward takes points alone."""

    def __init__(self, data_shape):
        super().__init__()
        self.line = nn.Linear(data_shape[0], 1)

    def forward(self, x):
        return self.line(x).flatten(0)


class Affine(Generator):
    """A generator whose forward takes latents alone."""

    latent_dim = 2

    def __init__(self, data_shape):
        super().__init__()
        self.line = nn.Linear(self.latent_dim, data_shape[0])

    def forward(self, z):
        return self.line(z)


class Code(Encoder):
    """An encoder whose forward takes points alone."""

    def __init__(self, data_shape, code_dim):
        super().__init__()
        self.line = nn.Linear(data_shape[0], code_dim)

    def forward(self, x):
        return self.line(x)


class Decode(Decoder):
    """A decoder whose forward takes latents alone."""

    latent_dim = 2

    def __init__(self, data_shape):
        super().__init__()
        self.line = nn.Linear(self.latent_dim, data_shape[0])

    def forward(self, z):
        return self.line(z)


class MyWGAN(WGANGP):
    """A model with one more argument than its base, to which it passes the others."""

    def __init__(self, data_shape: tuple, extra: float = 0.5, **kwargs):
        super().__init__(data_shape, **kwargs)
        self.extra = extra


class Renamed(GAN):
    """A model that passes on whatever it is given."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)


def test_networks_whose_forward_takes_one_argument_train(fit, updates):
    fit(GAN((2,), generator=Affine, discriminator=Line), updates)
    assert (updates.d_updates, updates.g_updates) == (4, 4)
    model = VAE((2,), encoder=Code, decoder=Decode)
    before = model.encoder.line.weight.clone()
    fit(model)
    assert not torch.equal(model.encoder.line.weight, before)
    assert model.reconstruct(torch.randn(3, 2)).shape == (3, 2)


@pytest.mark.parametrize("inside", [Line, lambda shape: Line(shape)], ids=["class", "function"])
def test_wrappers_hold_networks_whose_forward_takes_one_argument(fit, updates, inside):
    fit(GAN((2,), discriminator=partial(Packing, discriminator=inside)), updates)
    assert (updates.d_updates, updates.g_updates) == (4, 4)


def test_networks_that_are_already_built_train(fit, updates):
    generator, discriminator = MLPGenerator((2,), latent_dim=3), MLPDiscriminator((2,))
    model = GAN((2,), generator=generator, discriminator=discriminator)
    assert model.generator is generator
    assert model.discriminator is discriminator
    fit(model, updates)
    assert (updates.d_updates, updates.g_updates) == (4, 4)


@pytest.mark.parametrize(
    ("generator", "discriminator", "knowing", "other"),
    [
        (LabelledGenerator, MLPDiscriminator, "generator", "discriminator"),
        (MLPGenerator, LabelledDiscriminator, "discriminator", "generator"),
        (MLPGenerator, AuxiliaryClassifier, "discriminator", "generator"),
    ],
)
def test_a_player_with_labels_beside_one_without_is_refused_in_a_sentence(
    generator, discriminator, knowing, other
):
    with pytest.raises(InputError) as error:
        GAN((2,), num_classes=3, generator=generator, discriminator=discriminator)
    assert str(error.value) == (
        f"The {knowing} knows labels and the {other} does not: both networks must, such as "
        "LabelledGenerator and ProjectionDiscriminator, or neither."
    )


# Hyperparameters


def saved(fit, model, path):
    fit(model, max_epochs=1).save_checkpoint(path)
    return torch.load(path, weights_only=True)


def test_a_subclass_keeps_the_arguments_that_it_passes_to_its_base(fit, tmp_path):
    path = tmp_path / "mine.ckpt"
    model = MyWGAN((2,), extra=0.25, gp_weight=1.5, n_critic=2, generator=Affine)
    kept = saved(fit, model, path)["hyper_parameters"]
    assert (kept["extra"], kept["gp_weight"], kept["n_critic"]) == (0.25, 1.5, 2)
    restored = MyWGAN.load_from_checkpoint(path, map_location="cpu", weights_only=True)
    assert type(restored) is MyWGAN
    assert (restored.extra, restored.gp_weight, restored.n_critic) == (0.25, 1.5, 2)
    assert isinstance(restored.generator, Affine)
    torch.testing.assert_close(restored.state_dict(), model.state_dict())


def test_a_subclass_keeps_its_defaults(fit, tmp_path):
    path = tmp_path / "mine.ckpt"
    assert saved(fit, MyWGAN((2,)), path)["hyper_parameters"]["extra"] == 0.5
    restored = MyWGAN.load_from_checkpoint(path, map_location="cpu", weights_only=True)
    assert (restored.extra, restored.gp_weight, restored.n_critic) == (0.5, 10.0, 5)


def test_a_subclass_that_passes_on_positional_arguments_is_restored(fit, tmp_path):
    path = tmp_path / "renamed.ckpt"
    model = Renamed((2,), loss=NonSaturatingLoss(0.1), n_critic=2)
    saved(fit, model, path)
    restored = Renamed.load_from_checkpoint(path, map_location="cpu", weights_only=True)
    assert (restored.loss.label_smoothing, restored.n_critic) == (0.1, 2)


def of_a_notebook(name="Mine"):
    """A discriminator's class as a cell of a notebook, or a script, defines it."""
    return type(name, (Line,), {"__module__": "__main__", "__qualname__": name})


def of_a_function():
    class Mine(Line):
        pass

    return Mine


UNKNOWN = {
    "a class of a notebook": of_a_notebook,
    "a class of a function": of_a_function,
    "a function": lambda: lambda shape: Line(shape),
    "a network that is there already": lambda: Line((2,)),
}
every_unknown = pytest.mark.parametrize("make", UNKNOWN.values(), ids=UNKNOWN)


@every_unknown
def test_what_no_checkpoint_can_restore_trains_in_silence(fit, updates, make):
    fit(GAN((2,), discriminator=make()), updates)  # a warning is an error in tests
    assert (updates.d_updates, updates.g_updates) == (4, 4)


@every_unknown
def test_its_first_checkpoint_says_once_that_it_holds_weights_alone(fit, tmp_path, make):
    model, path = GAN((2,), discriminator=make()), tmp_path / "weights.ckpt"
    trainer = fit(model)
    with pytest.warns(UserWarning, match="The checkpoint holds no configuration, and only a prog"):
        trainer.save_checkpoint(path)
    trainer.save_checkpoint(path)  # a warning is an error in tests
    weights = torch.load(path, weights_only=True)["state_dict"]
    other = GAN((2,), discriminator=make())
    other.load_state_dict(weights)
    x = torch.randn(3, 2)
    assert torch.equal(other.discriminator(x), model.discriminator(x))


def test_a_model_of_a_notebook_trains_and_is_warned_about(fit, tmp_path):
    model = type("Mine", (GAN,), {"__module__": "__main__", "__qualname__": "Mine"})((2,))
    trainer = fit(model)
    with pytest.warns(UserWarning, match="model: a checkpoint cannot restore Mine, which no other"):
        trainer.save_checkpoint(tmp_path / "mine.ckpt")
