"""Screens without a monitor, each with a mouse and a keyboard of its own."""

import os
import subprocess
from contextlib import suppress


class Screen:
    """An X server that shows nothing; its name is what ``DISPLAY`` says to those who draw on it."""

    def __init__(self, size):
        read, write = os.pipe()
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{size}x24", "+extension", "GLX",
             "-nolisten", "tcp"],
            pass_fds=[write], stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(write)
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        assert number, "Xvfb did not start"
        self.name = f":{number}"

    def close(self):
        with suppress(ProcessLookupError):
            self._server.kill()
        self._server.wait()
