"""Seeds: labels grow from what is painted until they meet at the edges of the scan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from napari_seg.imaging.label_edits import Edit
from napari_seg.imaging.label_edits.boxes import bounds, grown_box, whole_voxels
from napari_seg.imaging.label_edits.seeds import grow_from_seeds
from napari_seg.imaging.progress import OnProgress
from napari_seg.viewer.edit_tools.controls import Length, OneLabel
from napari_seg.viewer.edit_tools.subject import Subject
from napari_seg.viewer.edit_tools.tool import Tool


@dataclass(frozen=True)
class GrowFromSeeds:
    """How far around the seeds, and which of them stand for background."""

    mm: Annotated[
        float,
        Length("Around", "How far from the nearest stroke a voxel may lie to be gained", least=0.0),
    ] = 10.0
    background: Annotated[
        int,
        OneLabel(
            "Stays empty",
            "Strokes of this label say what is none of the others; it does not grow",
            none="no label",
        ),
    ] = 0


def _grow(
    subject: Subject, settings: GrowFromSeeds, report: OnProgress, *, preview: bool = False
) -> Edit:
    return grow_from_seeds(
        subject.labels,
        subject.intensities(),
        subject.spacing,
        margin_mm=settings.mm,
        background=settings.background or None,
        preview=preview,
        on_progress=report,
    )


def _preview(subject: Subject, settings: GrowFromSeeds, report: OnProgress) -> Edit:
    return _grow(subject, settings, report, preview=True)


def _says(_subject: Subject, settings: GrowFromSeeds) -> str:
    return f"Grow all labels from their strokes within {settings.mm:g} mm"


def _check(subject: Subject, _settings: GrowFromSeeds) -> str:
    if subject.scan_reason:
        return subject.scan_reason
    if len(set(subject.names) - subject.empty) < 2:
        return "Paint strokes of two labels at least: what is to stay outside is one, too"
    return ""


def _size(subject: Subject, settings: GrowFromSeeds) -> int:
    box = bounds(subject.labels != 0)
    if box is None:
        return 0
    reach = whole_voxels(settings.mm, subject.spacing)
    grown = grown_box(box, reach, subject.labels.shape)
    return int(np.prod([part.stop - part.start for part in grown]))


TOOLS = (
    Tool(
        name="grow_from_seeds",
        title="Grow from seeds",
        group="Seeds",
        tip="All labels grow from what is painted until they meet at the edges of the scan",
        settings=GrowFromSeeds(),
        edit=_grow,
        says=_says,
        check=_check,
        preview=_preview,
        size=_size,
        on="several",
        key="G",
        key_title="Grow from seeds, with a preview",
    ),
)
