"""Segment what a locator finds: each box by itself, and all of them in one label map."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.progress import OnProgress, ignore_progress, share_of
from napari_seg.imaging.scan import LabelMap, Notice, Scan
from napari_seg.segmentation.execution import Plan
from napari_seg.segmentation.locating.box_voxels import (
    labels_in_region,
    upright_crop,
    values_in_region,
)
from napari_seg.segmentation.locating.finding import Found, FoundBox, NothingFound, find_boxes
from napari_seg.segmentation.locating.sides import Sides
from napari_seg.segmentation.merged_notices import merge_notices
from napari_seg.segmentation.model_notices import notice_models
from napari_seg.segmentation.preview import LabelWindow
from napari_seg.segmentation.wrong_scan import is_as_small

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_seg.segmentation.bundle import Bundle
    from napari_seg.segmentation.bundle_description import BundleDescription
    from napari_seg.segmentation.locating.locator import Locator
    from napari_seg.segmentation.preview import OnWindow
    from napari_seg.segmentation.record import Record
    from napari_seg.segmentation.run_settings import RunSettings

# Finding takes most of the time where the network is a small one.
_FOUND = 0.7


def segment_found(
    scan: Scan,
    bundle: Bundle,
    segment_crop: Callable[..., LabelMap],
    settings: RunSettings,
    *,
    plan: Plan | None = None,
    on_progress: OnProgress | None = None,
    on_window: OnWindow | None = None,
    on_map: Callable[[str, Scan], None] | None = None,
) -> LabelMap:
    """Find the boxes of a bundle's locator in a scan, and segment each.

    Parameters
    ----------
    scan
        With any axes and field of view.
    bundle
        With a locator.
    segment_crop
        Segments one box: takes a scan, and what `inference.segment` takes by name.
    settings
        What was asked for; its labels and maps are named with their box (``"left anterior"``) or,
        for all boxes, without.
    plan
        As in `inference.segment`.
    on_progress
        Told the fraction done; what it raises stops the work.
    on_window
        Told the labels of each finished window.
    on_map
        Told each map on the scan's grid: 0 where the network saw nothing, and the larger value
        where boxes overlap.

    Returns
    -------
    LabelMap
        On the scan's grid. Its record says under ``"locator"`` what was found where.

    Raises
    ------
    ValueError
        If the bundle has no locator, or a label is unknown.
    NothingFound
        If the scan does not show what the model knows.
    """
    start = perf_counter()
    locator = bundle.description.locator
    if locator is None:
        raise ValueError(
            f"the model {bundle.name!r} has no locator, so it cannot find its place; give a box"
        )
    sides = Sides(bundle.table, locator)
    kept = None if settings.labels is None else sides.values_of(settings.labels)
    report = on_progress or ignore_progress
    found = _find(scan, bundle.description, locator, share_of(report, 0.0, _FOUND))
    drawn = _Drawn(scan, sides, settings.maps)
    how = {**settings.for_segment(), "device": settings.device}
    del how["region"], how["labels"]
    how["plan"], changes = bundle.runner.as_run_here(plan) if plan else (None, ())
    steps = np.linspace(_FOUND, 1.0, len(found.boxes) + 1)
    for box, first, last in zip(found.boxes, steps[:-1], steps[1:], strict=True):
        tell = drawn.window_of(box, on_window) if on_window else None
        maps: dict[str, Scan] = {}
        labels = segment_crop(
            upright_crop(scan, box.geometry),
            on_progress=share_of(report, first, last),
            on_window=tell,
            on_map=maps.__setitem__,
            **{**how, "maps": drawn.maps_in(box)},
        )
        _require_names(labels, bundle)
        drawn.add(box, labels, maps)
        how["plan"] = drawn.plan
    for name, values in drawn.maps.items():
        if on_map is not None:
            on_map(name, Scan(values, scan.geometry))
    array, table = drawn.array, sides.table
    if kept is not None:
        array = np.where(np.isin(array, kept), array, array.dtype.type(0))
        table = table.keep(kept)
    differences = notice_models(scan, bundle, voxels_only=True)
    in_boxes = merge_notices(drawn.notices, "box")
    notices = (*_notices_of(found), *differences, *changes, *_without(in_boxes, differences))
    record = _record(scan, found, drawn, settings, table.names, notices, perf_counter() - start)
    return LabelMap(array, scan.geometry, table, notices=notices, record=record)


def _find(
    scan: Scan, description: BundleDescription, locator: Locator, on_progress: OnProgress
) -> Found:
    try:
        return find_boxes(scan, locator, on_progress=on_progress)
    except NothingFound as error:
        if not is_as_small(scan.geometry, description):
            raise
        raise NothingFound(
            "the scan is no larger than what this model knows, so there is no place to find in it; "
            "without a region it is segmented as it is",
            error.score,
        ) from error


def _require_names(labels: LabelMap, bundle: Bundle) -> None:
    unnamed = sorted(set(labels.table.names) - set(bundle.table.names))
    if unnamed:
        # The values of the next box follow those that have names.
        raise ValueError(
            f"the metadata of the model {bundle.name!r} do not name label {unnamed[0]}, which its "
            "network draws; name it there, or give a box"
        )


@dataclass
class _Drawn:
    """The labels of the boxes so far, and how each came about."""

    scan: Scan
    sides: Sides
    wanted: Sequence[str] = ()

    def __post_init__(self) -> None:
        shape = self.scan.geometry.shape
        self.maps = {name: np.zeros(shape, np.float32) for name in self.wanted}
        kind = self.sides.renumber(np.zeros(1, np.uint8), 0).dtype
        self.array: NDArray[Any] = np.zeros(shape, kind)
        self.notices: list[tuple[str, tuple[Notice, ...]]] = []
        self.records: list[Record] = []

    @property
    def plan(self) -> Plan | None:
        """How the network ran on the first box: on all others it runs so, too."""
        told = self.records[0].get("plan")
        return None if told is None else Plan.from_dict(told)

    def maps_in(self, box: FoundBox) -> tuple[str, ...]:
        """Name the maps of a box that the wanted ones show."""
        parts = [part for name in self.wanted for part in self.sides.maps_of(name)]
        return tuple(dict.fromkeys(own for number, own in parts if number == box.number))

    def add(self, box: FoundBox, labels: LabelMap, maps: Mapping[str, Scan]) -> None:
        """Put a box's labels where no box before it drew any, and its maps where they are larger."""
        part = labels_in_region(labels.array, box.geometry, self.scan.geometry, box.region)
        here = self.array[tuple(slice(*span) for span in box.region)]
        free = here == 0
        here[free] = self.sides.renumber(part, box.number)[free]
        for name, values in self.maps.items():
            for number, own in self.sides.maps_of(name):
                if number == box.number:
                    place = values[tuple(slice(*span) for span in box.region)]
                    new = values_in_region(
                        maps[own].array, box.geometry, self.scan.geometry, box.region
                    )
                    np.maximum(place, new, out=place)
        self.notices.append((box.name, labels.notices))
        self.records.append(dict(labels.record or {}))

    def window_of(self, box: FoundBox, on_window: OnWindow) -> OnWindow:
        """Return what tells a box's finished windows on the scan's grid."""
        from_crop = box.geometry.affine @ np.linalg.inv(
            np.diag([*box.geometry.spacing, 1.0])  # as in `upright_crop`
        )

        def tell(window: LabelWindow) -> None:
            affine = from_crop @ window.prepared.affine
            on_window(
                LabelWindow(
                    self.sides.renumber(window.labels, box.number),
                    window.start,
                    Geometry(window.prepared.shape, affine),
                    self.scan.geometry,
                )
            )

        return tell


