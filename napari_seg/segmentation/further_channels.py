"""Say in named warnings where a further channel of a scan is none that a model can use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_seg.imaging.scan import Notice
from napari_seg.segmentation.fingerprint import figures_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_seg.imaging.scan import Scan
    from napari_seg.segmentation.bundle_description import BundleDescription
    from napari_seg.segmentation.fingerprint import Figures

# Air in Hounsfield units is no darker; a phase image or a difference may be.
_DARKEST_AIR_HU = -1100
# In the name of a channel that may be in Hounsfield units, or far below 0 without being so.
_FAR_BELOW_ZERO = ("ct", "hounsfield", "hu", "phase", "difference", "image")


def figures_of_channels(scan: Scan, *, voxels_only: bool = False) -> tuple[Figures | None, ...]:
    """Measure the channels of a scan after the first; None stands for one without any contrast.

    `voxels_only` is as in `notice_channels`; likeness, which takes most of the time, is left out.
    """
    count = scan.array.shape[3] if scan.array.ndim == 4 else 1
    return tuple(
        None
        if _is_empty(scan, channel)
        else figures_of(scan, channel=channel, with_likeness=not voxels_only)
        for channel in range(1, count)
    )


def notice_channels(
    scan: Scan,
    description: BundleDescription,
    *,
    figures: Sequence[Figures | None] | None = None,
    voxels_only: bool = False,
) -> tuple[Notice, ...]:
    """Look at the channels of a scan after the first, which a fingerprint does not speak of.

    Parameters
    ----------
    scan
        The whole scan, or the box of it that the network gets.
    description
        Of the bundle; one without a fingerprint gives no notices.
    figures
        Of the channels, where they are known.
    voxels_only
        Look only for what a box of the scan would not show: the unit.

    Returns
    -------
    tuple of Notice
        One for each channel that is empty, in Hounsfield units where the model knows MR, or noise.
    """
    if description.fingerprint is None:
        return ()
    if figures is None:
        figures = figures_of_channels(scan, voxels_only=voxels_only)
    found = [
        _look_at(number, one, description, voxels_only)
        for number, one in enumerate(figures[: description.in_channels - 1], start=2)
    ]
    return tuple(notice for notice in found if notice is not None)


def _look_at(
    number: int, figures: Figures | None, description: BundleDescription, voxels_only: bool
) -> Notice | None:
    names = description.channel_names
    name = names[number - 1] if len(names) == description.in_channels else ""
    which = f"channel {number} ({name})" if name else f"channel {number}"
    if figures is None:
        said = f"{which} is empty where the network looks: all its voxels there have one value, or none"
        return None if voxels_only else Notice("empty-channel", said, {"channel": number})
    low, high = figures.intensity[0], figures.intensity[-1]
    if _is_unexpected_hounsfield(figures, name, description):
        return Notice(
            "other-unit",
            f"{which} of the scan looks like CT in Hounsfield units ({low:.0f} to {high:.0f}), the "
            "model was trained on MR",
            {"channel": number, "percentile_1": low, "percentile_99": high},
        )
    # What is mostly of one value, such as a mask or a click, may be small spots.
    is_varied = figures.intensity[1] < figures.intensity[-2]
    if figures.likeness is None or not figures.looks_like_noise or not is_varied:
        return None
    return Notice(
        "noise",
        f"{which} shows nothing but noise where the network looks: neighbouring voxels are no more "
        f"alike than distant ones (correlation {figures.likeness:.2f})",
        {"channel": number, "correlation": figures.likeness},
    )


def _is_unexpected_hounsfield(figures: Figures, name: str, description: BundleDescription) -> bool:
    """Tell whether a channel that has a name as of MR is in Hounsfield units."""
    known, words = description.fingerprint, name.casefold()
    if known is None or known.modality != "MR" or known.is_hounsfield or not words:
        return False
    if any(word in words for word in _FAR_BELOW_ZERO):
        return False
    return figures.looks_like_hounsfield and figures.intensity[0] >= _DARKEST_AIR_HU


def _is_empty(scan: Scan, channel: int) -> bool:
    voxels = scan.array[..., channel]
    # These pass over NaN, and make no copy of a large scan.
    low, high = np.fmin.reduce(voxels, axis=None), np.fmax.reduce(voxels, axis=None)
    return bool(low == high or np.isnan(low))
