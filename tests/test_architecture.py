"""The rooms, and that imports between them point one way."""

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "gan_lightning"
FILES = sorted(PACKAGE.rglob("*.py"))
LAYERS = [  # a room may import from its own and from later lines
    {"__main__"},
    {"cli"},
    {"trust"},
    {"safe_classes"},
    {"synthesizer"},
    {"callbacks", "export", "comparison"},
    {"table_sampling"},
    {"sampling", "walks"},
    {"models", "data"},
    {"samplers", "features"},
    {"networks", "losses", "metrics", "figures", "comparison"},
    {"checkpoint_files"},
    {"files", "schedules"},
    {"errors", "version"},
]
LAYER = {room: depth for depth, rooms in enumerate(LAYERS) for room in rooms}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> set[str]:
    return imported_by(ast.walk(ast.parse(path.read_text())))


def imported_by(nodes: Iterable[ast.AST]) -> set[str]:
    modules = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add(node.module)
    return modules


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down_or_stay_in_the_room(path):
    room = room_of(path)
    if room == "__init__":
        return
    for module in imports_of(path):
        package, _, rest = module.partition(".")
        if package == "gan_lightning" and rest:
            target = rest.split(".")[0]
            assert target == room or LAYER[target] > LAYER[room], f"{path} imports {module}"


@pytest.mark.parametrize("room", ["networks", "losses", "metrics", "figures", "samplers"])
def test_what_is_pure_knows_neither_lightning_nor_configuration(room):
    for path in (PACKAGE / room).glob("*.py"):
        assert not any(m.split(".")[0] in {"lightning", "jsonargparse"} for m in imports_of(path))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_file_imports_tensorboard_at_once(path):
    modules = imported_by(ast.parse(path.read_text()).body)
    assert not any("tensorboard" in module for module in modules)  # load needs none


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_and_functions_fit_a_screen(path):
    text = path.read_text()
    lists_names = path == PACKAGE / "__init__.py"
    assert lists_names or text.count("\n") <= 250
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < 45, node.name


def test_every_folder_is_a_room_with_a_place_in_the_order():
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    files = {path.stem for path in PACKAGE.glob("*.py")}
    assert rooms == set(LAYER) - files
