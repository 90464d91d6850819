"""Advice for training on few pictures, and on data of one label."""

from lightning.pytorch import LightningModule, Trainer

from gan_lightning.callbacks.run_folder import data_of
from gan_lightning.callbacks.run_progress import planned_batches
from gan_lightning.data import ImageFolder
from gan_lightning.models import AdversarialModule, FlowMatching, GenerativeModel, TableModel

FEW, VERY_FEW = 2000, 100
"""Training pictures below which a discriminator memorises them, and any model learns little."""

OFTEN = 250
"""Times that a velocity field may see a picture, its mirror image counted apart: of 90 pictures it
copied none after 213, 0.4 % of samples were copies after 249, 5 % after 498 and 12 % after 711."""


def advice(trainer: Trainer, model: LightningModule) -> list[str]:
    """Return sentences on what to expect of this run, and on what would help."""
    data = data_of(trainer)
    if not isinstance(model, GenerativeModel):
        return []
    lines = []
    if data.num_classes == model.num_classes == 1 and not isinstance(model, TableModel):
        lines.append(
            f"All points have one label: {type(model).__name__} learns what a model without labels "
            "would."
        )
    if isinstance(data, ImageFolder) and len(data.train.x) < FEW * data.copies:
        lines += _of_few_pictures(trainer, model, data)
    return lines


def _of_few_pictures(trainer: Trainer, model: GenerativeModel, data: ImageFolder) -> list[str]:
    number = len(data.train.x) // data.copies
    batches = planned_batches(trainer, model)
    times = batches * data.batch_size // len(data.train.x) if batches else 0
    mirrored = " and mirrored as often" if data.flip else ""
    shown = f", each shown {times} times{mirrored}" if times else ""
    lines = [
        f"{number} pictures are few{shown}: expect variations of them, not new subjects. "
        "More of them help more than longer training."
    ]
    if number < VERY_FEW:
        lines.append(f"Below {VERY_FEW}, expect little more than blends of those you have.")
    if isinstance(model, FlowMatching) and times > OFTEN:
        epochs = max(1, (trainer.max_epochs or 0) * OFTEN // times)
        lines.append(
            f"A field that sees a picture more than {OFTEN} times may copy it: "
            f"--trainer.max_epochs {epochs}, and as many for the schedule, would be fewer, and "
            "--model.velocity.dropout 0.2 lets it learn less by heart."
        )
    if isinstance(model, AdversarialModule) and model.augmentation is None:
        lines.append(
            "The discriminator sees them as they are and memorises them; "
            "--model.augmentation DiffAugment changes them at random, which makes that harder."
        )
    held_out = f"{len(data.val.x)} of the pictures held out"
    against = held_out if data.val is not data.train else f"{number} of these pictures"
    lines.append(
        f"{data.monitor_of_few} compares samples with {against}; pictures/ "
        "will show samples beside the pictures nearest to them, and test counts copies."
    )
    return lines
