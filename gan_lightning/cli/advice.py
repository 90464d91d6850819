"""Advice for training on few pictures."""

from lightning.pytorch import LightningModule, Trainer

from gan_lightning.callbacks.run_folder import data_of
from gan_lightning.callbacks.run_progress import planned_batches
from gan_lightning.data import ImageFolder
from gan_lightning.models import AdversarialModule, FlowMatching, GenerativeModel

FEW, VERY_FEW = 2000, 100
"""Training pictures below which a discriminator memorises them, and any model learns little."""

OFTEN = 600
"""Times that a velocity field may see a picture: 498 left 0.4 % of copies, 1 422 left 12 %."""


def advice(trainer: Trainer, model: LightningModule) -> list[str]:
    """Return sentences on what to expect of this run, and on what would help.

    Only models that draw samples, trained on a folder of few pictures, get any.
    """
    data = data_of(trainer)
    if not isinstance(data, ImageFolder) or not isinstance(model, GenerativeModel):
        return []
    number = len(data.train.x) // data.copies
    if number >= FEW:
        return []
    batches = planned_batches(trainer, model)
    times = batches * data.batch_size // number if batches else 0
    shown = f", each shown {times} times" if times else ""
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
            f"--trainer.max_epochs {epochs}, and as many for the schedule, would be fewer."
        )
    if isinstance(model, AdversarialModule) and model.augmentation is None:
        lines.append(
            "The discriminator sees them as they are and memorises them; "
            "--model.augmentation DiffAugment changes them at random, which makes that harder."
        )
    held_out = "of the pictures held out" if data.val is not data.train else "of these pictures"
    lines.append(
        f"{data.monitor_of_few} compares samples with {len(data.val.x)} {held_out}; pictures/ "
        "will show samples beside the pictures nearest to them, and test counts copies."
    )
    return lines
