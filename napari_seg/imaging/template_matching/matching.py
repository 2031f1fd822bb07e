"""Lay a template over a scan, and say how well it fits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_seg.imaging.progress import OnProgress, ignore_progress, share_of
from napari_seg.imaging.template_matching.agreement import local_correlation
from napari_seg.imaging.template_matching.coarse_search import find_starts
from napari_seg.imaging.template_matching.refinement import COARSE, FINE, Refinement
from napari_seg.imaging.template_matching.upright_volume import UprightVolume, upright

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_seg.imaging.scan import Scan

_SEARCH_MM, _FIT_MM = 8.0, 3.0
_STARTS, _FINALISTS = 5, 2
_SEARCHED, _FITTED = 0.3, 0.8
_RIM_MM = 5.0
# Of an evened out scan, below it is air; so much of it is left around the body.
_AIR, _AROUND_MM = 0.15, 40.0
_VERY_LARGE_MM = 400.0
# ITK's filters need as many voxels along each axis.
_LEAST_VOXELS = 4


@dataclass(frozen=True, eq=False)
class Match:
    """Where a template lies in a scan.

    Attributes
    ----------
    affine
        ``(4, 4)``, from the template's RAS+ millimetres to the scan's.
    score
        Mean local correlation of the two, from -1 to 1.
    """

    affine: NDArray[np.float64]
    score: float

    def to_scan(self, mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Move places ``(..., 3)`` of the template into the scan."""
        moved: NDArray[np.float64] = mm @ self.affine[:3, :3].T + self.affine[:3, 3]
        return moved


class Template:
    """A scan of one thing, cut out: its voxels are 0 all around.

    Parameters
    ----------
    scan
        Of one channel.
    """

    def __init__(self, scan: Scan) -> None:
        self._scan = scan

    @cached_property
    def _fine(self) -> UprightVolume:
        return upright(self._scan.array, self._scan.geometry, spacing_mm=_FIT_MM).flattened()

    @cached_property
    def _coarse(self) -> UprightVolume:
        return upright(self._scan.array, self._scan.geometry, spacing_mm=_SEARCH_MM).flattened()

    def match(self, scan: Scan, *, on_progress: OnProgress | None = None) -> Match:
        """Lay the template over a scan: search everywhere, then fit the likeliest places.

        Parameters
        ----------
        scan
            Of one channel, with any axes, spacing and field of view.
        on_progress
            Told fractions from 0 to 1; what it raises stops the search within about 0.1 s.
        """
        report = on_progress or ignore_progress
        report(0.0)
        coarse = upright(scan.array, scan.geometry, spacing_mm=_SEARCH_MM).flattened()
        fine = upright(scan.array, scan.geometry, spacing_mm=_FIT_MM).flattened()
        if not fine.array.any() or min(fine.array.shape) < _LEAST_VOXELS:
            report(1.0)
            return Match(np.eye(4), 0.0)
        coarse, fine = _without_air(coarse, fine)
        starts = find_starts(
            self._coarse,
            _with_rim(_filled(self._coarse)),
            coarse,
            count=_STARTS,
            on_progress=share_of(report, 0.0, _SEARCHED),
        )
        mask = _filled(self._fine)
        rim = _with_rim(mask, _RIM_MM / _FIT_MM)
        places = [start.affine for start in starts]
        stages = ((COARSE, _STARTS, (_SEARCHED, _FITTED)), (FINE, _FINALISTS, (_FITTED, 1.0)))
        matches: list[Match] = []
        for effort, count, (first, last) in stages:
            refinement = Refinement(self._fine, rim, fine, effort)
            chosen = places[:count]
            steps = np.linspace(first, last, len(chosen) + 1)
            matches = []
            for place, begin, end in zip(chosen, steps[:-1], steps[1:], strict=True):
                affine = refinement.run(place, on_progress=share_of(report, begin, end))
                score = local_correlation(self._fine, mask, fine, affine)
                matches.append(Match(affine, score))
            matches.sort(key=_badness)
            places = [match.affine for match in matches]
        report(1.0)
        return matches[0]


def _badness(match: Match) -> float:
    return -match.score


def _without_air(coarse: UprightVolume, fine: UprightVolume) -> tuple[UprightVolume, UprightVolume]:
    """Cut a very large field of view down to what is not air in it: the search takes less time."""
    bright = np.argwhere(ndimage.binary_opening(coarse.array > _AIR))
    if max(coarse.array.shape) * coarse.spacing_mm <= _VERY_LARGE_MM or not bright.size:
        return coarse, fine
    first, last = coarse.to_mm(bright.min(axis=0)), coarse.to_mm(bright.max(axis=0))
    cut, finely_cut = (one.within(first - _AROUND_MM, last + _AROUND_MM) for one in (coarse, fine))
    return cut, finely_cut


def _filled(volume: UprightVolume) -> NDArray[np.bool_]:
    opened = ndimage.binary_opening(volume.array > 0.15)
    filled: NDArray[np.bool_] = ndimage.binary_fill_holes(opened)
    return filled


def _with_rim(mask: NDArray[np.bool_], voxels: float = 1.0) -> NDArray[np.bool_]:
    # The dark rim of a brain tells where it ends.
    near: NDArray[np.bool_] = ndimage.distance_transform_edt(~mask) <= voxels
    return near
