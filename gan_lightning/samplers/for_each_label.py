"""A separate sampler for the latents of each label."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from gan_lightning.errors import InputError
from gan_lightning.samplers.contracts import LatentSampler
from gan_lightning.samplers.gaussian_mixture import GaussianMixture


class ForEachLabel(LatentSampler):
    """One sampler per label, fitted to the latents of that label.

    Args:
        latent_dim: Length of a latent vector.
        num_classes: Number of labels, passed by the model.
        sampler: Makes each sampler, given the length of a latent vector.
    """

    needs_latents = True

    def __init__(
        self,
        latent_dim: int,
        num_classes: int | None = None,
        sampler: Callable[[int], LatentSampler] = GaussianMixture,
    ) -> None:
        super().__init__(latent_dim)
        if num_classes is None:
            raise InputError("ForEachLabel needs data with labels.")
        self.num_classes = num_classes
        made = [sampler(latent_dim) for _ in range(num_classes)]
        self.samplers: Sequence[LatentSampler] = nn.ModuleList(made)  # type: ignore[assignment]

    def fit(self, latents: Tensor, labels: Tensor | None = None) -> None:
        """Fit each sampler to the latents of its label.

        Raises:
            InputError: If there are no labels, or too few latents of one.
        """
        if labels is None:
            raise InputError("ForEachLabel needs the label of each latent to fit; found none.")
        for label, sampler in enumerate(self.samplers):
            sampler.fit(latents[labels.to(latents.device) == label])

    @torch.no_grad()
    def sample(
        self, num_samples: int, labels: Tensor | None = None, temperature: float = 1.0
    ) -> Tensor:
        """Draw latents of labels.

        Raises:
            InputError: If there are no labels.
        """
        if labels is None:
            raise InputError("ForEachLabel needs a label for each latent to draw; found none.")
        # Shapes must not depend on labels in a graph, and a GPU would be waited for to know them.
        if torch.compiler.is_exporting() or labels.is_cuda:
            of_each = torch.stack(
                [sampler.sample(num_samples, None, temperature) for sampler in self.samplers]
            )
            places = torch.arange(num_samples, device=labels.device)
            return of_each.to(labels.device, torch.float32)[labels, places]
        drawn = torch.empty(num_samples, self.latent_dim, device=labels.device)
        for label, sampler in enumerate(self.samplers):
            chosen = labels == label
            drawn[chosen] = sampler.sample(int(chosen.sum()), None, temperature).to(drawn)
        return drawn
