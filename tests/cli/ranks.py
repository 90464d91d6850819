"""Trains the same run on any number of processes, forked from one that has imported everything."""

import multiprocessing
import os
import socket
from functools import partial

import torch
from lightning.pytorch import Callback, seed_everything
from lightning.pytorch.loggers import TensorBoardLogger

from gan_lightning.callbacks import Checkpoints, GeneratorEMA, RandomState, SamplerFit
from gan_lightning.callbacks.sample_metrics import SampleMetrics
from gan_lightning.cli.trainer import GenerativeTrainer
from gan_lightning.data import GaussianRing
from gan_lightning.losses import R1, R2
from gan_lightning.models import GAN, R3GAN, VAE, WGANGP, WarmStartedGAN
from gan_lightning.networks import LabelledDiscriminator, LabelledGenerator
from gan_lightning.samplers import GaussianMixture, gaussian_mixture

GLOBAL_BATCH, NUM_POINTS = 16, 64
ADAM = partial(torch.optim.Adam, lr=1e-3)
PLAYERS = {"g_optimizer": ADAM, "d_optimizer": ADAM}
MODELS = {
    "GAN": partial(GAN, **PLAYERS),
    "WGANGP": partial(WGANGP, n_critic=5, **PLAYERS),
    "conditional R3GAN": partial(
        R3GAN,
        num_classes=8,
        generator=LabelledGenerator,
        discriminator=LabelledDiscriminator,
        **PLAYERS,
    ),
    "GAN with R1 and R2": partial(GAN, penalties=[R1(1.0), R2(1.0)], **PLAYERS),
    "VAE": partial(VAE, optimizer=ADAM),
    "WarmStartedGAN": partial(
        WarmStartedGAN,
        sampler=partial(GaussianMixture, num_components=2),
        reconstruction_batches=3,
        reconstruction_optimizer=ADAM,
        **PLAYERS,
    ),
}


class Injected:
    """Random numbers of the global batch, for any number of processes: each takes its rows."""

    def __init__(self, rank, world_size):
        self.rank, self.world_size = rank, world_size
        self.generator = torch.Generator().manual_seed(0)

    def rows(self, draw, *shape, **kwargs):
        kwargs.pop("generator", None)
        num_rows, *shape = shape[0] if isinstance(shape[0], tuple) else shape
        drawn = draw(num_rows * self.world_size, *shape, generator=self.generator, **kwargs)
        return drawn[self.rank * num_rows : (self.rank + 1) * num_rows]

    def __enter__(self):
        names = ("randn", "rand", "randn_like", "rand_like")
        self.before = {name: getattr(torch, name) for name in names}
        for name in ("randn", "rand"):
            draw = self.before[name]
            setattr(torch, name, partial(self.rows, draw))
            setattr(torch, f"{name}_like", lambda x, d=draw: self.rows(d, *x.shape, dtype=x.dtype))
        self.stratified = gaussian_mixture.stratified
        gaussian_mixture.stratified = lambda weights, num_samples: self.rows(
            partial(torch.multinomial, weights, replacement=True), num_samples
        )

    def __exit__(self, *_):
        for name, function in self.before.items():
            setattr(torch, name, function)
        gaussian_mixture.stratified = self.stratified


class Witness(Callback):
    """Keeps the losses and gradients of every step, and injects its random numbers."""

    def __init__(self, inject):
        self.inject, self.losses, self.gradients, self.latents = inject, [], [], []

    def on_train_start(self, trainer, model):
        step = model.training_step
        injected = Injected(trainer.global_rank, trainer.world_size)

        def training_step(batch, batch_idx):
            if not self.inject:
                return step(batch, batch_idx)
            with injected:
                return step(batch, batch_idx)

        model.training_step = training_step
        with torch.random.fork_rng():
            self.latents.append(torch.randn(3))

    def on_before_optimizer_step(self, trainer, model, optimizer):
        weights = [w for group in optimizer.param_groups for w in group["params"]]
        gradients = [torch.zeros_like(w) if w.grad is None else w.grad for w in weights]
        self.gradients.append(torch.cat([g.flatten() for g in gradients]).clone())

    def on_train_batch_end(self, trainer, model, outputs, batch, batch_idx):
        names = [name for name in outputs if name.endswith("loss")]
        self.losses.append({name: outputs[name].detach().clone() for name in names})


def train(name, folder, processes=1, max_epochs=2, ckpt_path=None, inject=True):
    """Return what one process saw of a run with the global batch of all of them, in float64."""
    torch.set_num_threads(1)
    seed_everything(0, verbose=False)
    data = GaussianRing(num_samples=NUM_POINTS, batch_size=GLOBAL_BATCH // processes)
    model = MODELS[name](data.data_shape)
    witness = Witness(inject)
    trainer = GenerativeTrainer(
        accelerator="cpu",
        precision="64-true",
        max_epochs=max_epochs,
        logger=TensorBoardLogger(folder, "run"),
        log_every_n_steps=1,
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[
            *([] if name == "VAE" else [GeneratorEMA(half_life=100)]),
            RandomState(),
            SamplerFit(),
            SampleMetrics(64, test_samples=48),
            witness,
            Checkpoints(),
        ],
    )
    trainer.fit(model, datamodule=data, ckpt_path=ckpt_path, weights_only=True)
    metrics = {k: v for k, v in trainer.callback_metrics.items() if k.startswith("val/")}
    trainer.test(model, datamodule=data)
    metrics |= trainer.callback_metrics
    return {
        "state": model.state_dict(),
        "losses": witness.losses,
        "gradients": witness.gradients,
        "own_numbers": witness.latents[0],
        "metrics": metrics,
    }


def on_ranks(processes, name, folder, **settings):
    """Return what each of several forked processes saw, as torchrun would have started them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder.mkdir(exist_ok=True)
    context = multiprocessing.get_context("fork")
    started = [
        context.Process(target=_rank, args=(rank, processes, port, name, folder, settings))
        for rank in range(processes)
    ]
    for process in started:
        process.start()
    for process in started:
        process.join(120)
        process.kill()
    assert [process.exitcode for process in started] == [0] * processes
    return [torch.load(folder / f"rank_{rank}.pt") for rank in range(processes)]


def _rank(rank, processes, port, name, folder, settings):
    os.environ |= {
        "TORCHELASTIC_RUN_ID": "test",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": str(processes),
        "LOCAL_WORLD_SIZE": str(processes),
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "GROUP_RANK": "0",
    }
    os.cpu_count = lambda: processes  # or a small machine would refuse so many
    torch.save(train(name, folder, processes, **settings), folder / f"rank_{rank}.pt")
