import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from npe2 import PluginManifest

REPOSITORY = Path(__file__).parents[1]
SCAN = "hippocampus_left.nii.gz"

# Run by the environment that the wheel was installed into, which has nibabel but not the tests.
CHECK = """
import importlib.util, pathlib, sys
import nibabel, numpy, napari_seg
from napari_seg.imaging.files import sample_data_folder
place, scan, labels = map(pathlib.Path, sys.argv[1:])
assert pathlib.Path(napari_seg.__file__).is_relative_to(place), napari_seg.__file__
assert sample_data_folder() == scan.parent
for name in ("napari", "PyQt5", "PyQt6", "PySide6"):
    assert importlib.util.find_spec(name) is None, name
scan, labels = nibabel.load(scan), nibabel.load(labels)
assert numpy.allclose(scan.affine, labels.affine, atol=1e-4)
values, counts = numpy.unique(labels.get_fdata(), return_counts=True)
assert labels.shape == scan.shape and list(values) == [0, 1, 2] and counts[1:].min() > 300
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, REPOSITORY], check=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_bundle_sample_and_manifest(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("monai_bundle", "sample_data"):
        files = subprocess.run(
            ["git", "ls-files", folder], cwd=REPOSITORY, capture_output=True, text=True, check=True
        )
        assert {f"napari_seg/{name}" for name in files.stdout.splitlines()} <= names
    assert {"napari_seg/napari.yaml", "napari_seg/py.typed"} <= names
    assert not {name for name in names if name.startswith(("tests/", "scripts/", "docs/"))}


@pytest.mark.timeout(900)
def test_the_wheel_alone_segments_without_napari_and_qt(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    install_alone(environment, wheel)
    inside = environment / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    scan = inside / "site-packages" / "napari_seg" / "sample_data" / SCAN
    command = environment / "bin" / "napari-seg"
    run_alone([command, "segment", scan, "-o", "labels.nii.gz"], tmp_path)
    check = [environment / "bin" / "python", "-I", "-c", CHECK, environment, scan, "labels.nii.gz"]
    run_alone(check, tmp_path)
    bundle = Path(run_alone([command, "bundle-path"], tmp_path).strip())
    assert bundle.is_relative_to(inside)
    before = files_in(bundle)
    (tmp_path / "scans").mkdir()
    shutil.copy(scan, tmp_path / "scans")
    options = ["--dataset_dir", tmp_path / "scans", "--output_dir", tmp_path / "out"]
    run = [environment / "bin" / "python", "-m", "monai.bundle", "run"]
    run_alone([*run, "--config_file", "configs/inference.json", *options], bundle)
    saved = tmp_path / "out" / SCAN.replace(".nii", "_dseg.nii")
    run_alone([*check[:-2], scan, saved], tmp_path)
    assert files_in(bundle) == before


def files_in(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def install_alone(environment: Path, wheel: Path) -> None:
    pip = [environment / "bin" / "python", "-m", "pip", "--quiet", "--disable-pip-version-check"]
    constraints = REPOSITORY / "constraints.txt"
    install = [*pip, "install", "--no-compile", "--constraint", constraints]
    if index := os.environ.get("TORCH_INDEX"):
        run_alone([*install, "--no-deps", "--index-url", index, "torch"], environment)
    run_alone([*install, wheel], environment)


def run_alone(command: list[object], folder: Path) -> str:
    """Run a command from another folder, without a path to the checkout; return its output."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=folder, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_manifest_is_valid() -> None:
    manifest = PluginManifest.from_file(REPOSITORY / "napari_seg" / "napari.yaml")
    assert manifest.name == "napari-seg"
    manifest.validate_imports()


def test_the_installed_plugin_is_found_by_napari() -> None:
    manifest = PluginManifest.from_distribution("napari-seg")
    assert manifest.contributions.widgets
    assert manifest.contributions.sample_data
