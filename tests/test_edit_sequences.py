"""Random edits, beside a reference that keeps a whole copy of the labels for every step."""

from copy import copy

import numpy as np
import pytest
from napari.components import ViewerModel
from scipy.ndimage import label as components

from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.editing.locks import LabelLocks
from napari_seg.viewer.editing.volumes import VolumeTracker
from napari_seg.viewer.undo import Stroke, write_region

SHAPE = (3, 7, 8)
SHOWN = 1
LABELS = 5


class Reference:
    """What should be there: plain arrays, one for each step."""

    def __init__(self, start):
        self.states, self.names = [start], []
        self.done = 0
        self.locked = set()

    @property
    def now(self):
        return self.states[self.done]

    def draw(self, where, labels, tool, *, own_name=None):
        """Draw one label or an array where it may be drawn; a step only if something changed."""
        labels = np.broadcast_to(labels, SHAPE)
        locked = list(self.locked)
        free = where & ~np.isin(self.now, locked) & ~np.isin(labels, locked)
        after = np.where(free, labels, self.now)
        if np.array_equal(after, self.now):
            return False
        name = own_name or f"{tool}: {self._drawn(after)}"
        self.states = [*self.states[: self.done + 1], after]
        self.names = [*self.names[: self.done], name]
        self.done += 1
        return True

    def _drawn(self, after):
        change = np.bincount(after.ravel(), minlength=LABELS)
        change -= np.bincount(self.now.ravel(), minlength=LABELS)
        gained = [label for label in range(1, LABELS) if change[label] > 0]
        lost = [label for label in range(1, LABELS) if change[label] < 0]
        other = after != self.now
        touched = set(after[other].tolist()) | set(self.now[other].tolist())
        drawn = gained or lost or sorted(touched - {0})
        return f"label {drawn[0]}" if len(drawn) == 1 else f"{len(drawn)} labels"


