"""What happens around training."""

import math
from functools import partial
from types import SimpleNamespace

import pytest
import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.plugins import MixedPrecision
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan_lightning.callbacks import (
    Checkpoints,
    FiniteLosses,
    GeneratorEMA,
    GradientClipping,
    RunProgress,
    SampleMetrics,
    SamplePictures,
    WeightHistograms,
)
from gan_lightning.callbacks.film import batches_of, pictures_in
from gan_lightning.callbacks.finite_losses import NonFiniteLossError
from gan_lightning.callbacks.gradients import gradient_scale
from gan_lightning.data import Digits, GaussianRing, Iris
from gan_lightning.errors import InputError
from gan_lightning.models import GAN, Classifier
from gan_lightning.networks import MLPDiscriminator, MLPGenerator
from gan_lightning.sampling import CHUNK_SIZE, drawn
from gan_lightning.schedules import Linear

ADAM = partial(torch.optim.Adam, lr=1e-3)


def make(data, **arguments):
    return GAN(
        data.data_shape,
        generator=partial(MLPGenerator, latent_dim=3, hidden_dims=[8]),
        discriminator=partial(MLPDiscriminator, hidden_dims=[8]),
        **{"g_optimizer": ADAM, "d_optimizer": ADAM, **arguments},
    )


def fit(model, data, tmp_path, *callbacks, **settings):
    trainer = Trainer(
        accelerator="cpu",
        logger=TensorBoardLogger(tmp_path, "experiment", default_hp_metric=False),
        enable_progress_bar=any(isinstance(c, RunProgress) for c in callbacks),
        enable_model_summary=False,
        callbacks=list(callbacks),
        enable_checkpointing=any(isinstance(c, Checkpoints) for c in callbacks),
        **{"max_epochs": 2, **settings},
    )
    trainer.fit(model, datamodule=data)
    return trainer


def events(trainer):
    accumulator = EventAccumulator(trainer.log_dir, size_guidance={"images": 0, "histograms": 0})
    accumulator.Reload()
    return accumulator


def test_after_one_half_life_an_average_weighs_old_and_new_alike():
    ema = GeneratorEMA(half_life=1000, ramp_up=0)
    assert ema.decay(1000) == pytest.approx(1 / 2)
    assert ema.decay(10) ** 100 == pytest.approx(1 / 2)  # whatever the batch size


def test_half_life_ramps_up_with_the_points_seen():
    ema = GeneratorEMA(half_life=1000, ramp_up=0.1)
    ema.points_seen = 100
    assert ema.decay(10) == pytest.approx(0.5 ** (10 / 10))
    ema.points_seen = 1_000_000
    assert ema.decay(10) == pytest.approx(0.5 ** (10 / 1000))


def test_a_half_life_may_follow_a_schedule_of_the_points_seen():
    ema = GeneratorEMA(half_life=Linear(100.0, 500.0, points=1000), ramp_up=0)
    for points_seen, half_life in [(0, 100), (500, 300), (1000, 500), (5000, 500)]:
        ema.points_seen = points_seen
        assert ema.decay(10) == pytest.approx(0.5 ** (10 / half_life))


def test_average_follows_its_recursion_and_copies_buffers():
    model = make(GaussianRing())
    model.generator.layers.append(torch.nn.BatchNorm1d(2))
    ema = GeneratorEMA(half_life=100, ramp_up=0)
    trainer = SimpleNamespace(world_size=1)
    ema.setup(trainer, model, "fit")
    model.double()  # replaces the buffers, as moving to a GPU does
    ema.on_train_start(trainer, model)
    ((average, _),) = model.start_average()
    first = [p.clone() for p in average.parameters()]
    with torch.no_grad():
        for weight in model.generator.parameters():
            weight.add_(1.0)
    model.generator.layers[-1].running_mean.fill_(7.0)
    ema.on_train_batch_end(trainer, model, None, (torch.zeros(100, 2), None), 0)
    for before, after in zip(first, average.parameters(), strict=True):
        assert torch.allclose(after, before + 0.5)
    assert average.layers[-1].running_mean.eq(7.0).all()
    assert not any(p.requires_grad for p in average.parameters())


def test_a_model_without_a_network_to_average_is_refused_in_a_sentence(tmp_path):
    data = Digits(8, num_val=20, batch_size=100)
    with pytest.raises(InputError, match="GeneratorEMA: Classifier has no network to average"):
        fit(Classifier(data.data_shape, 10), data, tmp_path, GeneratorEMA(), max_epochs=1)


def test_average_is_not_trained_and_is_in_the_checkpoint(tmp_path):
    data = GaussianRing(num_samples=512)
    model = make(data)
    trainer = fit(model, data, tmp_path, GeneratorEMA(half_life=1e12, ramp_up=0), Checkpoints())
    weights = torch.load(f"{trainer.log_dir}/checkpoints/last.ckpt", weights_only=True)[
        "state_dict"
    ]
    name = "generator.layers.0.weight"
    assert not torch.equal(weights[f"averaged_{name}"], weights[name])


