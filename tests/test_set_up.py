import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "set_up.sh"


@pytest.mark.skipif(os.name == "nt", reason="a script for a POSIX shell")
def test_a_missing_venv_is_named_by_the_version_of_the_interpreter(tmp_path: Path) -> None:
    python = tmp_path / "py"
    python.write_text(
        f'#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\nexec "{sys.executable}" "$@"\n'
    )
    python.chmod(0o755)
    ended = subprocess.run(
        ["sh", SCRIPT, tmp_path / "venv"],
        env={**os.environ, "PYTHON": str(python)},
        capture_output=True,
        text=True,
        check=False,
    )
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert ended.returncode == 1
    assert f"apt-get install -y python{version}-venv\n" in ended.stderr
    assert not (tmp_path / "venv").exists()


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("status", [0, 1], ids=["done", "failed"])
def test_demo_of_a_clone_ends_with_how_to_go_on(status: int, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "napari-seg"
    program.write_text(f"#!/bin/sh\necho table\nexit {status}\n")
    program.chmod(0o755)
    (tmp_path / ".installed").touch()
    ended = subprocess.run(
        ["make", "--no-print-directory", "demo", f"VENV={tmp_path}", "TORCH_INDEX="],
        cwd=SCRIPT.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    way = f"To go on: source {tmp_path}/bin/activate; then napari-seg doctor, or napari for the window."
    assert ended.stdout.splitlines() == ["table", *[way] * (status == 0)]