class Edits:
    """One layer and its reference, both edited alike."""

    def __init__(self, random):
        self.random = random
        start = random.integers(0, 3, SHAPE).astype(np.uint8)
        viewer = ViewerModel()
        self.layer = viewer.add_labels(start.copy())
        viewer.dims.set_current_step(0, SHOWN)
        self.history = EditHistory.of(self.layer)
        self.locks = LabelLocks.of(self.layer)
        self.volumes = VolumeTracker.of(self.layer)
        self.restart(start)

    def restart(self, start):
        """Begin the next sequence as another plugin would: with other data."""
        self.layer.data = start.copy()
        self.locks.unlock(*self.locks.labels)
        self.reference = Reference(start)

    def edit(self, kinds):
        getattr(self, self.random.choice(kinds))()
        self.check()

    def check(self):
        reference = self.reference
        assert np.array_equal(self.layer.data, reference.now)
        assert [step.name for step in self.history.steps] == reference.names
        assert self.history.done == reference.done == len(self.layer._undo_history)
        counts = np.bincount(reference.now.ravel())
        voxels = {label: count for label, count in enumerate(counts.tolist()) if label and count}
        assert self.volumes.voxels == voxels

    def stroke(self):
        self.layer.mode = "paint"
        label = self._some_label()
        with self.layer.block_history():
            self.reference.draw(self._brush(label), label, "brush" if label else "erase")

    def stroke_with_a_result_in_between(self):
        self.layer.mode = "paint"
        label = self._some_label()
        tool = "brush" if label else "erase"
        with self.layer.block_history():
            painted = self._brush(label)
            before = self.reference
            self.reference = copy(before)
            self.reference.draw(painted, label, tool)
            if not self.result():
                # What changes nothing does not part the stroke.
                self.reference = before
            else:
                painted = False
            self.reference.draw(painted | self._brush(label), label, tool)

    def stroke_with_an_undo_in_between(self):
        self.layer.mode = "paint"
        label = self._some_label()
        tool = "brush" if label else "erase"
        with self.layer.block_history():
            self.reference.draw(self._brush(label), label, tool)
            self.undo()
            self.reference.draw(self._brush(label), label, tool)

    def stroke_of_ours(self):
        """Many small writes, so that their masks are joined; a third is taken back.

        So is one that changed voxels and changed them back: it would be a step of nothing.
        """
        stroke, label = Stroke(self.layer, "nudge"), self._some_label()
        before, after, written = self.reference, self.reference.now.copy(), 0
        for _ in range(int(self.random.integers(1, 40))):
            box = self._some_box()
            part = self.random.random(after[box].shape) < 0.5
            value = self._some_label() if self.random.random() < 0.1 else label
            written += stroke.write(box, value, where=part)
            free = part & ~np.isin(after[box], [*before.locked]) & (value not in before.locked)
            after[box][free] = value
        self.reference = copy(before)
        changed = self.reference.draw(np.ones(SHAPE, bool), after, "nudge")
        if self.random.random() < 0.3 or not changed:
            stroke.cancel()
            self.reference = before
            if written:
                # What was undone cannot be redone any more.
                before.states = before.states[: before.done + 1]
                before.names = before.names[: before.done]
        stroke.end()

    def single_dab(self):
        self.layer.mode = "erase"
        self.reference.draw(self._brush(0, dabs=1), 0, "erase")

    def fill(self):
        self.layer.mode = "fill"
        label, point = self._some_label(), self._some_point()
        self.layer.fill(point, label)
        plane = self.reference.now[SHOWN]
        found, _ = components(plane == plane[point[1:]])
        where = np.zeros(SHAPE, bool)
        where[SHOWN] = found == found[point[1:]]
        self.reference.draw(where, label, "fill")

    def polygon(self):
        self.layer.mode = "polygon"
        label = self._some_label()
        (_, top, left), (_, bottom, right) = self._some_point(), self._some_point()
        top, bottom = sorted((top, bottom))
        left, right = sorted((left, right))
        corners = ((top, left), (top, right), (bottom, right), (bottom, left))
        self.layer.paint_polygon([(SHOWN, *corner) for corner in corners], label)
        where = np.zeros(SHAPE, bool)
        where[SHOWN, top : bottom + 1, left : right + 1] = True
        self.reference.draw(where, label, "polygon")

    def script(self):
        self.layer.mode = "pan_zoom"
        label = self._some_label()
        where = self.random.random(SHAPE) < 0.05
        self.layer.data_setitem(np.nonzero(where), label)
        self.reference.draw(where, label, "edit")

    def tool(self):
        box = self._some_box()
        values = np.zeros(SHAPE, int)
        values[box] = self.random.integers(0, LABELS, values[box].shape)
        where = np.zeros(SHAPE, bool)
        where[box] = self.random.random(where[box].shape) < 0.7
        name = f"tool {self.random.integers(100)}"
        public_only = bool(self.random.random() < 0.3)
        write_region(
            self.layer, box, values[box], where=where[box], name=name, public_only=public_only
        )
        self.reference.draw(where, values, "", own_name=name)

    def result(self):
        values = np.zeros(SHAPE, int)
        values[:, 1:5, 2:6] = self.random.integers(0, LABELS, (SHAPE[0], 1, 1))
        whole = tuple(slice(0, length) for length in SHAPE)
        write_region(self.layer, whole, values, name="Segment", preserve=False)
        return self.reference.draw(np.ones(SHAPE, bool), values, "", own_name="Segment")

    def undo(self):
        self.layer.undo()
        self.reference.done = max(self.reference.done - 1, 0)

    def redo(self):
        self.layer.redo()
        self.reference.done = min(self.reference.done + 1, len(self.reference.names))

    def go_to(self):
        place = int(self.random.integers(0, len(self.reference.names) + 1))
        self.history.go_to(self.history.steps[place - 1] if place else None)
        self.reference.done = place

    def lock(self):
        label = int(self.random.integers(1, LABELS))
        self.locks.lock(label)
        self.reference.locked.add(label)

    def unlock(self):
        label = int(self.random.integers(1, LABELS))
        self.locks.unlock(label)
        self.reference.locked.discard(label)

    def label_change(self):
        self.layer.selected_label = int(self.random.integers(0, LABELS))

    def _brush(self, label, dabs=3):
        """Paint some dabs, and return where."""
        painted = np.zeros(SHAPE, bool)
        size = int(self.random.choice([1, 3, 5]))
        self.layer.brush_size = size
        rows, columns = np.ogrid[: SHAPE[1], : SHAPE[2]]
        for _ in range(dabs):
            _, row, column = point = self._some_point()
            self.layer.paint(point, label)
            distance = (rows - row) ** 2 + (columns - column) ** 2
            painted[SHOWN] |= distance <= (size // 2 + 0.5) ** 2
        return painted

    def _some_box(self):
        low = [int(self.random.integers(0, length)) for length in SHAPE]
        return tuple(
            slice(start, int(self.random.integers(start, length)) + 1)
            for start, length in zip(low, SHAPE, strict=True)
        )

    def _some_label(self):
        return int(self.random.integers(0, LABELS))

    def _some_point(self):
        _, rows, columns = SHAPE
        return SHOWN, int(self.random.integers(rows)), int(self.random.integers(columns))


BY_HAND = [
    "stroke", "stroke_of_ours", "single_dab", "fill", "polygon", "script", "tool", "label_change",
]  # fmt: skip
AROUND = ["undo", "undo", "redo", "go_to", "lock", "unlock"]
WITH_A_WORKER = ["result", "stroke_with_a_result_in_between", "stroke_with_an_undo_in_between"]


@pytest.mark.parametrize(
    "count", [60, pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(3000)])]
)
@pytest.mark.parametrize(
    "kinds",
    [BY_HAND + AROUND, BY_HAND + AROUND + 2 * WITH_A_WORKER],
    ids=["by hand", "with a worker"],
)
def test_random_sequences_equal_a_reference_that_keeps_whole_copies(kinds, count):
    random = np.random.default_rng(count + len(kinds))
    edits = Edits(random)
    for _ in range(count):
        edits.restart(random.integers(0, 3, SHAPE).astype(np.uint8))
        for _ in range(12):
            edits.edit(kinds)
        edits.history.go_to(None)
        assert np.array_equal(edits.layer.data, edits.reference.states[0])
