"""Variational autoencoder: Kingma & Welling, 2014."""

from gan_lightning.models.variational import VariationalModel


class VAE(VariationalModel):
    """An encoder and a decoder maximise a lower bound on log p(x) (Kingma & Welling, Equation 10).

    With networks that know labels it is a bound on log p(x|label) (Sohn et al., 2015, Equation 4),
    with the same prior for every label.
    """
