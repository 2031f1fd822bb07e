"""Say in named warnings where a scan is unlike what a model was trained on."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from napari_seg.imaging.scan import Notice
from napari_seg.segmentation.fingerprint import PERCENTILES, field_of_view_mm, figures_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_seg.imaging.geometry import Geometry
    from napari_seg.imaging.scan import Scan
    from napari_seg.segmentation.bundle_description import BundleDescription
    from napari_seg.segmentation.fingerprint import Figures, Fingerprint

# How far beyond the training's figures a scan may go before it is said.
_COARSER, _FINER = 1.5, 1 / 3
_LARGER, _SMALLER = 1.5, 0.6
# On the average of the axes.
_FAR_LARGER = 2.0
_MORE_TILT_DEGREES = 25.0
_LESS_CONTRAST = 0.5
# Of the larger of the darkest and the brightest: what is left is no more than rounding.
_ROUNDING = 1e-5
# Scans brought to mean 0 and deviation 1 lie within some units of 0; fat in HU lies far below.
_BELOW_ZERO = -10.0
# Of the training's range; and so many deviations or HU more, for the darkest and brightest differ
# between any two scanners.
_WIDER = 0.5
_ANYWAY = (0.9, 0.4, 0.4, 0.4, 0.4, 0.4, 0.9)
_ANYWAY_HU = (200.0, 100.0, 50.0, 50.0, 50.0, 100.0, 200.0)
# So much more may the brightest lie from the mean than the darkest, in deviations.
_LOPSIDED = 0.9
_OF_ANOTHER_KIND = {"other-modality", "other-unit", "flat-scan", "noise"}
_AXES = ("left to right", "back to front", "bottom to top")


class FieldOfViewTooLarge(ValueError):
    """A model would be slid over far more of the body than it knows."""


def require_field_of_view(scan: Scan, description: BundleDescription) -> None:
    """Refuse to slide a model over a scan far larger than those that it was trained on.

    A model whose metadata states no field of view is never refused.

    Raises
    ------
    FieldOfViewTooLarge
        With the ways out.
    """
    reason = why_too_large(scan.geometry, description, is_picture=scan.source.format == "picture")
    if reason:
        raise FieldOfViewTooLarge(reason)


def why_too_large(
    geometry: Geometry,
    description: BundleDescription,
    *,
    is_picture: bool = False,
    find: str = "let it find the place itself (region 'auto')",
    box: str = "give a box around what to segment",
) -> str:
    """Say why a model must not be slid over a whole scan; empty if it may.

    `find` names the way out of a model that has a locator, `box` that of any.
    """
    known = description.fingerprint
    # A plain picture has no millimetres.
    if known is None or is_picture:
        return ""
    most, size = known.field_of_view_mm.most, field_of_view_mm(geometry)
    ratios = [size[axis] / most[axis] for axis in range(description.spatial_dims)]
    if prod(ratios) <= _FAR_LARGER ** len(ratios):
        return ""
    way = f"{find} or " if description.locator else ""
    return (
        f"{description.name} knows scans of up to {_mm(most)}, this one is {_mm(size)}: {way}{box}"
    )


def is_as_small(geometry: Geometry, description: BundleDescription) -> bool:
    """Tell whether a grid is about as small as the training's scans, along each axis."""
    known = description.fingerprint
    if known is None:
        return False
    pairs = zip(field_of_view_mm(geometry), known.field_of_view_mm.most, strict=True)
    return all(size <= _LARGER * most for size, most in pairs)