@pytest.mark.parametrize(
    ("make_callback", "words"),
    [
        (lambda: GeneratorEMA(half_life=0), "positive half_life"),
        (lambda: GradientClipping(-1), "positive max_norm"),
        (lambda: SampleMetrics(num_samples=1), "at least 2"),
        (lambda: SamplePictures(every_n_batches=0), "positive integers"),
        (lambda: WeightHistograms(every_n_batches=0), "must be positive"),
        (lambda: Checkpoints(every_n_epochs=0), "positive integer"),
    ],
)
def test_wrong_settings_are_refused_with_the_value_found(make_callback, words):
    with pytest.raises(InputError, match=words):
        make_callback()


def test_metrics_are_logged_under_their_stage_and_the_same_each_time(tmp_path):
    data = Iris(val_fraction=0.3)
    model = make(data)
    trainer = fit(model, data, tmp_path, SampleMetrics(num_samples=100))
    logged = trainer.callback_metrics
    assert {"val/ks", "val_ks/petal_width", "val/wasserstein", "val/correlation_error"} <= set(
        logged
    )
    again = [trainer.validate(model, data, verbose=False)[0]["val/ks"] for _ in range(2)]
    assert again == [pytest.approx(logged["val/ks"].item())] * 2
    assert "test/ks" in trainer.test(model, data, verbose=False)[0]


def test_early_stopping_works_on_a_validation_metric(tmp_path):
    data = Iris()
    stop = EarlyStopping("val/ks", patience=1, min_delta=10)  # nothing can improve by 10
    trainer = fit(make(data), data, tmp_path, SampleMetrics(50), stop, max_epochs=50)
    assert trainer.current_epoch == 2


@pytest.mark.pictures
def test_pictures_lie_in_the_run_folder_and_in_tensorboard_at_the_same_step(tmp_path):
    data = Iris(batch_size=32)  # 4 batches an epoch
    trainer = fit(make(data), data, tmp_path, SamplePictures(every_n_batches=3, num_samples=20))
    board = events(trainer)
    for name in ("histograms", "pairs"):
        files = pictures_in(tmp_path / "experiment/version_0/pictures" / name)
        assert [batches_of(file) for file in files] == list(range(9))
        assert [e.step for e in board.Images(f"samples/{name}")] == [0, 2, 5, 7]
        with Image.open(files[0]) as image:
            assert min(image.size) > 200


@pytest.mark.pictures
def test_without_a_film_only_the_pictures_for_the_board_are_drawn(tmp_path):
    data = Iris(batch_size=32)  # 4 batches an epoch, 8 in all
    fit(make(data), data, tmp_path, SamplePictures(3, num_samples=20, film=False))
    pictures = tmp_path / "experiment/version_0/pictures"
    assert [batches_of(file) for file in pictures_in(pictures / "pairs")] == [0, 3, 6, 8]
    assert not list(pictures.glob("*.gif"))


def test_histograms_show_weights_gradients_and_logits_of_both_players(tmp_path):
    data = GaussianRing(num_samples=1024)
    trainer = fit(make(data), data, tmp_path, WeightHistograms(every_n_batches=4))
    board = events(trainer)
    tags = set(board.Tags()["histograms"])
    for player in ("generator", "discriminator"):
        assert any(tag.startswith(f"weights/{player}") for tag in tags)
        gradients = [tag for tag in tags if tag.endswith(".grad")]
        assert any(tag.startswith(f"weights/{player}") for tag in gradients)
    assert {"train/real_logits", "train/fake_logits"} <= tags
    assert [e.step for e in board.Histograms("train/real_logits")] == [3, 7]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_is_named_and_stops_the_run_which_keeps_its_last_good_checkpoint(
    tmp_path, bad
):
    data = Iris(batch_size=32)
    model = make(data)
    loss = model.generator_loss
    batches = []

    def breaks_in_batch_9(fake_logits):
        batches.append(1)
        return loss(fake_logits) * (bad if len(batches) == 10 else 1.0)

    model.generator_loss = breaks_in_batch_9
    with pytest.raises(NonFiniteLossError, match=r"g_loss became (nan|inf) at batch 9"):
        fit(model, data, tmp_path, FiniteLosses(), Checkpoints(every_n_epochs=1), max_epochs=20)
    kept = torch.load(tmp_path / "experiment/version_0/checkpoints/last.ckpt", weights_only=True)
    assert kept["epoch"] == 1
    assert all(weight.isfinite().all() for weight in kept["state_dict"].values())


def test_weights_that_are_not_finite_are_never_saved(tmp_path):
    data = Iris(batch_size=200)  # one batch
    model = make(data, g_optimizer=partial(torch.optim.SGD, lr=math.inf))
    with pytest.raises(NonFiniteLossError, match="generator"):
        fit(model, data, tmp_path, FiniteLosses(), Checkpoints(), max_epochs=1)
    assert not (tmp_path / "experiment/version_0/checkpoints/last.ckpt").exists()


