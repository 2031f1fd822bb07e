"""Segment a scan with a bundle: labels on the scan's own grid."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_seg.imaging.geometry import Geometry, Region, clip_region
from napari_seg.imaging.progress import OnProgress, ignore_progress
from napari_seg.imaging.scan import LabelMap, Notice, Scan
from napari_seg.segmentation.body import find_body
from napari_seg.segmentation.model_notices import notice_models
from napari_seg.segmentation.network_input import network_affine
from napari_seg.segmentation.record import make_record
from napari_seg.segmentation.run_checks import as_overlap, as_region, check_kinds, check_run
from napari_seg.segmentation.run_settings import RunSettings, settings_of
from napari_seg.segmentation.wrong_scan import require_field_of_view

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from napari_seg.imaging.label_table import LabelTable
    from napari_seg.segmentation.bundle import Bundle
    from napari_seg.segmentation.execution import Plan, Precision
    from napari_seg.segmentation.preview import OnWindow
    from napari_seg.segmentation.record import Record
    from napari_seg.segmentation.slabs.drawing import Drawing, Sliding


def segment(
    scan: Scan,
    bundle: Bundle,
    *,
    device: str = "auto",
    precision: Precision = "exact",
    plan: Plan | None = None,
    overlap: float = 0.25,
    region: Region | Literal["auto"] | None = None,
    labels: Sequence[str] | None = None,
    mirror: Sequence[int] = (),
    maps: Sequence[str] = (),
    skip_air: bool = True,
    spare_bytes: int = 0,
    on_progress: OnProgress | None = None,
    on_window: OnWindow | None = None,
    on_map: Callable[[str, Scan], None] | None = None,
) -> LabelMap:
    """Segment a scan with a bundle's network.

    Parameters
    ----------
    scan
        With as many channels as the bundle expects.
    bundle
        From `load_bundle`.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:n"`` or ``"mps"``.
    precision
        ``"exact"``: labels equal to those of float32 but for ties. ``"fast"``: a quicker way
        where its labels differ in at most one in a thousand foreground voxels.
    plan
        How the network ran before, from the record of other labels of the same study: it runs so
        again, whatever `device` and `precision` say. None to find the best way.
    overlap
        From 0 to below 1: the part of a window that its neighbour also covers.
    region
        Three ``(start, stop)`` in voxel indices, half open, clipped to the scan: the network
        sees only this box, and voxels outside it come back 0. ``"auto"``: the boxes that the
        bundle's locator finds, with the labels of each under its name (``"left anterior"``).
        None for the whole scan.
    labels
        Names of the labels to keep; None for all. With ``region="auto"`` a name without its box
        stands for all boxes.
    mirror
        Axes of the prepared scan (0, 1, 2) along which the network also sees each window mirrored;
        scores are averaged, and each axis doubles the time. A notice says where the model was not
        trained on mirrored scans.
    maps
        Names of labels whose probability is wanted for each voxel, or ``"entropy"`` for that of
        all of them, in bits. With ``region="auto"`` as in `labels`, 0 outside the boxes.
    skip_air
        Whether windows that hold one value throughout go through the network only once for each
        value (of large scores, above 64 MiB together, the last value), and those of noisy air
        beyond the body once for all; the labels of the body are the same.
    spare_bytes
        Memory of the computer that others are about to take, such as the next scan of a cohort:
        the run is refused where it would need that, too.
    on_progress
        Told 0 once the scan is prepared and before each way to run it that is tried, then the fraction done after each window, up to 1; what
        it raises stops the run there.
    on_window
        Told the labels of each finished window, before the windows are blended.
    on_map
        Told each of `maps` by its name, on the scan's grid, before the labels are returned.

    Returns
    -------
    LabelMap
        On the scan's grid, of type uint8 (uint16 above 255 labels), with the bundle's label table
        and the record of the run. Its notices name what is unlike the training.

    Raises
    ------
    TypeError
        If `scan` is no `Scan`, or `bundle` no `Bundle`.
    ValueError
        If the scan's channels or dimension do not fit the bundle, the region holds no voxel, a
        label or a map is unknown, the overlap or an axis is out of range, the device is not
        there, the network, the preparing or the post-processing of the bundle raises an error,
        its scores are no numbers, or the voxels are complex ones.
    FieldOfViewTooLarge, NothingFound
        Kinds of ``ValueError``: without a region the scan is far larger than those of the
        training; with ``region="auto"`` it does not show what the model knows.
    MemoryError
        If the run needs more memory than there is, with the figures.

    Examples
    --------
    >>> from napari_seg import load_bundle, read_scan, segment
    >>> from napari_seg.imaging.files import sample_data_folder
    >>> scan = read_scan(sample_data_folder() / "hippocampus_left.nii.gz")
    >>> segment(scan, load_bundle()).table.names
    {1: 'anterior', 2: 'posterior'}
    """
    from napari_seg.segmentation.execution import choose_device

    start = perf_counter()
    check_kinds(scan, bundle, plan)
    settings = replace(
        settings_of(bundle),
        device=device,
        precision=precision,
        overlap=as_overlap(overlap),
        region=as_region(region),
        labels=None if labels is None else _names(labels),
        mirror=tuple(mirror),
        maps=_names(maps),
        skip_air=skip_air,
    )
    check_run(scan, bundle, settings)
    if settings.finds_place:
        from napari_seg.segmentation.locating.segmenting import segment_found

        each = partial(segment, bundle=bundle, spare_bytes=spare_bytes)
        find = partial(segment_found, on_progress=on_progress, on_window=on_window, on_map=on_map)
        return find(scan, bundle, each, settings, plan=plan)
    box = _box_of(scan, settings.box, bundle)
    drawing, plan = _draw_box(
        scan,
        bundle,
        plan or (choose_device(device), precision),
        box,
        settings,
        spare_bytes,
        on_progress or ignore_progress,
        on_window,
    )
    _hand_on(drawing, box, scan.geometry, on_map)
    array = _on_grid(drawing.labels, box, scan.geometry.shape)
    table = _kept(drawing.table, settings.labels)
    if labels is not None:
        array[~np.isin(array, list(table.names))] = 0
    record = _record(scan, bundle, plan, settings, drawing, perf_counter() - start)
    return LabelMap(array, scan.geometry, table, notices=drawing.notices, record=record)


def _names(names: Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _kept(table: LabelTable, labels: Sequence[str] | None) -> LabelTable:
    if labels is None:
        return table
    return table.keep([table.value_of(name) for name in labels])


def _box_of(scan: Scan, region: Region | None, bundle: Bundle) -> Region:
    if region is None:
        require_field_of_view(scan, bundle.description)
        i, j, k = scan.geometry.shape
        region = ((0, i), (0, j), (0, k))
    return clip_region(region, scan.geometry.shape)


def _record(
    scan: Scan,
    bundle: Bundle,
    plan: Plan,
    settings: RunSettings,
    drawing: Drawing,
    seconds: float,
) -> Record:
    settings = replace(settings, precision=plan.precision)
    return make_record(
        scan,
        replace(bundle, table=drawing.table),
        device=plan.device,
        plan=plan.as_dict(),
        options=settings.as_options(),
        notices=drawing.notices,
        windows=drawing.windows,
        seconds=seconds,
        command=settings.command("SCAN", "LABELS"),
    )


def _sliding(bundle: Bundle, settings: RunSettings, plan: Plan, on_progress: OnProgress) -> Sliding:
    import torch

    from napari_seg.segmentation.execution import Way
    from napari_seg.segmentation.slabs.drawing import Sliding
    from napari_seg.segmentation.slabs.window_scores import Fallback

    return Sliding(
        network=bundle.runner.run(plan),
        device=torch.device(plan.device),
        overlap=settings.overlap,
        skip_air=settings.skip_air,
        mirror=settings.mirror,
        maps=settings.maps,
        on_progress=on_progress,
        fallback=Fallback(
            partial(bundle.runner.run, replace(plan, device="cpu", way=Way("torch")))
        ),
    )


def _draw_box(
    scan: Scan,
    bundle: Bundle,
    plan: Plan | tuple[str, Precision],
    box: Region,
    settings: RunSettings,
    spare_bytes: int,
    on_progress: OnProgress,
    on_window: OnWindow | None,
) -> tuple[Drawing, Plan]:
    import torch

    from napari_seg.segmentation.preparing.prepared_scan import prepare_scan
    from napari_seg.segmentation.preview import Preview
    from napari_seg.segmentation.slabs.drawing import draw_labels
    from napari_seg.segmentation.windows import window_of

    crop = scan.crop(box)
    with torch.inference_mode():
        prepared = prepare_scan(crop, bundle, maps=len(settings.maps), spare_bytes=spare_bytes)
        to_crop = np.linalg.inv(network_affine(crop, bundle)) @ prepared.trace.affine
        preview = on_window and Preview(on_window, to_crop, box, prepared.shape, scan.geometry)
        changes: tuple[Notice, ...] = ()
        if not isinstance(plan, tuple):
            plan, changes = bundle.runner.as_run_here(plan)
        else:
            device, precision = plan
            plan = bundle.runner.plan(
                prepared.voxels,
                window_of(bundle.inferer),
                device=device,
                precision=precision,
                on_way=partial(on_progress, 0.0),
                on_scores=preview,
            )
        sliding = _sliding(bundle, settings, plan, on_progress)
        on_progress(0.0)
        body = partial(find_body, crop.array, to_crop)
        sliding = replace(sliding, on_window=preview, spare_bytes=spare_bytes, find_body=body)
        drawing = draw_labels(prepared, bundle, sliding)
    if drawing.labels.shape != crop.geometry.shape:
        raise ValueError(
            f"the bundle {bundle.name!r} must give one label per voxel of shape "
            f"{crop.geometry.shape}, its postprocessing gave {drawing.labels.shape}"
        )
    models = notice_models(crop, bundle, mirror=settings.mirror)
    return replace(drawing, notices=(*models, *changes, *drawing.notices)), plan


def _hand_on(
    drawing: Drawing,
    box: Region,
    geometry: Geometry,
    on_map: Callable[[str, Scan], None] | None,
) -> None:
    for name, values in drawing.maps.items():
        if on_map is not None:
            on_map(name, Scan(_on_grid(values, box, geometry.shape), geometry))


def _on_grid(labels: NDArray[Any], box: Region, shape: tuple[int, int, int]) -> NDArray[Any]:
    if labels.shape == shape:
        return labels
    array = np.zeros(shape, labels.dtype)
    array[tuple(slice(first, last) for first, last in box)] = labels
    return array
