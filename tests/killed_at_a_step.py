"""Kill a program while it gives files their names."""

import signal
import subprocess
import sys
from pathlib import Path

_COUNTED = """
import os, signal, sys
from pathlib import Path
place, steps, has_links = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "True"
link, replace = os.link, Path.replace

def step():
    global steps
    if not steps:
        os.kill(os.getpid(), signal.SIGKILL)
    steps -= 1

def counted_link(one, other):
    step()
    if not has_links:
        raise OSError("no hard links here")
    link(one, other)

def counted_replace(one, other):
    step()
    return replace(one, other)

os.link, Path.replace = counted_link, counted_replace
"""


_ADDS_THREE_FILES = """
from napari_seg.imaging.saving import add_files

def write(path):
    for end in (".json", ".tsv", ".nii"):
        path.with_suffix(end).write_text("old")

add_files(place, write)
"""


def kill_after(program: str, place: Path, steps: int, *, links: bool) -> None:
    """Run a program that names files at `place`; it dies before a link or move too many."""
    words = [sys.executable, "-c", _COUNTED + program, str(place), str(steps), str(links)]
    assert subprocess.run(words, check=False).returncode == -signal.SIGKILL


def kill_while_adding(place: Path, steps: int, *, links: bool) -> None:
    """Let a program die while it adds a file, a table and a record called like `place`."""
    kill_after(_ADDS_THREE_FILES, place, steps, links=links)
