"""Heads turned, moved, scaled, cut, unevenly lit and stored otherwise; and what is no head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from napari_seg import Geometry, Scan, read_scan
from napari_seg.imaging.files import sample_data_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CUTS = {
    "top cut off": ((0, 0, 0), (1, 1, 0.7)),
    "bottom cut off": ((0, 0, 0.15), (1, 1, 1)),
    "a slab": ((0, 0, 0.18), (1, 1, 0.63)),
    "front cut off": ((0, 0, 0), (1, 0.7, 1)),
    "back cut off": ((0, 0.3, 0), (1, 1, 1)),
    "left half": ((0, 0, 0), (0.55, 1, 1)),
    "right half": ((0.45, 0, 0), (1, 1, 1)),
    "the middle": ((0.15, 0.15, 0.1), (0.85, 0.85, 0.8)),
}


@dataclass(frozen=True, eq=False)
class Altered:
    """A scan, how it was altered, and where its millimetres went."""

    name: str
    scan: Scan
    change: np.ndarray


def altered(scan: Scan, *, seed: int, mixed: int) -> Iterator[Altered]:
    """Alter a scan in each single way, and in `mixed` ways at once."""
    nothing = np.eye(4)
    yield Altered("as it is", scan, nothing)
    for axis in range(3):
        for degrees in (-20, 20):
            angles = [degrees if axis == other else 0 for other in range(3)]
            yield Altered(f"turned {angles}", *moved(scan, angles))
    for scale in (0.9, 1.1):
        yield Altered(f"scaled {scale}", *moved(scan, scale=(scale,) * 3))
    yield Altered("shifted 60, -80, 100 mm", *shifted(scan, (60, -80, 100)))
    for name, (first, last) in _CUTS.items():
        yield Altered(name, cut(scan, first, last), nothing)
    for strength in (0.5, 0.8):
        yield Altered(f"lit unevenly, {strength}", lit(scan, strength, seed=3), nothing)
    for codes in ("LPS", "PIR", "ASL"):
        yield Altered(f"stored {codes}", stored(scan, codes), nothing)
    random = np.random.default_rng(seed)
    for number in range(mixed):
        turn = random.normal(size=3)
        turn *= random.uniform(5, 20) / np.linalg.norm(turn)
        shift, scale = random.uniform(-30, 30, 3), random.uniform(0.9, 1.1, 3)
        other, change = moved(scan, turn, scale, shift)
        other = lit(other, random.uniform(0, 0.8), seed=number)
        if number % 2:
            other = cut(other, random.uniform(0, 0.1, 3), random.uniform(0.85, 1, 3))
        yield Altered(f"mixed {number}", other, change)


def no_heads(data: Path) -> Iterator[tuple[str, Scan]]:
    """Give scans that show no whole head, and things that are no scans."""
    for path in (*sorted((data / "ct").glob("torso_ct*[tg].nii.gz")), data / "ct_dicom"):
        if "labels" not in path.name:
            yield path.name, read_scan(path)
    for path in sorted((data / "hippocampus" / "imagesTr").glob("*.nii.gz"))[:6]:
        yield path.name, read_scan(path)
    yield "a sample crop", read_scan(sample_data_folder() / "hippocampus_left.nii.gz")
    affine = np.diag([1.0, 1.0, 1.0, 1.0])
    for name, array in _made_by_hand().items():
        yield name, Scan(array, Geometry(array.shape, affine))
    head = read_scan(data / "head" / "t1_head.nii.gz")
    yield "the head's negative", head.with_array(255 - head.array)
    yield "the head upside down", head.with_array(head.array[:, :, ::-1])
    yield "the head back to front", head.with_array(head.array[:, ::-1])
    yield "the top of the head", cut(head, (0, 0, 0.62), (1, 1, 1))
    yield "the neck", cut(head, (0, 0, 0), (1, 1, 0.25))
    blocks = head.array.reshape(4, 47, 8, 32, 5, 38)[::-1, :, ::-1, :, ::-1]
    yield "the head in shuffled blocks", head.with_array(blocks.reshape(head.array.shape))


def moved(
    scan: Scan, angles: object = (0, 0, 0), scale: object = (1, 1, 1), shift: object = (0, 0, 0)
) -> tuple[Scan, np.ndarray]:
    """Turn, scale and shift what a scan shows, on a grid 15 voxels wider all around."""
    geometry, wider = scan.geometry, 15
    middle = geometry.to_mm((np.array(geometry.shape) - 1) / 2)
    change = np.eye(4)
    turn = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    change[:3, :3] = turn @ np.diag(scale)
    change[:3, 3] = middle + shift - change[:3, :3] @ middle
    affine = geometry.affine.copy()
    affine[:3, 3] = geometry.to_mm([-wider] * 3)
    shape = tuple(length + 2 * wider for length in geometry.shape)
    back = np.linalg.inv(geometry.affine) @ np.linalg.inv(change) @ affine
    array = ndimage.affine_transform(
        scan.array.astype(np.float32), back[:3, :3], back[:3, 3], shape, order=1
    )
    return Scan(array, Geometry(shape, affine)), change


def shifted(scan: Scan, mm: tuple[float, float, float]) -> tuple[Scan, np.ndarray]:
    """Move a scan's origin."""
    change = np.eye(4)
    change[:3, 3] = mm
    return Scan(scan.array, Geometry(scan.geometry.shape, change @ scan.geometry.affine)), change


