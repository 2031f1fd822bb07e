"""Signals are held back, in a process of its own: what windows left in this one may end it by them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).with_name("signals_of_a_process.py")


@pytest.mark.skipif(os.name != "posix", reason="signals of another system")
def test_signals_are_held_and_let_in():
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(TESTS)]
    ended = subprocess.run([sys.executable, *words], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout
    assert "14 passed" in ended.stdout
