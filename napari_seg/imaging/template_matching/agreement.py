"""How well a scan agrees with a template that was laid over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_seg.imaging.template_matching.upright_volume import UprightVolume

_WIDTH = 5
_LEAST_FILLED = 0.3
_LEAST_OVERLAP = 0.2


def local_correlation(
    template: UprightVolume,
    mask: NDArray[np.bool_],
    scan: UprightVolume,
    affine: NDArray[np.float64],
) -> float:
    """Correlate template and scan in small neighbourhoods, and take the mean.

    Neighbourhoods of some centimetres hold folds and ventricles, so a form that is alike only in
    its outline scores low; and a slow change of brightness matters little.

    Parameters
    ----------
    template, scan
        To compare.
    mask
        What of the template counts.
    affine
        From the template's millimetres to the scan's.

    Returns
    -------
    float
        From -1 to 1; 0 where the scan is flat, or holds less than a fifth of the template.
    """
    shape = template.array.shape
    places = template.to_mm(np.moveaxis(np.indices(shape), 0, -1).reshape(-1, 3))
    places = places @ affine[:3, :3].T + affine[:3, 3]
    inside = scan.sample(scan.inside.astype(np.float32), places).reshape(shape) > 0.5
    counted = mask & inside
    if counted.sum() < _LEAST_OVERLAP * mask.sum():
        return 0.0
    one = np.where(counted, template.array, 0).astype(np.float64)
    other = np.where(counted, scan.sample(scan.array, places).reshape(shape), 0).astype(np.float64)
    filled = _mean(counted.astype(np.float64))
    known = counted & (filled > _LEAST_FILLED)
    share = np.where(filled > 0, filled, 1)
    mean_one, mean_other = _mean(one) / share, _mean(other) / share
    together = _mean(one * other) / share - mean_one * mean_other
    spread_one = _mean(one * one) / share - mean_one**2
    spread_other = _mean(other * other) / share - mean_other**2
    least = 1e-6 * max(one.var() * other.var(), 1e-12)
    local = together / np.sqrt(np.maximum(spread_one * spread_other, least))
    return float(local[known].mean()) if known.any() else 0.0


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = ndimage.uniform_filter(values, _WIDTH, mode="constant")
    return mean