def cut(scan: Scan, first: object, last: object) -> Scan:
    """Keep the part between two corners, given as shares of the scan."""
    shape = np.array(scan.geometry.shape)
    starts, stops = (shape * first).astype(int), (shape * last).astype(int)
    return scan.crop(tuple(zip(starts.tolist(), stops.tolist(), strict=True)))


def lit(scan: Scan, strength: float, *, seed: int) -> Scan:
    """Brighten one side and the outside, by a factor of up to about ``exp(2 * strength)``."""
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, n) for n in scan.array.shape], indexing="ij"))
    way = np.random.default_rng(seed).normal(size=3)
    field = np.tensordot(way / np.linalg.norm(way), grid, 1) + 0.5 * (grid**2).sum(axis=0) - 0.5
    return scan.with_array((scan.array * np.exp(strength * field)).astype(np.float32))


def stored(scan: Scan, codes: str) -> Scan:
    """Store the same voxels along other axes."""
    image = nib.Nifti1Image(scan.array, scan.geometry.affine)
    turn = nib.orientations.ornt_transform(
        nib.io_orientation(image.affine), nib.orientations.axcodes2ornt(codes)
    )
    turned = image.as_reoriented(turn)
    return Scan(np.asarray(turned.dataobj), Geometry(turned.shape, turned.affine))


def _made_by_hand() -> dict[str, np.ndarray]:
    shape = (180, 210, 180)
    grid = np.indices(shape, np.float32) - (np.array(shape) / 2).reshape(3, 1, 1, 1)
    random = np.random.default_rng(0)
    noise = random.normal(size=shape).astype(np.float32)

    def within(radii: tuple[float, float, float], x: float = 0) -> np.ndarray:
        place = grid - np.array([x, 0, 0]).reshape(3, 1, 1, 1)
        return ((place / np.array(radii).reshape(3, 1, 1, 1)) ** 2).sum(axis=0) < 1

    layers = np.zeros(shape, np.float32)
    for radii, value in (
        ((78, 96, 75), 200),
        ((72, 90, 69), 20),
        ((68, 86, 65), 110),
        ((55, 72, 50), 160),
    ):
        layers[within(radii)] = value
    for side in (-12, 12):
        layers[within((8, 30, 12), side)] = 20
    box = np.zeros(shape, np.float32)
    box[40:140, 40:170, 40:140] = 100
    return {
        "empty": np.zeros(shape, np.float32),
        "one brightness": np.full(shape, 5, np.float32),
        "noise": noise,
        "smooth noise, 3 mm": ndimage.gaussian_filter(noise, 3),
        "smooth noise, 8 mm": ndimage.gaussian_filter(noise, 8),
        "an ellipsoid": within((70, 88, 65)).astype(np.float32) * 100,
        "a ball": within((70, 70, 70)).astype(np.float32) * 100,
        "a box": box,
        "a head of ellipsoids": layers,
        "a head of ellipsoids, noisy": layers + 8 * noise,
    }
