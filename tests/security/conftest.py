"""Honest runs to spoil, the doors that open a checkpoint, and a watch over what happens."""

import copy
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

import pytest
import torch
import yaml
from jsonargparse import _common
from lightning.pytorch import LightningModule

from gan_lightning.cli import main

SIGN = "GAN_LIGHTNING_PAYLOAD"
"""Environment variable that every payload sets, so that its source holds the name too."""

PAYLOAD = Path(__file__).parent / "payload"
"""Folder of the module ``evil``, which records its import and each of its calls."""

FRIENDS = frozenset(
    [
        *("gan_lightning", "torch", "torchvision", "torchmetrics", "tensorboard", "safetensors"),
        *("lightning", "lightning_fabric", "lightning_utilities", "jsonargparse", "yaml", "fsspec"),
        *("numpy", "scipy", "sklearn", "matplotlib", "mpl_toolkits", "PIL", "rich", "tqdm"),
        *sys.stdlib_module_names,
    ]
) - {"antigravity", "idlelib", "this", "turtle", "turtledemo"}
"""Packages of which a command may import a further module; never the module that is refused."""

ACTS = frozenset(
    [
        *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork"),
        *("os.forkpty", "os.startfile", "pty.spawn", "webbrowser.open", "code.__new__"),
        *("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname"),
        *("urllib.Request", "http.client.connect", "ftplib.connect", "smtplib.connect"),
        *("pickle.find_class", "shutil.unpack_archive"),
    ]
)
"""Audit events that restoring a model never causes; https://docs.python.org/3/library/audit_events.html."""

CHANGES = frozenset(
    [
        *("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.truncate", "os.chmod", "os.chown"),
        *("os.link", "os.symlink", "os.utime", "shutil.rmtree", "shutil.move", "shutil.copyfile"),
    ]
)
"""Audit events that change a file: the last argument that is a path says which."""


class Watch:
    """What this process does while it is watched.

    An audit hook stays until the process ends, so there is one, and it looks only where asked to.
    """

    def __init__(self, home: Path) -> None:
        # Lightning writes a checkpoint to a temporary file first.
        self.homes = (f"{home}{os.sep}", f"{tempfile.gettempdir()}{os.sep}", "/dev/")
        self.refused = ""
        self.active = False
        self.deeds: list[str] = []
        sys.addaudithook(self._see)

    @contextmanager
    def over(self, refused: str | None) -> Iterator[None]:
        """Watch what happens; nothing may import the module of the path ``refused``."""
        self.refused, self.deeds, self.active = refused or "", [], True
        try:
            yield
        finally:
            self.active = False

    def _see(self, event: str, args: tuple[Any, ...]) -> None:
        if self.active and self._is_a_deed(event, args):
            self.deeds.append(f"{event} {args[:2]}")

    def _is_a_deed(self, event: str, args: tuple[Any, ...]) -> bool:
        match event:
            case "import":
                return self._is_strange(args[0])
            case "exec":  # of a module: importlib.import_module causes no event "import"
                module = _module_of(args[0])
                return module is not None and self._is_strange(module)
            case "open":
                return _writes(args) and self._is_outside(args[0])
            case "os.putenv":
                return args[0] in (SIGN, SIGN.encode())
            case "compile":
                return SIGN in str(args[0])
        if event in CHANGES:
            paths = [arg for arg in args if isinstance(arg, str | bytes | os.PathLike)]
            return bool(paths) and self._is_outside(paths[-1])
        # jsonargparse asks Python for the places of type stubs.
        return event in ACTS and "print(json.dumps(sys.path))" not in str(args)

    def _is_strange(self, module: str) -> bool:
        return module.partition(".")[0] not in FRIENDS or f"{self.refused}.".startswith(
            f"{module}."
        )

    def _is_outside(self, path: Any) -> bool:
        name = os.path.abspath(os.fsdecode(path))
        return not name.startswith(self.homes) and ".pyc" not in name


def _module_of(code: CodeType) -> str | None:
    """Return the name of the module whose code this is, or its file where it has no name."""
    file = Path(code.co_filename)
    if code.co_name != "<module>" or not file.is_absolute():
        return None
    # The innermost first: an environment may lie in the checkout.
    for folder in sorted(sys.path, key=len, reverse=True):
        if folder and file.is_relative_to(folder):
            parts = file.relative_to(folder).with_suffix("").parts
            return ".".join(part for part in parts if part != "__init__")
    return str(file)


def _writes(args: tuple[Any, ...]) -> bool:
    path, mode, flags = args
    if isinstance(path, int):  # a file that was opened before
        return False
    if mode is None:
        return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND))
    return any(letter in mode for letter in "wax+")


@pytest.fixture(scope="session")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Watch:
    """The one watch of this process; the folder of temporary files is its home."""
    return Watch(tmp_path_factory.getbasetemp())


TINY = [
    "--trainer.accelerator=cpu",
    "--trainer.enable_model_summary=false",
    "--trainer.enable_progress_bar=false",
    "--trainer.max_epochs=1",
    "--trainer.limit_train_batches=1",
    "--metrics.num_samples=20",
    "--metrics.test_samples=20",
    "--pictures.num_samples=10",
]

