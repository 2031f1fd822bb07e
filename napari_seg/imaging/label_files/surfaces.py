"""Surfaces of structures as STL files, for 3D printing and for programs that show meshes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_files.mask_folder import write_folder_record
from napari_seg.imaging.label_files.structure_files import (
    file_names,
    require_replaceable,
    write_folder_table,
)
from napari_seg.imaging.label_files.voxel_checks import region_of
from napari_seg.imaging.measures import count_voxels
from napari_seg.imaging.saving import replace_folder
from napari_seg.imaging.scan import LabelMap, Notice

# 3D Slicer looks for the space here, and takes the file for LPS without it. A header may not
# begin with "solid", which is how a text STL begins.
_HEADER = b"napari-seg SPACE=RAS UNIT=mm"
_HEADER_BYTES = 80
_TRIANGLE = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def write_surfaces(labels: LabelMap, folder: str | Path) -> tuple[Notice, ...]:
    """Write the surface of each structure as a binary STL file called after it, and a table.

    Coordinates are RAS+ millimetres, which the header says (``SPACE=RAS``; 3D Slicer heeds it).
    Surfaces are closed, also where a structure is cut off by the border of the grid, and their
    triangles are counter-clockwise seen from outside.

    Parameters
    ----------
    labels
        A label without voxels gets no file.
    folder
        Written whole or not at all. One that holds anything but such surfaces is not replaced.

    Returns
    -------
    tuple of Notice
        Which labels have no voxels and so no surface.

    Raises
    ------
    FileNotFoundError
        If the folder that it lies in does not exist.
    FileExistsError
        If the folder holds other things.
    ValueError
        If no label has a voxel.
    OSError
        If the disk is full or the folder may not be written to. Nothing is changed then.
    """
    folder = Path(folder)
    require_replaceable(folder)
    counts = count_voxels(labels.array)
    if not counts:
        raise ValueError(f"'{folder.name}' cannot be saved: no label has a voxel")
    table = labels.table.completed(counts)
    drawn = table.keep(counts)
    names = file_names(drawn, ".stl")

    def write(partial: Path) -> None:
        write_folder_table(partial, drawn, names)
        write_folder_record(partial, labels.record)
        for value, name in names.items():
            write_stl(surface(labels.array == value, labels.geometry), partial / name)

    replace_folder(folder, write)
    absent = [label.name for label in table if label.value not in counts]
    if not absent:
        return ()
    message = f"no voxel, and so no surface: {', '.join(absent)}"
    return (Notice("no-surface", message, {"labels": len(absent)}),)


def surface(mask: NDArray[np.bool_], geometry: Geometry) -> NDArray[np.float64]:
    """Return the closed surface around a mask by marching cubes.

    Parameters
    ----------
    mask
        ``(i, j, k)``, true somewhere.
    geometry
        Its grid, mirrored or not.

    Returns
    -------
    NDArray
        Triangles ``(n, 3, 3)``: three corners each in RAS+ mm, counter-clockwise from outside.
    """
    from skimage.measure import marching_cubes

    region = region_of(mask)
    if region is None:
        raise ValueError("a mask without a voxel has no surface")
    part = mask[tuple(slice(start, stop) for start, stop in region)]
    # Padded, so that it closes at the border of the grid.
    padded = np.pad(part, 1).astype(np.float32)
    corners, faces, *_ = marching_cubes(padded, 0.5)  # type: ignore[no-untyped-call]
    first = [start - 1 for start, _ in region]
    triangles: NDArray[np.float64] = geometry.to_mm(corners + first)[faces]
    return triangles if _signed_volume(triangles) > 0 else triangles[:, ::-1]


def write_stl(triangles: NDArray[np.float64], path: Path) -> None:
    """Write triangles ``(n, 3, 3)`` in mm as a binary STL file."""
    rows = np.zeros(len(triangles), _TRIANGLE)
    rows["corners"] = triangles
    across = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    length = np.linalg.norm(across, axis=1, keepdims=True)
    rows["normal"] = np.divide(across, length, out=np.zeros_like(across), where=length > 0)
    count = np.array(len(rows), "<u4")
    path.write_bytes(_HEADER.ljust(_HEADER_BYTES) + count.tobytes() + rows.tobytes())


def _signed_volume(triangles: NDArray[Any]) -> float:
    # From near the surface, where the products stay small.
    one, two, three = np.moveaxis(triangles - triangles[0, 0], 1, 0)
    return float((one * np.cross(two, three)).sum()) / 6