def test_the_best_checkpoint_is_the_one_of_the_best_metric(tmp_path, monkeypatch):
    data = Iris()
    values = iter([0.5, 0.2, 0.9])
    monkeypatch.setattr(SampleMetrics, "on_validation_epoch_end", _log(values))
    checkpoints = Checkpoints()
    trainer = fit(make(data), data, tmp_path, checkpoints, SampleMetrics(), max_epochs=3)
    assert checkpoints.best_value == pytest.approx(0.2)
    folder = tmp_path / "experiment/version_0/checkpoints"
    epochs = {
        name: torch.load(folder / f"{name}.ckpt", weights_only=True)["epoch"]
        for name in ("best", "last")
    }
    assert epochs == {"best": 1, "last": 2}
    assert sorted(path.name for path in folder.iterdir()) == ["best.ckpt", "last.ckpt"]
    assert trainer.callback_metrics["val/ks"].item() == pytest.approx(0.9)


def _log(values):
    def compare(self, trainer, pl_module):
        if not trainer.sanity_checking:
            pl_module.log("val/ks", torch.tensor(next(values)))

    return compare


def test_a_monitor_that_is_never_logged_is_named(tmp_path):
    data = Iris()
    with pytest.raises(InputError, match=r"val/beauty is not logged; logged are .*val/ks"):
        fit(make(data), data, tmp_path, Checkpoints("val/beauty"), SampleMetrics(50))


def test_progress_shows_the_losses_and_counts_the_whole_run(tmp_path, capsys):
    data = Iris(batch_size=32)
    fit(make(data), data, tmp_path, RunProgress(), max_epochs=40, log_every_n_steps=1)
    shown = capsys.readouterr().err
    assert "160/160" in shown


def test_samples_are_drawn_in_chunks_of_bounded_size():
    sizes = []
    model = SimpleNamespace(sample=lambda n, labels: sizes.append(n) or torch.zeros(n, 2))
    assert sum(len(x) for x in drawn(model, 2 * CHUNK_SIZE + 5)) == 2 * CHUNK_SIZE + 5
    assert sizes == [CHUNK_SIZE, CHUNK_SIZE, 5]


def test_samples_of_given_labels_keep_them_in_every_chunk():
    labels = torch.arange(CHUNK_SIZE + 7) % 3
    model = SimpleNamespace(sample=lambda n, asked: asked.clone())
    assert torch.equal(torch.cat(list(drawn(model, len(labels), labels))), labels)


def scaled_gradient_norms(tmp_path, fused, *callbacks):
    """Train with a gradient scaler and return the norms that optimizers of true gradients see."""
    norms = []

    class Norms(Callback):
        def on_before_optimizer_step(self, trainer, model, optimizer):
            gradients = [p.grad.flatten() for g in optimizer.param_groups for p in g["params"]]
            scale = gradient_scale(trainer, optimizer)
            norms.append(torch.cat(gradients).norm().item() / scale)

    data = GaussianRing(num_samples=64, batch_size=32)
    adam = partial(torch.optim.Adam, lr=1e-3, fused=fused)
    torch.manual_seed(0)
    precision = MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu", init_scale=1024.0))
    fit(
        make(data, g_optimizer=adam, d_optimizer=adam),
        data,
        tmp_path,
        *callbacks,
        Norms(),
        plugins=[precision],
        max_epochs=1,
    )
    return norms


@pytest.mark.parametrize("fused", [False, True])
def test_clipping_sees_true_gradients_under_a_gradient_scaler(tmp_path, fused):
    free = scaled_gradient_norms(tmp_path, fused)
    assert 0.001 < max(free) < 10  # with the factor it would be hundreds
    bound = free[0] / 2
    clipped = scaled_gradient_norms(tmp_path, fused, GradientClipping(bound))
    assert clipped[0] == pytest.approx(bound, rel=1e-3)
    assert max(clipped) <= bound * 1.001
    assert scaled_gradient_norms(tmp_path, fused, GradientClipping(10.0)) == free


def test_histograms_of_a_diverging_run_do_not_hide_the_reason(tmp_path):
    data = Iris()
    model = make(data, g_optimizer=partial(torch.optim.SGD, lr=float("inf")))
    with pytest.raises(NonFiniteLossError, match=r"became|NaN or infinite"):
        fit(model, data, tmp_path, WeightHistograms(every_n_batches=1), FiniteLosses())


def test_the_protocol_stands_beside_the_numbers(tmp_path):
    data = Iris(val_fraction=0.3)
    metrics = SampleMetrics(num_samples=50, seed=4)
    trainer = fit(make(data), data, tmp_path, GeneratorEMA(), metrics)
    expected = "50 samples of the averaged weights, seed 4, against 45 validation points"
    assert metrics.protocol == expected
    (text,) = events(trainer).Tensors("val/protocol/text_summary")
    assert text.tensor_proto.string_val[0].decode() == expected


def test_the_best_value_survives_a_resume():
    checkpoints = Checkpoints("val/ks", "min")
    checkpoints.best_value = 0.25
    resumed = Checkpoints("val/ks", "min")
    resumed.load_state_dict(checkpoints.state_dict())
    assert resumed.best_value == 0.25
    other = Checkpoints("val/modes", "max")
    other.load_state_dict(checkpoints.state_dict())
    assert other.best_value is None
