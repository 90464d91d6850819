"""Models of every family, with units, as small as they come."""

from functools import partial

import pytest
import torch

from gan_lightning.data import DataMemory
from gan_lightning.data.columns import Categorical, Constant, Continuous, Discrete
from gan_lightning.data.image_units import ImageUnits
from gan_lightning.data.row_units import RowUnits
from gan_lightning.data.table_units import TableUnits
from gan_lightning.data.units import PointUnits
from gan_lightning.models import (
    GAN,
    R3GAN,
    VAE,
    Autoencoder,
    ConditionalGAN,
    FlowMatching,
    TableModel,
    WarmStartedGAN,
)
from gan_lightning.networks import (
    LabelledDiscriminator,
    LabelledGenerator,
    MLPDecoder,
    MLPDiscriminator,
    MLPEncoder,
    MLPGenerator,
    ProjectionDiscriminator,
)
from gan_lightning.samplers import ForEachLabel, GaussianMixture, LatentFlow, SecondStageVAE

SPECIES = ("setosa", "virginica", "versicolor")
ROWS = torch.tensor([[4.5, 0], [6.0, 2], [7.9, 1]], dtype=torch.float64)
COLUMNS = [Continuous("length (cm)", decimals=1, minimum=0.0), Categorical("species", SPECIES)]


def rows():
    return RowUnits.of_rows(COLUMNS, ROWS, SPECIES)


def table():
    """Units of a number with gaps, one of a few values, a category and what never changes."""
    columns = [
        Continuous("weight", decimals=1, missing=True),
        Discrete("visits", decimals=0, values=(0.0, 2.0, 5.0)),
        Categorical("town", ("east", "west"), missing=True),
        Constant("year", "2024"),
    ]
    numbers = torch.randn(200, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    cells = [numbers * 20 + 1000, torch.arange(200) % 3, torch.arange(200) % 2, torch.zeros(200)]
    return TableUnits.of_rows(columns, torch.stack([c.double() for c in cells], 1))


def fitted(model):
    """Fit the model's sampler to latents of two kinds of points."""
    random = torch.Generator().manual_seed(0)
    latents = torch.randn(300, model.latent_dim, generator=random)
    latents[::2] += 2
    model.sampler.fit(latents, torch.arange(300) % 3)
    return model


SMALL = (8,)
decoder = partial(MLPDecoder, latent_dim=3, hidden_dims=SMALL)
encoder = partial(MLPEncoder, hidden_dims=SMALL)
generator = partial(MLPGenerator, latent_dim=5, hidden_dims=SMALL)
discriminator = partial(MLPDiscriminator, hidden_dims=SMALL)


def warm_started():
    players = {"encoder": encoder, "decoder": decoder, "num_classes": 3}
    players["discriminator"] = partial(ProjectionDiscriminator, discriminator=discriminator)
    mixture = partial(GaussianMixture, num_components=2)
    return fitted(WarmStartedGAN((4,), sampler=partial(ForEachLabel, sampler=mixture), **players))


def copula():
    units = table()
    model = TableModel((units.width,), num_classes=2, blocks=(1, 2, 3, 3), num_points=100)
    x = units.scale(torch.tensor([[1010.0, 0, 1, 0], [990.0, 2, 0, 0]]).double().repeat(50, 1))
    x = x + 0.1 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    model.sampler.fit(x, torch.arange(100) % 2)
    return model


def networks_of_rows():
    return TableModel((table().width,), blocks=(1, 2, 3, 3), num_points=10_000, num_steps=4)


FAMILIES = {
    "gan": (lambda: GAN((2,), generator=generator, discriminator=discriminator), PointUnits),
    "rows": (lambda: R3GAN((4,), generator=generator, discriminator=discriminator), rows),
    "images": (
        lambda: GAN((1, 4, 4), generator=generator, discriminator=discriminator),
        lambda: ImageUnits("[-1, 1]"),
    ),
    "labels": (
        lambda: ConditionalGAN(
            (4,),
            num_classes=3,
            generator=partial(LabelledGenerator, generator=generator, embedding_dim=2),
            discriminator=partial(LabelledDiscriminator, discriminator=discriminator),
        ),
        rows,
    ),
    "vae": (lambda: VAE((4,), encoder=encoder, decoder=decoder), rows),
    "mixture": (
        lambda: fitted(Autoencoder((4,), encoder=encoder, decoder=decoder)),
        rows,
    ),
    "second stage": (
        lambda: fitted(
            Autoencoder(
                (4,),
                encoder=encoder,
                decoder=decoder,
                sampler=partial(SecondStageVAE, hidden_dims=SMALL, epochs=1),
            )
        ),
        rows,
    ),
    "flow of latents": (
        lambda: fitted(
            Autoencoder(
                (4,),
                encoder=encoder,
                decoder=decoder,
                sampler=partial(LatentFlow, hidden_dims=SMALL, epochs=1, num_steps=3),
            )
        ),
        rows,
    ),
    "flow": (lambda: FlowMatching((2,), num_steps=4), PointUnits),
    "warm start": (warm_started, rows),
    "table": (networks_of_rows, table),
    "copula": (copula, table),
}


@pytest.fixture(params=FAMILIES)
def family(request):
    """A model and its units."""
    torch.manual_seed(0)
    make_model, make_units = FAMILIES[request.param]
    return make_model().eval(), make_units()


@pytest.fixture
def made():
    """Make the model and the units of a family by its name."""

    def make(name):
        torch.manual_seed(0)
        make_model, make_units = FAMILIES[name]
        return make_model().eval(), make_units()

    return make


@pytest.fixture
def memory_of():
    """What a checkpoint stores of data with these units."""
    return lambda units: DataMemory(units, {"training": "3 with the hash 0"}, None)
