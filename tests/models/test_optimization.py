"""What changes with the points seen in training, and batches in parts."""

from functools import partial

import pytest
import torch
from lightning.pytorch import Callback

from gan_lightning.callbacks import ScheduleEnd
from gan_lightning.errors import InputError
from gan_lightning.losses import R1
from gan_lightning.models import GAN, R3GAN, VAE, WGAN, Autoencoder
from gan_lightning.networks import MLPDecoder, MLPDiscriminator, MLPEncoder, MLPGenerator
from gan_lightning.schedules import Cosine, Linear

RATE = 0.01
ADAM = partial(torch.optim.Adam, lr=RATE)
SGD = partial(torch.optim.SGD, lr=RATE)


def gan(model_class=GAN, **options):
    return model_class(
        (2,),
        generator=partial(MLPGenerator, latent_dim=3, hidden_dims=[8]),
        discriminator=partial(MLPDiscriminator, hidden_dims=[8]),
        **{"g_optimizer": ADAM, "d_optimizer": ADAM, **options},
    )


def vae(**options):
    return VAE(
        (2,),
        encoder=partial(MLPEncoder, hidden_dims=[8]),
        decoder=partial(MLPDecoder, latent_dim=2, hidden_dims=[8]),
        **{"optimizer": ADAM, **options},
    )


class Watch(Callback):
    """Records one number of each optimizer at the start of every batch."""

    def __init__(self, number):
        self.number, self.found = number, []

    def on_train_batch_start(self, trainer, model, batch, batch_idx):
        self.found.append([self.number(o.param_groups[0]) for o in trainer.optimizers])


def rates():
    return Watch(lambda group: group["lr"])


def expected(numbers, optimizers=2):
    return [[pytest.approx(number)] * optimizers for number in numbers]


# By the points seen: 0, 8, 16 and 24 before four batches of 8


@pytest.mark.parametrize("n_critic", [1, 3])
@pytest.mark.parametrize("make", [Linear, Cosine])
def test_the_rates_of_both_players_are_multiplied_by_the_schedule_of_points(fit, n_critic, make):
    schedule, watch = make(1.0, 0.25, points=20), rates()
    fit(gan(lr_scheduler=schedule, n_critic=n_critic), watch)
    assert watch.found == expected([RATE * schedule(n) for n in (0, 8, 16, 24)])
    assert watch.found[-1] == [pytest.approx(RATE / 4)] * 2


def test_the_rate_of_an_autoencoder_is_multiplied_by_the_schedule_of_points(fit):
    schedule, watch = Linear(1.0, 0.2, points=32), rates()
    fit(vae(lr_scheduler=schedule), watch)
    assert watch.found == expected([RATE * f for f in (1, 0.8, 0.6, 0.4)], 1)


def test_beta2_on_a_schedule_reaches_both_optimizers_and_leaves_beta1(fit):
    schedule = Linear(0.9, 0.99, points=24)
    watch = Watch(lambda group: group["betas"])
    adam = partial(torch.optim.Adam, betas=(0.3, 0.5))
    fit(gan(beta2=schedule, g_optimizer=adam, d_optimizer=adam), watch)
    betas = [(0.3, pytest.approx(beta2)) for beta2 in (0.9, 0.93, 0.96, 0.99)]
    assert watch.found == [[pair] * 2 for pair in betas]


@pytest.mark.parametrize("player", ["d_optimizer", "g_optimizer"])
def test_beta2_of_an_optimizer_without_betas_is_refused_in_a_sentence(player):
    model = gan(beta2=Linear(0.9, 0.99, points=10), **{player: SGD})
    with pytest.raises(InputError) as error:
        model.configure_optimizers()
    assert str(error.value) == "beta2: SGD has no betas; choose Adam or AdamW."


CYCLES = {
    "OneCycleLR": partial(torch.optim.lr_scheduler.OneCycleLR, max_lr=0.1, total_steps=10),
    "CyclicLR": partial(torch.optim.lr_scheduler.CyclicLR, base_lr=0.01, max_lr=0.1),
}


