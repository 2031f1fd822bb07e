"""Imports go down or sideways, never up; nothing heavy is loaded before it is used."""

import ast
import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

PACKAGE = Path(__file__).parents[1] / "napari_seg"
FILES = sorted(PACKAGE.rglob("*.py"))
NAMES = [str(path.relative_to(PACKAGE)) for path in FILES]

# What the files of a floor may not import anywhere, and not at their top.
NOWHERE = {
    "imaging": {
        "napari_seg.segmentation", "napari_seg.viewer", "napari_seg.cli", "napari_seg.doctor",
        "torch", "monai", "ignite", "napari", "qtpy", "magicgui", "superqt", "typer",
    },
    "segmentation": {
        "napari_seg.viewer", "napari_seg.cli", "napari_seg.doctor",
        "napari", "qtpy", "magicgui", "superqt", "typer",
    },
    "viewer": {"napari_seg.cli", "napari_seg.doctor", "typer", "PyQt5", "PyQt6", "PySide6"},
    "cli": {"PyQt5", "PyQt6", "PySide6"},
}  # fmt: skip
LAZY = {"torch", "monai", "ignite"}
AT_TOP = {
    "segmentation": LAZY,
    "viewer": LAZY,
    "cli": LAZY
    | {"numpy", "scipy", "skimage", "nibabel", "SimpleITK", "pydicom", "matplotlib", "napari"}
    | {"napari_seg.imaging", "napari_seg.segmentation", "napari_seg.viewer", "napari_seg.doctor"},
}


def floor_of(path: Path) -> str:
    first, *more = path.relative_to(PACKAGE).parts
    # What lies beside the floors is of the door.
    return first if more else "cli"


def imported(nodes: Iterator[ast.AST]) -> set[str]:
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def at_top(node: ast.AST) -> Iterator[ast.AST]:
    """Walk over what runs when a module is imported: no function, no ``if TYPE_CHECKING``."""
    for child in ast.iter_child_nodes(node):
        is_for_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
        if not is_for_types and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
            yield from at_top(child)


def among(names: set[str], forbidden: set[str]) -> set[str]:
    return {name for name in names if any(f"{name}.".startswith(f"{root}.") for root in forbidden)}


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_file_imports_from_its_floor_or_below(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not among(imported(ast.walk(tree)), NOWHERE.get(floor_of(path), set()))


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_file_loads_nothing_heavy_at_its_top(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not among(imported(at_top(tree)), AT_TOP.get(floor_of(path), set()))


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_file_and_its_functions_are_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    long = {
        node.name: length
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
        and (length := _lines_of_code(node)) > 40
        and not _is_a_list_of_options(path)
    }
    assert not long


def _lines_of_code(function: ast.FunctionDef) -> int:
    """Count a function's lines from its first statement, the docstring left out."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def _is_a_list_of_options(path: Path) -> bool:
    return path.name == "commands.py"


@pytest.mark.parametrize(
    "code",
    [
        "import napari_seg",
        "import napari_seg; [getattr(napari_seg, name) for name in napari_seg.__all__]",
        "import napari_seg.cli, napari_seg.doctor",
    ],
    ids=["package", "its public names", "command line"],
)
def test_import_loads_no_torch(code: str) -> None:
    assert not loaded_by(code) & {"torch", "monai", "napari", "qtpy"}


def test_the_command_line_loads_no_image_library() -> None:
    heavy = {"numpy", "SimpleITK", "nibabel", "pydicom", "scipy", "skimage", "torch", "matplotlib"}
    code = (
        "import sys; from typer.testing import CliRunner; from napari_seg.cli.commands import app; "
        "assert CliRunner().invoke(app, ['segment', '--help']).exit_code == 0"
    )
    assert not loaded_by(code) & heavy


def loaded_by(code: str) -> set[str]:
    report = f"{code}\nimport json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_help_comes_in_under_half_a_second() -> None:
    # Seconds of processor time: how busy the machine is otherwise does not count.
    assert median(_seconds_of_help() for _ in range(3)) < 0.5


def _seconds_of_help() -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", "from napari_seg.cli import main; main()", "--help"]
    subprocess.run(command, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