def notice_differences(
    scan: Scan,
    description: BundleDescription,
    *,
    figures: Figures | None = None,
    voxels_only: bool = False,
) -> tuple[Notice, ...]:
    """Compare what a network is about to see with what it was trained on.

    Parameters
    ----------
    scan
        The whole scan, or the box of it that the network gets.
    description
        Of the bundle; one without a fingerprint gives no notices, and a 2D one has no opinion on
        slices.
    figures
        Of the scan, where they are known: a large one takes a while to measure.
    voxels_only
        Compare only what a box of the scan, cut along other axes, would not show: modality, unit
        and size of the voxels.

    Returns
    -------
    tuple of Notice
        One for each difference, with its figures; empty for a scan like the training's.
    """
    known = description.fingerprint
    if known is None:
        return ()
    figures = figures or figures_of(scan, with_likeness=not voxels_only)
    has_mm = scan.source.format != "picture"
    checks: list[Callable[[Scan, Figures, Fingerprint, Sequence[int]], Notice | None]]
    checks = [_modality, _unit, *[_coarse, _fine] * has_mm]
    if not voxels_only:
        checks += [_contrast, _noise, *[_large, _small, _tilt] * has_mm]
    found = [check(scan, figures, known, range(description.spatial_dims)) for check in checks]
    notices = [notice for notice in found if notice is not None]
    # Of a scan of another kind or without contrast, the spread of intensities says nothing new.
    if not voxels_only and not {notice.code for notice in notices} & _OF_ANOTHER_KIND:
        spread = _intensity(figures, known)
        notices += [spread] if spread else []
    return tuple(notices)


def _modality(
    scan: Scan, _figures: Figures, known: Fingerprint, _axes: Sequence[int]
) -> Notice | None:
    modality = scan.source.modality
    if modality is None or modality == known.modality:
        return None
    return Notice(
        "other-modality",
        f"the scan is {modality}, the model was trained on {known.modality}",
        {"modality": modality, "trained_on": known.modality},
    )


def _unit(_scan: Scan, figures: Figures, known: Fingerprint, _axes: Sequence[int]) -> Notice | None:
    low, high = figures.intensity[0], figures.intensity[-1]
    if known.is_hounsfield:
        # A box of soft tissue holds no air; fat and water all lie about 0.
        is_other = low >= 0 > known.intensity.most[0]
        what, unit = "does not look like Hounsfield units", "Hounsfield units"
    else:
        is_below = low < _BELOW_ZERO and min(known.intensity.least) >= 0
        is_other = figures.looks_like_hounsfield or is_below
        what, unit = "looks like CT in Hounsfield units", "other intensities"
        if is_below and not figures.looks_like_hounsfield:
            what, unit = "goes below 0, as CT in Hounsfield units does", "none below 0"
    if not is_other:
        return None
    return Notice(
        "other-unit",
        f"the scan {what} ({low:.0f} to {high:.0f}), the model was trained on "
        f"{known.modality} with {unit}",
        {"percentile_1": low, "percentile_99": high},
    )


def _contrast(
    _scan: Scan, figures: Figures, known: Fingerprint, _axes: Sequence[int]
) -> Notice | None:
    # Where no unit is known an offset may be on all intensities.
    least = known.contrast.least[0] * _LESS_CONTRAST if known.is_hounsfield else _ROUNDING
    if figures.contrast >= least and figures.intensity[0] < figures.intensity[-1]:
        return None
    return Notice(
        "flat-scan",
        f"the scan is nearly of one brightness (contrast {figures.contrast:.2f}, the model was "
        f"trained on {known.contrast.least[0]:.2f} and more)",
        {"contrast": figures.contrast, "trained_least": known.contrast.least[0]},
    )


def _noise(
    _scan: Scan, figures: Figures, known: Fingerprint, _axes: Sequence[int]
) -> Notice | None:
    if figures.likeness is None or not figures.looks_like_noise:
        return None
    return Notice(
        "noise",
        "the scan shows nothing but noise: neighbouring voxels are no more alike than distant "
        f"ones (correlation {figures.likeness:.2f})",
        {"correlation": figures.likeness},
    )


def _coarse(
    _scan: Scan, figures: Figures, known: Fingerprint, axes: Sequence[int]
) -> Notice | None:
    over = [a for a in axes if figures.spacing_mm[a] > _COARSER * known.spacing_mm.most[a]]
    return _along(
        "coarse-voxels", "the voxels are large", over, figures.spacing_mm, known.spacing_mm.most
    )


