"""Say what a scan or a choice is to each of the models that take part in a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_seg.segmentation.fingerprint import figures_of
from napari_seg.segmentation.further_channels import figures_of_channels, notice_channels
from napari_seg.segmentation.merged_notices import merge_notices
from napari_seg.segmentation.mirror_axes import notice_mirroring
from napari_seg.segmentation.model_names import model_names
from napari_seg.segmentation.models_alike import notice_channel_names
from napari_seg.segmentation.windows import window_of
from napari_seg.segmentation.wrong_scan import notice_differences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_seg.imaging.scan import Notice, Scan
    from napari_seg.segmentation.bundle import Bundle


def notice_models(
    scan: Scan, bundle: Bundle, *, mirror: Sequence[int] = (), voxels_only: bool = False
) -> tuple[Notice, ...]:
    """Compare a scan and the mirroring with what each model of a bundle was trained on.

    Parameters
    ----------
    scan
        The whole scan, or the box of it that the network gets.
    bundle
        One model, or several as one.
    mirror
        Axes of the prepared scan along which windows are mirrored.
    voxels_only
        As in `notice_differences`.

    Returns
    -------
    tuple of Notice
        What only some of several models would say names them by their folders.
    """
    models = (bundle.description, *(bundle.ensemble.descriptions if bundle.ensemble else ()))
    flat_axis, figures, further = window_of(bundle.inferer).flat_axis, None, None
    if any(one.fingerprint for one in models):
        figures = figures_of(scan, with_likeness=not voxels_only)
        further = figures_of_channels(scan, voxels_only=voxels_only)
    said = [
        (
            name,
            (
                *notice_differences(scan, one, figures=figures, voxels_only=voxels_only),
                *notice_channels(scan, one, figures=further, voxels_only=voxels_only),
                *notice_mirroring(mirror, one, flat_axis),
                *notice_channel_names(models[0], one),
            ),
        )
        for name, one in zip(model_names(models), models, strict=True)
    ]
    return merge_notices(said, "model")
