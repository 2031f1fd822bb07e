"""Find a locator's boxes in a scan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial.transform import Rotation

from napari_seg.imaging.files import read_scan
from napari_seg.imaging.geometry import Geometry, Region
from napari_seg.imaging.template_matching.matching import Match, Template

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_seg.imaging.progress import OnProgress
    from napari_seg.imaging.scan import Scan
    from napari_seg.segmentation.locating.locator import Locator, TemplateBox

# The neighbourhoods in which template and scan are compared are as wide.
_LEAST_MM = 15.0
_LEAST_INSIDE = 0.3
_WHOLE = 0.9


class NothingFound(ValueError):
    """The scan does not show what the model's template shows; `score` says how far it does."""

    def __init__(self, message: str, score: float) -> None:
        self.score = score
        super().__init__(message)


@dataclass(frozen=True, eq=False)
class FoundBox:
    """Where one box of a locator lies in a scan.

    Attributes
    ----------
    name
        Of the template's box.
    number
        Which of the locator's boxes it is, from 0.
    geometry
        Its own voxels, along its own axes, in the scan's RAS+ millimetres.
    region
        The scan's voxels that it reaches.
    share_inside
        How much of it lies within the scan, from 0 to 1.
    """

    name: str
    number: int
    geometry: Geometry
    region: Region
    share_inside: float

    @property
    def is_cut(self) -> bool:
        """Whether the scan ends within the box."""
        return self.share_inside < _WHOLE

    def as_dict(self) -> dict[str, Any]:
        """Give plain values that JSON can hold."""
        return {
            "name": self.name,
            "region": [list(span) for span in self.region],
            "shape": list(self.geometry.shape),
            "affine": np.round(self.geometry.affine, 4).tolist(),
            "share_inside": round(self.share_inside, 3),
        }


@dataclass(frozen=True, eq=False)
class Found:
    """The boxes of a locator that lie in a scan, and the match that led to them."""

    boxes: tuple[FoundBox, ...]
    missing: tuple[str, ...]
    match: Match
    locator: Locator

    def as_dict(self) -> dict[str, Any]:
        """Give plain values that JSON can hold."""
        return {
            "template": self.locator.template.name,
            "score": round(self.match.score, 3),
            "least_score": self.locator.least_score,
            "affine": np.round(self.match.affine, 4).tolist(),
            "boxes": [box.as_dict() for box in self.boxes],
            "missing": list(self.missing),
        }


def find_boxes(scan: Scan, locator: Locator, *, on_progress: OnProgress | None = None) -> Found:
    """Lay a locator's template over a scan, and find where its boxes come to lie.

    Parameters
    ----------
    scan
        With any axes, spacing and field of view; of several channels the first counts.
    locator
        From the bundle's metadata.
    on_progress
        Told fractions from 0 to 1; what it raises stops the search within about 0.1 s.

    Raises
    ------
    NothingFound
        If the scan is too thin, does not match the template, or no box lies within it.
    FileNotFoundError
        If the bundle lacks its template.
    """
    _require_thickness(scan.geometry)
    first = scan.with_array(scan.array[..., 0]) if scan.array.ndim == 4 else scan
    match = Template(read_scan(locator.require_template())).match(first, on_progress=on_progress)
    if match.score < locator.least_score:
        raise NothingFound(
            "the scan does not look like what this model knows, so nothing was found in it "
            f"(match {match.score:.2f} of 1, at least {locator.least_score:.2f} is needed); "
            "give a box if it is the right scan all the same",
            match.score,
        )
    found = [
        _place(scan.geometry, box, number, match, locator.spacing_mm)
        for number, box in enumerate(locator.boxes)
    ]
    boxes = tuple(box for box in found if box is not None)
    known = {box.name for box in boxes}
    missing = tuple(name for name in locator.box_names if name not in known)
    if not boxes:
        raise NothingFound(
            f"what this model segments ({' and '.join(missing)}) lies outside the scan, "
            f"whose part of the body was recognised (match {match.score:.2f})",
            match.score,
        )
    return Found(boxes, missing, match, locator)


def _require_thickness(grid: Geometry) -> None:
    if 1 in grid.shape:
        raise NothingFound("a single slice is too little to find a place in; give a box", 0.0)
    thinnest = min(n * size for n, size in zip(grid.shape, grid.spacing, strict=True))
    if thinnest < _LEAST_MM:
        raise NothingFound(
            f"a scan of {thinnest:.3g} mm from side to side is too thin to find a place in "
            f"(at least {_LEAST_MM:.0f} mm are needed); give a box",
            0.0,
        )


def _place(
    grid: Geometry, box: TemplateBox, number: int, match: Match, spacing_mm: float
) -> FoundBox | None:
    own = Rotation.from_euler("xyz", box.rotation_degrees, degrees=True).as_matrix()
    axes = _without_scaling(match.affine[:3, :3] @ own)
    # A large head needs a larger box; a small one leaves more around what is sought.
    stretch = np.maximum(np.linalg.norm(match.affine[:3, :3] @ own, axis=0), 1.0)
    shape = np.round(np.asarray(box.size_mm) * stretch / spacing_mm).astype(int)
    affine = np.eye(4)
    affine[:3, :3] = axes * spacing_mm
    centre = match.to_scan(np.asarray(box.centre_mm))
    affine[:3, 3] = centre - affine[:3, :3] @ ((shape - 1) / 2)
    i, j, k = shape.tolist()
    geometry = Geometry((i, j, k), affine)
    share = _share_inside(geometry, grid)
    if share < _LEAST_INSIDE:
        return None
    return FoundBox(box.name, number, geometry, _reach(geometry, grid), share)


def _without_scaling(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    # The nearest axes at right angles to each other.
    left, _, right = np.linalg.svd(linear)
    turned: NDArray[np.float64] = left @ right
    return turned


def _share_inside(box: Geometry, grid: Geometry) -> float:
    places = grid.to_index(box.to_mm(np.moveaxis(np.indices(box.shape), 0, -1)))
    inside = (places >= -0.5) & (places <= np.asarray(grid.shape) - 0.5)
    return float(inside.all(axis=-1).mean())


def _reach(box: Geometry, grid: Geometry) -> Region:
    ends = np.array(np.meshgrid(*[(-0.5, n - 0.5) for n in box.shape])).reshape(3, -1).T
    corners = grid.to_index(box.to_mm(ends))
    first = np.maximum(np.ceil(corners.min(axis=0)), 0).astype(int).tolist()
    last = np.minimum(np.floor(corners.max(axis=0)) + 1, grid.shape).astype(int).tolist()
    i, j, k = zip(first, last, strict=True)
    return i, j, k
