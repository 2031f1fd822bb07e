"""Draw the labels of a prepared scan: slab by slab, or at once where a bundle asks for that."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.imaging.measures import count_voxels
from napari_seg.imaging.scan import Notice
from napari_seg.segmentation.drawn_names import name_all
from napari_seg.segmentation.mirroring import mirrored
from napari_seg.segmentation.model_failure import telling
from napari_seg.segmentation.preparing.voxels import PreparedVoxels
from napari_seg.segmentation.slabs.finish import Finish, NotBySlabs, read_finish
from napari_seg.segmentation.slabs.labelling import Labelling
from napari_seg.segmentation.slabs.memory import require
from napari_seg.segmentation.slabs.number_check import NumberCheck
from napari_seg.segmentation.slabs.score_maps import (
    ScoreMaps,
    WithMaps,
    classes_of,
    mapping_reader,
)
from napari_seg.segmentation.slabs.sliding import AllScores, choose_axis, slide
from napari_seg.segmentation.slabs.way_back import NotByAxes, WayBack, find_way_back
from napari_seg.segmentation.windows import lay_windows, window_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import torch
    from monai.data import MetaTensor
    from numpy.typing import NDArray
    from torch import Tensor

    from napari_seg.imaging.label_table import LabelTable
    from napari_seg.segmentation.body import Body
    from napari_seg.segmentation.bundle import Bundle
    from napari_seg.segmentation.mirroring import Network
    from napari_seg.segmentation.preparing.prepared_scan import PreparedScan
    from napari_seg.segmentation.slabs.sliding import OnWindow
    from napari_seg.segmentation.slabs.window_scores import Fallback, WindowScores
    from napari_seg.segmentation.windows import WindowLayout


@dataclass(frozen=True, eq=False)
class Drawing:
    """Labels, and how they came about.

    Attributes
    ----------
    labels
        ``(i, j, k)`` on the scan's grid.
    table
        The names of all that may be drawn.
    notices
        What was done otherwise than asked for.
    windows
        How many windows went through the network (``run``), how many repeated one of equal content
        (``repeated``), and how many of both were air with noise in it (``air``).
    maps
        What was asked for of probabilities and entropy, on the scan's grid.
    """

    labels: NDArray[Any]
    table: LabelTable
    notices: tuple[Notice, ...] = ()
    windows: dict[str, int] = field(default_factory=dict)
    maps: dict[str, NDArray[Any]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Sliding:
    """How the windows of a run slide.

    Attributes
    ----------
    network
        From ``(batch, channel, *window)`` to scores ``(batch, class, *window)``.
    device
        Where it runs.
    overlap
        From 0 to below 1: the part of a window that its neighbour also covers.
    skip_air
        Whether windows of one value throughout go through the network once for each value; of large
        scores only those of the last value are kept.
    find_body
        Finds it in the prepared scan; with `skip_air` windows clear of it count as of one value.
    mirror
        Axes of the prepared scan along which each window is mirrored, too, and the scores averaged.
    maps
        Names of labels whose probabilities are wanted, or ``"entropy"``.
    spare_bytes
        Memory of the computer that others are about to take.
    on_progress, on_window, fallback
        As in `sliding.slide`.
    """

    network: Callable[[Tensor], Tensor]
    device: torch.device
    overlap: float
    on_progress: Callable[[float], None]
    skip_air: bool = True
    find_body: Callable[[], Body | None] | None = None
    mirror: tuple[int, ...] = ()
    maps: tuple[str, ...] = ()
    spare_bytes: int = 0
    on_window: OnWindow | None = None
    fallback: Fallback | None = None

    def run(
        self, scan: PreparedScan, bundle: Bundle, reader: Any, axis: int, activation: str | None
    ) -> WindowScores:
        """Slide over a prepared scan."""
        flat, check = window_of(bundle.inferer).flat_axis, NumberCheck(bundle.name)

        def watched(network: Network) -> Network:
            return check.watch(mirrored(network, self.mirror, flat_axis=flat))

        windows = slide(
            scan.voxels.to(self.device),
            watched(self.network),
            bundle.inferer,
            reader,
            axis=axis,
            overlap=self.overlap,
            activation=activation,
            skip_air=self.skip_air,
            find_body=self.find_body,
            on_progress=self.on_progress,
            on_window=self.on_window,
            fallback=self.fallback and self.fallback.changed_by(watched),
        )
        check.require_numbers()
        return windows


def draw_labels(scan: PreparedScan, bundle: Bundle, sliding: Sliding) -> Drawing:
    """Draw the labels of a scan.

    Parameters
    ----------
    scan
        As the bundle prepared it.
    bundle
        Whose network runs.
    sliding
        How.

    Raises
    ------
    ValueError
        If the bundle gives other than one label per voxel or scores that are no numbers, or its
        network or post-processing raises an error.
    MemoryError
        If the memory left is too small; with the figures.
    """
    layout = lay_windows(window_of(bundle.inferer), scan.shape, sliding.overlap)
    try:
        finish = read_finish(bundle.postprocess, bundle.prepare)
        way = find_way_back(scan.trace, nearest=finish.is_nearest)
    except (NotBySlabs, NotByAxes) as error:
        if sliding.maps:
            raise ValueError(
                f"the bundle {bundle.name!r} gives no probabilities: {error}"
            ) from error
        return _draw_at_once(scan, bundle, sliding, layout, str(error))
    return _draw_by_slabs(scan, bundle, sliding, layout, finish, way)


def _draw_by_slabs(
    scan: PreparedScan,
    bundle: Bundle,
    sliding: Sliding,
    layout: WindowLayout,
    finish: Finish,
    way: WayBack,
) -> Drawing:
    axis = choose_axis(layout)
    if isinstance(scan.voxels, PreparedVoxels):
        # Along any other axis all of the scan would be read for each slab.
        axis = scan.voxels.slow_axis
    maps: ScoreMaps | None = None
    if sliding.maps:
        straight = find_way_back(scan.trace) if finish.is_nearest else way
        maps = ScoreMaps(classes_of(sliding.maps, bundle.table), straight, finish)
    together = None if finish.is_nearest else maps
    labelling = Labelling(way, finish, axis, layout.before, on_scores=together)
    reader: Labelling | WithMaps = labelling
    if maps is not None and finish.is_nearest:
        reader = WithMaps(labelling, mapping_reader(maps, straight, finish, axis, layout.before))
    classes = _classes(bundle)
    rows = min(layout.shape[axis] + reader.span, layout.size[axis])
    slab = 4 * (classes + 1) * rows * prod(layout.size) // layout.size[axis]
    beside = sliding.spare_bytes if sliding.device.type == "cpu" else 0
    require(slab + beside, sliding.device, f"a slab of {classes} classes")
    windows = sliding.run(scan, bundle, reader, axis, finish.before)
    if finish.threshold is not None and labelling.classes != 1:
        raise ValueError(
            f"the bundle {bundle.name!r} must give one label per voxel, "
            f"its postprocessing gives {labelling.classes}"
        )
    labels = labelling.labels
    if finish.on_labels:
        labels = _cleaned(labels, scan.image(), finish, bundle)
        drawn: Iterable[int] = count_voxels(labels)
    else:
        drawn = range(1, 2 if finish.threshold is not None else labelling.classes)
    table, notices = name_all(bundle, drawn, outputs=labelling.classes)
    notices += windows.notices
    return Drawing(labels, table, notices, _counts(windows), maps.maps if maps else {})


def _draw_at_once(
    scan: PreparedScan, bundle: Bundle, sliding: Sliding, layout: WindowLayout, reason: str
) -> Drawing:
    """Gather the scores of the whole scan for the bundle's own post-processing."""
    import torch
    from monai.data import MetaTensor

    axis, classes, steps = choose_axis(layout, 0), _classes(bundle), scan.trace.steps
    shape = steps[0]["orig_size"] if steps else layout.size
    # MONAI resamples in float64, from a copy, into a float32 array of the scan's size.
    needed = classes * (12 * prod(layout.size) + 12 * prod(int(count) for count in shape))
    needed += sliding.spare_bytes
    require(needed, torch.device("cpu"), f"this bundle ({reason}) keeps all scores at once and")
    reader = AllScores(layout, scan.shape, axis)
    windows, image = sliding.run(scan, bundle, reader, axis, None), scan.image()
    prediction = MetaTensor(reader.scores, meta=image.meta)
    with telling("post-processing", bundle.name, "the scores"):
        labels = np.asarray(bundle.postprocess({"image": image, "pred": prediction})["pred"])
    notice = Notice("scores-at-once", f"all scores were held in memory at once: {reason}")
    labels = _one_channel(labels, bundle)
    table, notices = name_all(bundle, count_voxels(labels), outputs=len(reader.scores))
    return Drawing(labels, table, (notice, *notices, *windows.notices), _counts(windows))