def _fine(_scan: Scan, figures: Figures, known: Fingerprint, axes: Sequence[int]) -> Notice | None:
    over = [a for a in axes if figures.spacing_mm[a] < _FINER * known.spacing_mm.least[a]]
    return _along(
        "fine-voxels", "the voxels are small", over, figures.spacing_mm, known.spacing_mm.least
    )


def _large(_scan: Scan, figures: Figures, known: Fingerprint, axes: Sequence[int]) -> Notice | None:
    size, most = figures.field_of_view_mm, known.field_of_view_mm.most
    over = [a for a in axes if size[a] > _LARGER * most[a]]
    return _along("large-field-of-view", "the field of view is large", over, size, most)


def _small(_scan: Scan, figures: Figures, known: Fingerprint, axes: Sequence[int]) -> Notice | None:
    size, least = figures.field_of_view_mm, known.field_of_view_mm.least
    over = [a for a in axes if size[a] < _SMALLER * least[a]]
    return _along("small-field-of-view", "the field of view is small", over, size, least)


def _along(
    code: str, what: str, axes: Sequence[int], here: Sequence[float], trained: Sequence[float]
) -> Notice | None:
    if not axes:
        return None
    axis = axes[0]
    return Notice(
        code,
        f"{what}: {here[axis]:.3g} mm {_AXES[axis]}, the model was trained on "
        f"{'up to ' if here[axis] > trained[axis] else 'no less than '}{trained[axis]:.3g} mm",
        {"axis": _AXES[axis], "mm": here[axis], "trained_mm": trained[axis]},
    )


def _tilt(_scan: Scan, figures: Figures, known: Fingerprint, _axes: Sequence[int]) -> Notice | None:
    if figures.tilt_degrees <= known.tilt_degrees + _MORE_TILT_DEGREES:
        return None
    return Notice(
        "tilted-scan",
        f"the scan's axes are {figures.tilt_degrees:.0f}° from the patient's, the model was "
        f"trained on up to {known.tilt_degrees:.0f}°",
        {"degrees": figures.tilt_degrees, "trained_degrees": known.tilt_degrees},
    )


def _intensity(figures: Figures, known: Fingerprint) -> Notice | None:
    spread, here = known.standard_intensity, figures.standard_intensity
    allowed = _ANYWAY
    if known.is_hounsfield:
        spread, here, allowed = known.intensity, figures.intensity, _ANYWAY_HU
    beyond = [
        max(least - value, value - most) - _WIDER * (most - least) - more
        for value, least, most, more in zip(here, spread.least, spread.most, allowed, strict=True)
    ]
    worst = beyond.index(max(beyond))
    if beyond[worst] <= 0:
        return None if known.is_hounsfield else _lopsided(figures, known)
    unit = " HU" if known.is_hounsfield else " deviations from the mean"
    return Notice(
        "other-intensities",
        f"dark and bright are spread otherwise than in the training: {PERCENTILES[worst]} % of "
        f"the voxels lie below {here[worst]:.2f}{unit}, there it was {spread.least[worst]:.2f} to "
        f"{spread.most[worst]:.2f}",
        {
            "percentile": PERCENTILES[worst],
            "value": here[worst],
            "trained_least": spread.least[worst],
            "trained_most": spread.most[worst],
        },
    )


def _lopsided(figures: Figures, known: Fingerprint) -> Notice | None:
    """Say so where much is dark and little is bright, though each alone may be so."""
    here, most = figures.standard_intensity, known.standard_intensity.most
    excess, trained = here[0] + here[-1], most[0] + most[-1]
    if excess <= trained + _LOPSIDED:
        return None
    return Notice(
        "other-intensities",
        f"much is dark and little is bright: the brightest lie {excess:.2f} deviations farther from "
        f"the mean than the darkest, in the training {trained:.2f} at most",
        {"excess": excess, "trained_most": trained},
    )


def _mm(sizes: Sequence[float]) -> str:
    return " × ".join(f"{size:.0f}" for size in sizes) + " mm"