@pytest.mark.parametrize("name", CYCLES)
@pytest.mark.parametrize(
    ("optimizer", "moved"),
    [(ADAM, "beta1 of Adam"), (partial(SGD, momentum=0.5), "momentum of SGD")],
)
def test_a_schedule_of_pytorch_that_moves_more_than_the_rate_says_so(fit, name, optimizer, moved):
    players = {"g_optimizer": optimizer, "d_optimizer": optimizer}
    with pytest.warns(UserWarning, match=f"lr_scheduler: {name} moves {moved} as well"):
        fit(gan(lr_scheduler=CYCLES[name], **players), max_epochs=1)
    fit(gan(lr_scheduler=partial(CYCLES[name], cycle_momentum=False), **players), max_epochs=1)


class AllRates(Watch):
    """Records the rates at the start of every epoch."""

    def on_train_epoch_start(self, trainer, model):
        self.found.append([self.number(o.param_groups[0]) for o in trainer.optimizers])

    def on_train_batch_start(self, trainer, model, batch, batch_idx):
        pass


def schedulers(name, **arguments):
    return partial(getattr(torch.optim.lr_scheduler, name), **arguments)


OVER = {
    "OneCycleLR was over after its total_steps, 2: the rate stays 4e-07": schedulers(
        "OneCycleLR", max_lr=0.1, total_steps=2, cycle_momentum=False
    ),
    "CosineAnnealingLR was over after its T_max, 2: it rises again": schedulers(
        "CosineAnnealingLR", T_max=2
    ),
    "the rate of PolynomialLR is 0 by now": schedulers("PolynomialLR", total_iters=2),
    "the rate of Linear is 0 by now": Linear(1.0, 0.0, points=32),
    "the rate of Cosine is 0 by now": Cosine(1.0, 0.0, points=32),
}


@pytest.mark.filterwarnings("ignore:A `OneCycleLR` scheduler is using")  # by epochs, as documented
@pytest.mark.parametrize("make", [gan, vae])
@pytest.mark.parametrize("words", OVER)
def test_a_schedule_that_is_over_says_what_it_does_from_then_on(fit, make, words):
    watch = AllRates(lambda group: group["lr"])
    fit(make(lr_scheduler=OVER[words]), ScheduleEnd(), max_epochs=2)  # lasts as long: no word
    with pytest.warns(UserWarning, match=words) as told:
        fit(make(lr_scheduler=OVER[words]), ScheduleEnd(), watch, max_epochs=4)
    if "OneCycleLR" in words:
        assert watch.found[1] == watch.found[2] == watch.found[3] != watch.found[0]
        assert len([each for each in told if words in str(each.message)]) == 1


def test_schedules_that_last_say_nothing(fit):
    for schedule in (
        schedulers("ExponentialLR", gamma=0.5),
        schedulers("LinearLR", total_iters=1),
        Linear(0.0, 1.0, points=10),
        Linear(1.0, 0.1, points=10),
    ):
        fit(gan(lr_scheduler=schedule), ScheduleEnd(), max_epochs=3)


@pytest.mark.parametrize(("name", "words"), [("SparseAdam", "choose Adam"), ("LBFGS", "a closure")])
def test_an_optimizer_that_cannot_step_here_is_refused_by_name(fit, name, words):
    optimizer = partial(getattr(torch.optim, name), lr=0.1)
    with pytest.raises(InputError, match=f"g_optimizer: {name} needs .*{words}"):
        fit(gan(g_optimizer=optimizer))
    with pytest.raises(InputError, match=f"optimizer: {name} needs .*{words}"):
        fit(vae(optimizer=optimizer))


@pytest.mark.parametrize("make", [gan, vae])
def test_the_points_seen_are_counted_and_the_count_continues_after_a_resume(fit, tmp_path, make):
    schedule, path = Linear(1.0, 0.0, points=64), tmp_path / "half.ckpt"
    first = make(lr_scheduler=schedule)
    fit(first, max_epochs=2).save_checkpoint(path)
    assert first.points_seen == 32
    second, watch = make(lr_scheduler=schedule), rates()
    fit(second, watch, max_epochs=3, ckpt_path=path)
    assert second.points_seen == 48
    assert watch.found[0] == [pytest.approx(RATE / 2)] * len(watch.found[0])


