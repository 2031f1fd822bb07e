"""The scene of bench/edit.py: a scan with organs, stray islands and strokes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

BODY = 6
LIVER = 1
# Middle and half axes of each organ, as shares of the scan; then its intensity in HU.
ORGANS = {
    LIVER: ((0.40, 0.42, 0.36), (0.26, 0.17, 0.20), 110),
    2: ((0.45, 0.50, 0.72), (0.14, 0.09, 0.08), 130),
    3: ((0.60, 0.62, 0.33), (0.13, 0.06, 0.06), 170),
    4: ((0.60, 0.62, 0.67), (0.13, 0.06, 0.06), 170),
    5: ((0.50, 0.57, 0.52), (0.48, 0.025, 0.025), 200),
}

Labels = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Stage:
    """A scan, its labels, strokes painted in it, and where a person points."""

    labels: Labels
    scan: NDArray[np.int16]
    spacing: tuple[float, ...]
    strokes: Labels
    organs: Labels
    every_eighth: Labels
    place: tuple[int, ...]
    polygon: list[tuple[float, float]]


def stage_of(shape: tuple[int, ...], spacing: tuple[float, ...]) -> Stage:
    """Make organs with uneven surfaces, holes, stray islands and noise."""
    generator = np.random.default_rng(0)
    labels = np.zeros(shape, np.uint8)
    scan = generator.normal(40, 12, shape).astype(np.int16)
    coarse = [max(4, count // 16) for count in shape]
    rough = ndimage.zoom(
        generator.normal(0, 0.25, coarse).astype(np.float32),
        [count / few for count, few in zip(shape, coarse, strict=True)],
        order=1,
    )
    grids = np.ogrid[tuple(slice(0, 1, complex(count)) for count in shape)]
    for label, (middle, axes, level) in ORGANS.items():
        distance = sum(
            ((grid - at) / axis) ** 2 for grid, at, axis in zip(grids, middle, axes, strict=True)
        )
        inside = distance + rough < 1
        labels[inside] = label
        scan[inside] += level - 40
    organs = labels.copy()
    for _ in range(60):
        corner = [int(generator.integers(0, count - 4)) for count in shape]
        lump = tuple(slice(start, start + 3) for start in corner)
        # Stray islands of the liver outside, holes in it.
        labels[lump] = np.where(
            labels[lump] == 0, LIVER, np.where(labels[lump] == LIVER, 0, labels[lump])
        )
    place = tuple(int(at * count) for at, count in zip(ORGANS[LIVER][0], shape, strict=True))
    labels[tuple(slice(at - 4, at + 5) for at in place)] = LIVER
    thinned = organs.copy()
    thinned[np.arange(shape[0]) % 8 != 0] = 0
    plane = [(at, half, count) for at, half, count in zip(*ORGANS[LIVER][:2], shape, strict=True)][
        1:
    ]
    (row, height, rows), (column, width, columns) = plane
    polygon = [
        (rows * (row + height * np.sin(angle)), columns * (column + 0.6 * width * np.cos(angle)))
        for angle in np.linspace(0, 2 * np.pi, 40, endpoint=False)
    ]
    return Stage(labels, scan, spacing, _strokes(labels), organs, thinned, place, polygon)


def _strokes(labels: Labels) -> Labels:
    strokes = np.zeros_like(labels)
    core = ndimage.distance_transform_cdt(labels[::8, ::4, ::4] != 0)
    for label in ORGANS:
        inside = np.where(labels[::8, ::4, ::4] == label, core, 0)
        for plane in np.argsort(inside.max(axis=(1, 2)))[-5:]:
            row, column = np.unravel_index(int(inside[plane].argmax()), inside[plane].shape)
            strokes[plane * 8, row * 4 - 1 : row * 4 + 2, column * 4 - 1 : column * 4 + 2] = label
    for plane in range(0, labels.shape[0], labels.shape[0] // 6):
        strokes[plane, 2:4, 2:-2] = strokes[plane, -4:-2, 2:-2] = BODY
        strokes[plane, 2:-2, 2:4] = strokes[plane, 2:-2, -4:-2] = BODY
    return strokes