FAMILIES = {
    "GAN": ["--model.generator.hidden_dims=[4]", "--model.generator.latent_dim=2"],
    "ConditionalGAN": [
        "--model.generator=LabelledGenerator",
        "--model.generator.generator=MLPGenerator",
        "--model.generator.embedding_dim=2",
        "--model.discriminator=LabelledDiscriminator",
        "--model.discriminator.discriminator=MLPDiscriminator",
    ],
    "VAE": ["--model.decoder.latent_dim=2"],
    "WGANGP": ["--model.generator.hidden_dims=[4]"],
    "ConditionalVAE": [
        "--model.encoder=LabelledEncoder",
        "--model.encoder.encoder=MLPEncoder",
        "--model.decoder=LabelledDecoder",
        "--model.decoder.embedding_dim=2",
        "--model.decoder.decoder=MLPDecoder",
    ],
    "Autoencoder": ["--model.decoder.latent_dim=2", "--model.sampler=GaussianMixture"],
}
"""A model of each family, trained on Iris, with what makes it small."""


@pytest.fixture(scope="session")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Train a model of a family on one batch, once, and return the folder of its run."""
    runs: dict[str, Path] = {}

    def honest(family: str) -> Path:
        if family not in runs:
            root = tmp_path_factory.mktemp(family)
            where = f"--trainer.default_root_dir={root}"
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(sys, "argv", ["gan_lightning"])
                main(["fit", f"--model={family}", "--data=Iris", where, *TINY, *FAMILIES[family]])
            (runs[family],) = root.glob("lightning_logs/*/version_0")
        return runs[family]

    return honest


class Spoiled:
    """A copy of an honest run, and the files beside it."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self.checkpoint = run / "checkpoints" / "last.ckpt"
        self.config = run / "config.yaml"

    def change_checkpoint(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Save the checkpoint again with something changed."""
        checkpoint = torch.load(self.checkpoint, weights_only=True)
        change(checkpoint)
        torch.save(checkpoint, self.checkpoint)

    def set_hyperparameters(self, values: dict[str, Any]) -> None:
        """Change hyperparameters, which are named by dotted keys, as in ``generator.activation``.

        Each part of a key is an argument of the class that the part before it names; ``@`` stands
        for a dot that belongs to a part.
        """

        def change(checkpoint: dict[str, Any]) -> None:
            for key, value in values.items():
                *parents, name = key.split(".")
                place = checkpoint["hyper_parameters"]
                for parent in parents:
                    place = place[parent].setdefault("init_args", {})
                place[name.replace("@", ".")] = value

        self.change_checkpoint(change)

    def set_config(self, sections: dict[str, Any]) -> None:
        """Change the config's sections; a mapping is merged into the section that is there."""
        content = yaml.safe_load(self.config.read_text())
        for name, section in sections.items():
            if isinstance(section, dict) and "class_path" not in section:
                section = {**(content.get(name) or {}), **section}
            content[name] = section
        self.config.write_text(yaml.safe_dump(content))


@pytest.fixture
def spoiled(tmp_path: Path, honest: Callable[[str], Path]) -> Callable[[str], Spoiled]:
    """Copy the honest run of a family to where it can be spoiled."""

    def spoiled(family: str = "GAN") -> Spoiled:
        run = honest(family)
        copied = tmp_path / "lightning_logs" / run.parent.name / run.name
        shutil.copytree(run, copied)
        return Spoiled(copied)

    return spoiled


@pytest.fixture(autouse=True)
def _payload_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(PAYLOAD)
    monkeypatch.delenv(SIGN, raising=False)
    yield
    for name in ("evil", "evil_model"):
        sys.modules.pop(name, None)


class Outcome(NamedTuple):
    """The outcome of an attempt: all deeds seen, and how it ended if it failed."""

    deeds: list[str]
    sentence: str | None
    error: BaseException | None


@pytest.fixture
def attempt(
    run: Callable[..., None],
    watch: Watch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Outcome]:
    """Open a checkpoint by a command or by Lightning's loader, and watch.

    A command may fail only with one line. jsonargparse must be the same for others afterwards.
    """

    def opened(door: str, checkpoint: Path, args: tuple[str, ...]) -> BaseException | None:
        try:
            if door == "loader":
                LightningModule.load_from_checkpoint(checkpoint, weights_only=True)
            else:
                run(door, *args, f"--ckpt_path={checkpoint}")
        except (Exception, SystemExit) as error:
            return error
        return None

    def attempt(door: str, checkpoint: Path, *args: str, refused: str | None = None) -> Outcome:
        before = copy.deepcopy(_common.parsing_settings)
        capsys.readouterr()
        with warnings.catch_warnings(), watch.over(refused):
            warnings.simplefilter("ignore")  # warnings about a hostile file do not matter here
            error = opened(door, checkpoint, args)
        assert _common.parsing_settings == before
        deeds = [*watch.deeds, *([f"payload {os.environ[SIGN]}"] if SIGN in os.environ else [])]
        sentence = None if error is None else str(error)
        if error is not None and door != "loader":
            sentence = _the_one_line(error, capsys.readouterr().err)
        return Outcome(deeds, sentence, error)

    return attempt


def _the_one_line(error: BaseException, printed: str) -> str:
    """Return the error message of a command that failed."""
    if not isinstance(error, SystemExit):
        raise error
    assert error.code == 2
    assert "Traceback" not in printed
    (line,) = (line for line in printed.splitlines() if line.startswith("Error: "))
    return line