def test_a_resumed_run_ends_with_the_weights_of_one_that_went_through(fit, tmp_path):
    options = {"lr_scheduler": Linear(1.0, 0.0, points=64), "beta2": Cosine(0.9, 0.99, points=64)}
    path = tmp_path / "half.ckpt"
    latents = torch.randn(8, 8, 3)  # one for each of both players' steps

    def model(start):
        torch.manual_seed(1)
        made, queue = gan(**options), iter(latents[start:])
        made.latents = lambda num_samples: next(queue)
        return made

    through, half, resumed = model(0), model(0), model(4)
    torch.manual_seed(2)
    fit(through, max_epochs=2)
    torch.manual_seed(2)
    fit(half, max_epochs=1).save_checkpoint(path)
    torch.manual_seed(2)
    fit(resumed, max_epochs=2, ckpt_path=path)
    assert_same_weights(resumed, through)


# Batches in parts


class Queue:
    """Latents one after the other, in portions of any size."""

    def __init__(self):
        generator = torch.Generator().manual_seed(5)
        self.latents, self.taken = torch.randn(1000, 3, generator=generator), 0

    def __call__(self, num_samples):
        self.taken += num_samples
        return self.latents[self.taken - num_samples : self.taken]


def trained(fit, make, micro_batches, **settings):
    torch.manual_seed(3)
    model = make(micro_batches=micro_batches)
    model.latents = Queue()
    torch.manual_seed(4)
    trainer = fit(model, log_every_n_steps=1, **settings)
    return model, trainer.callback_metrics


def assert_same_weights(model, other):
    for (name, weight), same in zip(model.named_parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(weight, same, msg=name)


GAMES = {
    "GAN": gan,
    "GAN with R1": partial(gan, penalties=[R1(5.0)]),
    "GAN with lazy R1": partial(gan, penalties=[R1(5.0, every=2)]),
    "R3GAN": partial(gan, R3GAN),
    "WGAN": partial(gan, WGAN, n_critic=2),
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("make", GAMES.values(), ids=GAMES)
@pytest.mark.parametrize(("batch_size", "parts"), [(8, 2), (8, 3), (7, 2), (16, 16)])
def test_a_batch_in_parts_moves_the_weights_as_a_whole_one_does(fit, make, batch_size, parts):
    make = partial(make, g_optimizer=SGD, d_optimizer=SGD)
    whole, whole_losses = trained(fit, make, 1, batch_size=batch_size)
    split, split_losses = trained(fit, make, parts, batch_size=batch_size)
    assert_same_weights(split, whole)
    for name in ("train/d_loss", "train/g_loss"):
        torch.testing.assert_close(split_losses[name], whole_losses[name])


def test_no_more_points_are_judged_at_once_than_a_part_has(fit):
    sizes, model = set(), gan(R3GAN, micro_batches=4)
    model.discriminator.register_forward_pre_hook(lambda _, arguments: sizes.add(len(arguments[0])))
    fit(model, batch_size=16)
    assert sizes == {4}


def test_a_batch_smaller_than_its_parts_trains_on_its_points(fit, updates):
    fit(gan(micro_batches=4), updates, batch_size=3)  # five batches of 3 and one of 1
    assert (updates.d_updates, updates.g_updates) == (12, 12)


@pytest.mark.parametrize("parts", [0, -1])
def test_batches_in_no_parts_are_refused(parts):
    with pytest.raises(
        InputError, match=f"micro_batches must be a positive integer, found {parts}"
    ):
        gan(micro_batches=parts)


def test_gradients_of_one_loss_add_up_over_batches(fit):
    """Two batches of 4 move an autoencoder as one of 8 does."""

    def autoencoder(batch_size, every_n_batches):
        torch.manual_seed(3)
        model = Autoencoder((2,), optimizer=SGD)
        torch.manual_seed(4)
        fit(model, batch_size=batch_size, accumulate_grad_batches=every_n_batches)
        return model

    assert_same_weights(autoencoder(4, 2), autoencoder(8, 1))
