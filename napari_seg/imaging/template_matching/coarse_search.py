"""Look everywhere in a scan for a template, in many poses, at some millimetres a voxel."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft
from scipy.spatial.transform import Rotation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from napari_seg.imaging.template_matching.upright_volume import UprightVolume

_PITCHES = (-18.0, 0.0, 18.0)
_ROLLS = _YAWS = (-12.0, 0.0, 12.0)
_SCALES = (0.8, 0.92, 1.06)
_LEAST_OVERLAP = 0.4
_PEAKS = 2
# Around a peak so many voxels belong to it.
_PEAK_WIDTH = 3
_APART_MM = 12.0


@dataclass(frozen=True, eq=False)
class Start:
    """A place to start from.

    Attributes
    ----------
    affine
        ``(4, 4)``, from the template's millimetres to the scan's.
    correlation
        Of template and scan there, from -1 to 1, less where the scan lacks a part.
    scale
        Its size against the template.
    """

    affine: NDArray[np.float64]
    correlation: float
    scale: float


def find_starts(
    template: UprightVolume,
    mask: NDArray[np.bool_],
    scan: UprightVolume,
    *,
    count: int,
    on_progress: Callable[[float], None],
) -> list[Start]:
    """Find the places that look most like the template.

    Every shift is tried, by Fourier transforms, in each of some tilts and sizes.

    Parameters
    ----------
    template, scan
        Of one spacing.
    mask
        What of the template counts.
    count
        How many places are wanted; there may be fewer. Each size gets its best place: a template
        that fits a skull or a body better than what it shows must not crowd out the others.
    on_progress
        Told the fraction done after each pose; what it raises stops the search.
    """
    centre = template.to_mm(np.argwhere(mask)).mean(axis=0)
    search = _Search(scan, template, mask, centre)
    poses = list(product(_SCALES, _PITCHES, _ROLLS, _YAWS))
    found: list[Start] = []
    for done, (scale, *angles) in enumerate(poses, start=1):
        linear = Rotation.from_euler("xyz", angles, degrees=True).as_matrix() * scale
        found.extend(search.peaks(linear, scale))
        on_progress(done / len(poses))
    found.sort(key=_badness)
    best = [next(start for start in found if start.scale == scale) for scale in _SCALES]
    return _apart([*best, *found], centre, count)


def _badness(start: Start) -> float:
    return -start.correlation


def _apart(found: list[Start], centre: NDArray[np.float64], count: int) -> list[Start]:
    """Keep the first of those that lead to the same place."""
    corners = centre + np.array(list(product((-60.0, 60.0), repeat=3)))
    kept: list[Start] = []
    places: list[NDArray[np.float64]] = []
    for start in found:
        place = corners @ start.affine[:3, :3].T + start.affine[:3, 3]
        if all(np.abs(place - other).max() > _APART_MM for other in places):
            kept.append(start)
            places.append(place)
        if len(kept) == count:
            break
    return kept


class _Search:
    """The scan's side of the correlations, which each pose shares."""

    def __init__(
        self,
        scan: UprightVolume,
        template: UprightVolume,
        mask: NDArray[np.bool_],
        centre: NDArray[np.float64],
    ) -> None:
        self._scan, self._template, self._centre = scan, template, centre
        self._mask = mask.astype(np.float32)
        reach = np.linalg.norm(template.to_mm(np.argwhere(mask)) - centre, axis=1).max()
        self._half = int(np.ceil(reach * max(_SCALES) / scan.spacing_mm)) + 1
        width = 2 * self._half + 1
        self._shape = [fft.next_fast_len(n + width - 1, real=True) for n in scan.array.shape]
        steps = np.arange(-self._half, self._half + 1) * scan.spacing_mm
        self._grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)
        inside = scan.inside.astype(np.float32)
        values = scan.array * inside
        self._values, self._squares = self._forward(values), self._forward(values * values)
        self._inside = self._forward(inside)

    def peaks(self, linear: NDArray[np.float64], scale: float) -> Iterator[Start]:
        """Give the best shifts of the template in one pose."""
        correlation = self._correlations(linear)
        for _ in range(_PEAKS):
            at = np.array(np.unravel_index(correlation.argmax(), correlation.shape))
            affine = np.eye(4)
            affine[:3, :3] = linear
            affine[:3, 3] = self._scan.to_mm(at) - linear @ self._centre
            yield Start(affine, float(correlation[tuple(at)]), scale)
            first = np.maximum(at - _PEAK_WIDTH, 0)
            correlation[tuple(map(slice, first, at + _PEAK_WIDTH + 1))] = -1

    def _correlations(self, linear: NDArray[np.float64]) -> NDArray[np.float32]:
        """Correlate the posed template with the scan where both have voxels, at each shift."""
        places = (self._grid.reshape(-1, 3) @ np.linalg.inv(linear).T) + self._centre
        mask = self._template.sample(self._mask, places).reshape(self._grid.shape[:3]) > 0.5
        values = self._template.sample(self._template.array, places).reshape(mask.shape) * mask
        counts, posed, posed_squares = (
            self._forward(part[::-1, ::-1, ::-1].astype(np.float32))
            for part in (mask, values, values * values)
        )
        voxels = np.maximum(self._back(self._inside * counts), 1)
        sums, squares = self._back(self._values * counts), self._back(self._squares * counts)
        own, own_squares = (
            self._back(self._inside * posed),
            self._back(self._inside * posed_squares),
        )
        shared = self._back(self._values * posed) - sums * own / voxels
        spread = np.maximum(squares - sums**2 / voxels, 0)
        spread *= np.maximum(own_squares - own**2 / voxels, 0)
        overlap = np.clip(voxels / max(int(mask.sum()), 1), 0, 1)
        counted = (overlap > _LEAST_OVERLAP) & (spread > 1e-6 * max(float(spread.max()), 1e-12))
        correlation = np.full(spread.shape, -1, np.float32)
        correlation[counted] = shared[counted] / np.sqrt(spread[counted])
        correlation[counted] *= np.sqrt(overlap[counted])
        return correlation

    def _forward(self, values: NDArray[np.float32]) -> NDArray[np.complex64]:
        transformed: NDArray[np.complex64] = fft.rfftn(values, self._shape, workers=-1)
        return transformed

    def _back(self, values: NDArray[np.complex64]) -> NDArray[np.float32]:
        whole = fft.irfftn(values, self._shape, workers=-1)
        part: NDArray[np.float32] = whole[
            tuple(slice(self._half, self._half + n) for n in self._scan.array.shape)
        ]
        return part
