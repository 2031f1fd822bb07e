"""What a bundle's preparing does, as far as it can be done part by part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.segmentation.preparing.intensities import Intensity, Normalize, Scale, Threshold

if TYPE_CHECKING:
    from collections.abc import Iterator


class NotByParts(Exception):
    """A preparing that needs the whole scan at once; its text says which step."""


@dataclass(frozen=True, eq=False)
class Steps:
    """A preparing that goes part by part.

    Attributes
    ----------
    orientation, spacing
        MONAI's transforms of arrays, in this order; None for a step that there is not.
    before, after
        What is done to intensities before voxels are resampled, and after it.
    """

    orientation: Any | None = None
    spacing: Any | None = None
    before: tuple[Intensity, ...] = ()
    after: tuple[Intensity, ...] = ()

    def require_channels(self, count: int) -> None:
        """Raise `NotByParts` where a scan has other channels than means or deviations are for."""
        for step in (*self.before, *self.after):
            if isinstance(step, Normalize) and step.channel_wise:
                stated = (step.means, step.deviations)
                if any(one is not None and len(one) != count for one in stated):
                    raise NotByParts("NormalizeIntensityd is for another number of channels")


def read_steps(prepare: Any) -> Steps:
    """Read a bundle's preparing.

    Parameters
    ----------
    prepare
        MONAI transforms of dictionaries.

    Raises
    ------
    NotByParts
        If a step is unknown, is not for the image alone, or they stand in another order.
    """
    from monai.transforms import (
        EnsureTyped,
        NormalizeIntensityd,
        Orientationd,
        ScaleIntensityRanged,
        Spacingd,
        ThresholdIntensityd,
    )

    orientation, spacing = None, None
    before: list[Intensity] = []
    after: list[Intensity] = []
    for step in _flat(prepare):
        kind = type(step)
        if kind is EnsureTyped and _is_idle(step):
            continue
        if tuple(getattr(step, "keys", ())) != ("image",) or getattr(step, "lazy", False):
            raise NotByParts(f"{kind.__name__} is lazy or for other keys than 'image'")
        intensities = before if spacing is None else after
        if kind is Orientationd and orientation is None and spacing is None:
            orientation = step.ornt_transform
        elif kind is Spacingd and spacing is None:
            spacing = _spacing(step)
        elif kind is ScaleIntensityRanged:
            intensities.append(_scale(step.scaler))
        elif kind is NormalizeIntensityd:
            intensities.append(_normalize(step.normalizer))
        elif kind is ThresholdIntensityd:
            found = step.filter
            intensities.append(
                Threshold(float(found.threshold), bool(found.above), float(found.cval))
            )
        else:
            raise NotByParts(f"{kind.__name__} is not done part by part")
    return Steps(orientation, spacing, tuple(before), tuple(after))


def _flat(step: Any) -> Iterator[Any]:
    from monai.transforms import Compose

    if type(step) is not Compose:
        yield step
        return
    if step.lazy or step.overrides or not step.map_items or step.unpack_items:
        raise NotByParts("Compose runs its steps in a way of its own")
    for inner in step.transforms:
        yield from _flat(inner)


def _is_idle(step: Any) -> bool:
    import torch

    plain = step.converter.data_type == "tensor" and step.converter.device is None
    return plain and all(dtype in (None, np.float32, torch.float32) for dtype in step.dtype)


def _spacing(step: Any) -> Any:
    mode = str(getattr(step.mode[0], "value", step.mode[0]))
    beyond = str(getattr(step.padding_mode[0], "value", step.padding_mode[0]))
    plain = not step.align_corners[0] and not step.scale_extent[0]
    plain = plain and not step.spacing_transform.recompute_affine
    if mode != "bilinear" or beyond != "border" or not plain or step.dtype[0] != np.float64:
        raise NotByParts("Spacingd interpolates in a way of its own")
    return step.spacing_transform


def _scale(scaler: Any) -> Scale:
    if scaler.dtype not in (None, np.float32) or scaler.a_max == scaler.a_min:
        raise NotByParts("ScaleIntensityRanged gives another kind of number")
    if scaler.clip and scaler.b_min is None and scaler.b_max is None:
        raise NotByParts("ScaleIntensityRanged clips to nothing")
    low, high = (None if end is None else float(end) for end in (scaler.b_min, scaler.b_max))
    return Scale(float(scaler.a_min), float(scaler.a_max), low, high, bool(scaler.clip))


def _normalize(normalizer: Any) -> Normalize:
    if normalizer.dtype not in (None, np.float32):
        raise NotByParts("NormalizeIntensityd gives another kind of number")
    means = _numbers(normalizer.subtrahend, per_channel=normalizer.channel_wise)
    deviations = _numbers(normalizer.divisor, per_channel=normalizer.channel_wise)
    if deviations is not None:
        deviations = tuple(one or 1.0 for one in deviations)
    return Normalize(bool(normalizer.nonzero), bool(normalizer.channel_wise), means, deviations)


def _numbers(stated: Any, *, per_channel: bool) -> tuple[float, ...] | None:
    """Read one number, or one for each channel."""
    if stated is None:
        return None
    numbers = np.asarray(stated, float)
    if numbers.ndim != int(per_channel):
        raise NotByParts("NormalizeIntensityd takes arrays")
    return tuple(float(number) for number in np.atleast_1d(numbers))
