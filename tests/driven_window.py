"""Drive a napari of its own by X's mouse and keyboard, on a screen and a desk of its own."""

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from screens import Screen

PROGRAM = Path(__file__).with_name("driven_program.py")
NEEDED = ("Xvfb", "openbox", "xdotool")
# On a busy machine napari takes half a minute to open.
LONGEST_WAIT = 120.0
# vispy drops moves of the mouse that follow one another at once, as they do after a stall.
SECONDS_A_MOVE = "0.2"


def missing():
    """Name what is not installed; empty where a window can be driven."""
    return ", ".join(name for name in NEEDED if shutil.which(name) is None)


class Desk:
    """A screen without a monitor, with a window manager that gives windows the focus."""

    def __init__(self):
        self.screen, self.processes = Screen("1280x900"), []
        self.environment = {**os.environ, "DISPLAY": self.screen.name}
        self.environment.pop("QT_QPA_PLATFORM", None)
        self.start("openbox")

    def start(self, *command, **options):
        process = subprocess.Popen(command, env=self.environment, **options)
        self.processes.append(process)
        return process

    def clear(self):
        for process in reversed(self.processes):
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()
        self.screen.close()


class DrivenWindow:
    """napari in another process. Points are voxels (row, column) of the slice that is shown."""

    def __init__(self, desk, folder, *locked):
        self.desk = desk
        self._state = folder / "state.json"
        self._state.unlink(missing_ok=True)
        self.log = folder / "program.log"
        paths = [str(folder / name) for name in ("t1.nii.gz", "t1_mine.nii.gz")]
        with self.log.open("a") as log:
            self.process = desk.start(
                sys.executable, str(PROGRAM), str(self._state), *paths, *locked,
                stdout=log, stderr=log,
            )  # fmt: skip
        self.wait(lambda state: state["is_ready"], "napari to open")
        self._steady()

    @property
    def state(self):
        return json.loads(self._state.read_text())

    def wait(self, is_so, what):
        """Wait until something is so of what the program tells, and return that."""
        deadline = time.monotonic() + LONGEST_WAIT
        state = None
        while time.monotonic() < deadline:
            with suppress(FileNotFoundError):
                state = self.state
                if is_so(state):
                    return state
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"waited for {what}, got {state}; {self.log.read_text()[-3000:]}")

    def wait_counts(self, **counts):
        wanted = {name.removeprefix("label_"): count for name, count in counts.items()}
        what = f"the counts {wanted}"
        return self.wait(
            lambda state: all(state["counts"].get(k, 0) == n for k, n in wanted.items()), what
        )

    def wait_end(self):
        """Wait until the program has ended, and return what it left with."""
        return self.process.wait(LONGEST_WAIT)

    def key(self, *names):
        self._do("key", *names)

    def key_down(self, name):
        self._do("keydown", name)

    def key_up(self, name):
        self._do("keyup", name)

    def click(self, *point):
        self._do(*self._move(point), "click", "1")

    def drag(self, *points):
        """Draw a stroke; at its end the mouse rests a moment."""
        first, *others = [*points, points[-1], points[-1]]
        moves = [part for point in others for part in self._move(point)]
        self._do(*self._move(first), "mousedown", "1", *moves, "mouseup", "1")

    def press(self, text):
        """Press a button of any window of the program."""
        x, y = self.wait(lambda state: text in state["buttons"], f"'{text}'")["buttons"][text]
        self._do("mousemove", str(x), str(y), "sleep", SECONDS_A_MOVE, "click", "1")

    def close(self):
        """Close the window by the key of its manager, as a person does by the cross."""
        self.key("alt+F4")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def _steady(self):
        """Wait until the window lies where it stays, and has the keyboard."""
        places = [None]

        def same(state):
            before, places[0] = places[0], state["places"]
            time.sleep(0.3)
            return before == state["places"]

        self.wait(same, "the window to lie still")
        self.click(2, 2)

    def _move(self, point):
        places = self.state["places"]
        (x, y), (down, right) = places["origin"], places["step"]
        row, column = point
        place = round(x + column * right), round(y + row * down)
        return ["mousemove", *map(str, place), "sleep", SECONDS_A_MOVE]

    def _do(self, *words):
        done = subprocess.run(
            ["xdotool", *words], env=self.desk.environment, check=True, capture_output=True,
            text=True,
        )  # fmt: skip
        return done.stdout