def _record(
    scan: Scan,
    found: Found,
    drawn: _Drawn,
    settings: RunSettings,
    names: dict[int, str],
    notices: Sequence[Notice],
    seconds: float,
) -> Record:
    """Make one record of those of the boxes, which differ in little but their figures."""
    first = drawn.records[0]
    # Under the plan of an earlier run the first box knows better how precise it was.
    settings = replace(settings, precision=first["options"]["precision"])
    return {
        **first,
        "scan": {"sha256": scan.sha256, "shape": list(scan.array.shape)},
        "labels": {str(value): name for value, name in names.items()},
        "options": settings.as_options(),
        "locator": found.as_dict(),
        "windows": [record.get("windows") for record in drawn.records],
        "notices": [notice.as_dict() for notice in (*scan.notices, *notices)],
        "seconds": round(seconds, 3),
        "command": settings.command("SCAN", "LABELS"),
    }


def _notices_of(found: Found) -> list[Notice]:
    notices = [
        Notice(
            "box-cut",
            f"the scan ends within the box of the {box.name} side: {box.share_inside:.0%} of it "
            "was seen",
            {"box": box.name, "share_inside": box.share_inside},
        )
        for box in found.boxes
        if box.is_cut
    ]
    notices += [
        Notice("box-outside", f"the {name} side lies outside the scan", {"box": name})
        for name in found.missing
    ]
    return notices


def _without(notices: Sequence[Notice], said: Sequence[Notice]) -> tuple[Notice, ...]:
    """Leave out what was said of the whole scan already."""
    codes = {notice.code for notice in said}
    return tuple(notice for notice in notices if notice.code not in codes)