def _cleaned(
    labels: NDArray[Any], image: MetaTensor, finish: Finish, bundle: Bundle
) -> NDArray[Any]:
    """Run what a bundle does with labels, as it expects them: in float32, with a channel."""
    import torch
    from monai.data import MetaTensor

    data: Any = {
        "image": image,
        "pred": MetaTensor(torch.from_numpy(labels.astype(np.float32)[None]), meta=image.meta),
    }
    with telling("post-processing", bundle.name, "the labels"):
        for step in finish.on_labels:
            data = step(data)
        cleaned = np.asarray(data["pred"])
    if cleaned.shape != (1, *labels.shape):
        raise ValueError(
            f"postprocessing must give one label per voxel of shape {labels.shape}, "
            f"got {cleaned.shape}"
        )
    result: NDArray[Any] = cleaned[0].round().astype(labels.dtype)
    return result


def _one_channel(labels: NDArray[Any], bundle: Bundle) -> NDArray[Any]:
    if labels.ndim != 4 or len(labels) != 1:
        raise ValueError(
            f"the bundle {bundle.name!r} must give one label per voxel, "
            f"its postprocessing gave {labels.shape}"
        )
    kind = np.uint8 if labels.max(initial=0) <= 255 else np.uint16
    result: NDArray[Any] = labels[0].round().astype(kind)
    return result


def _classes(bundle: Bundle) -> int:
    return max(bundle.table.names, default=0) + 1


def _counts(windows: WindowScores) -> dict[str, int]:
    return {"run": windows.run, "repeated": windows.repeated, "air": windows.air}
