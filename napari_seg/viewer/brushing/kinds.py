"""The brushes as people know them: names, keys, and what they do."""

from __future__ import annotations

from dataclasses import dataclass

from napari_seg.imaging.label_edits.strokes import Kind


@dataclass(frozen=True)
class Description:
    """What a person reads of a kind of brush.

    Attributes
    ----------
    title
        On its button.
    key
        That takes it in hand, unless the person chose another.
    step
        What a step of the history calls it, before the name of the label.
    does
        What it does, in a few words.
    """

    title: str
    key: str
    step: str
    does: str

    @property
    def name(self) -> str:
        """Where it does not stand in a row of brushes, such as ``"Adaptive brush"``."""
        return self.title if self.title in ("Brush", "Eraser") else f"{self.title} brush"


DESCRIPTIONS = {
    Kind.PAINT: Description("Brush", "Shift+P", "brush", "Paints the selected label"),
    Kind.ERASE: Description("Eraser", "Shift+E", "erase", "Empties what it touches"),
    Kind.ADAPTIVE: Description(
        "Adaptive", "A", "adaptive brush", "Paints what looks like the middle, up to its edges"
    ),
    Kind.THRESHOLD: Description(
        "Threshold", "T", "threshold brush", "Paints only voxels of a range of intensities"
    ),
    Kind.NUDGE: Description(
        "Nudge",
        "N",
        "nudge",
        "Begun inside the selected label it pushes the border out, begun outside in",
    ),
    Kind.RESTORE: Description(
        "Restore", "R", "restore", "Paints back the network's result or what was saved"
    ),
}
