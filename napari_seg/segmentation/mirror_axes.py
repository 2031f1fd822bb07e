"""The axes along which a network may see a scan mirrored: those that it was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_seg.imaging.scan import Notice
from napari_seg.segmentation.model_names import model_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_seg.segmentation.bundle_description import BundleDescription

ALL_AXES = (0, 1, 2)


def read_mirror_axes(metadata: Mapping[str, Any]) -> tuple[int, ...] | None:
    """Read ``mirror_axes`` in a bundle's metadata; None where there is none.

    Raises
    ------
    ValueError
        If they are other than some of 0, 1 and 2.
    """
    said = metadata.get("mirror_axes")
    if said is None:
        return None
    if not isinstance(said, list) or any(type(axis) is not int for axis in said):
        raise ValueError(f"mirror_axes in the metadata must be a list of axes, got {said!r}")
    if not set(said) <= set(ALL_AXES):
        raise ValueError(f"mirror_axes in the metadata must be among 0, 1 and 2, got {said}")
    return tuple(sorted(set(said)))


def all_mirror_axes(models: Sequence[BundleDescription]) -> tuple[int, ...]:
    """Return all axes along which windows may be mirrored for each of the models of a run.

    Those that its metadata state; without them all that its windows have, for nothing speaks
    against it.
    """
    known = [_known_axes(model) for model in models]
    return tuple(axis for axis in ALL_AXES if all(axis in axes for axes in known))


def why_no_mirror_axes(models: Sequence[BundleDescription]) -> str:
    """Say why there is no axis to mirror the windows of some models along; empty if there is one."""
    if all_mirror_axes(models):
        return ""
    if len(models) == 1:
        return f"{models[0].name} was not trained on mirrored scans"
    said = [
        f"{name} on {' and '.join('ijk'[axis] for axis in _known_axes(model)) or 'none'}"
        for name, model in zip(model_names(models), models, strict=True)
    ]
    return f"the models were trained on no common axis of mirrored scans: {', '.join(said)}"


def _known_axes(model: BundleDescription) -> tuple[int, ...]:
    if model.mirror_axes is None:
        return tuple(axis for axis in ALL_AXES if axis != model.flat_axis)
    return model.mirror_axes


def notice_mirroring(
    axes: Sequence[int], description: BundleDescription, flat_axis: int | None = None
) -> tuple[Notice, ...]:
    """Say so where windows are mirrored along axes that a network was not trained on, or lacks.

    Parameters
    ----------
    axes
        Of the prepared scan: 0, 1 and 2.
    description
        Of the bundle.
    flat_axis
        The axis that a 2D network's windows lack.
    """
    known = ALL_AXES if description.mirror_axes is None else description.mirror_axes
    unseen = sorted(set(axes) & {flat_axis})
    unknown = sorted(set(axes) - {flat_axis} - set(known))
    notices = tuple(
        Notice(
            "mirror-without-effect",
            f"nothing was mirrored along {'ijk'[axis]}: a 2D network sees slices without that axis",
            {"axes": "ijk"[axis]},
        )
        for axis in unseen
    )
    if not unknown:
        return notices
    names = " and ".join("ijk"[axis] for axis in unknown)
    return (
        *notices,
        Notice(
            "untrained-mirror",
            f"windows were mirrored along {names} too, which the model was not trained on: its "
            "labels may be far off",
            {"axes": names},
        ),
    )
