import struct
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_seg import Geometry, LabelMap, LabelTable, read_label_table, write_surfaces

SPACING = (1.0, 1.5, 2.5)


def read_stl(path: Path) -> tuple[bytes, Any, Any]:
    """Read header, corners ``(n, 3, 3)`` and normals ``(n, 3)`` by the letter of the format."""
    raw = path.read_bytes()
    (count,) = struct.unpack_from("<I", raw, 80)
    assert len(raw) == 84 + 50 * count
    rows = np.array([struct.unpack_from("<12f", raw, 84 + 50 * row) for row in range(count)])
    return raw[:80], rows[:, 3:].reshape(-1, 3, 3), rows[:, :3]


def volume_of(corners: Any) -> float:
    return float(np.linalg.det(corners).sum()) / 6


def is_closed(corners: Any) -> bool:
    """Tell whether each edge is walked once in either direction."""
    points = {tuple(point) for point in corners.reshape(-1, 3)}
    number = {point: index for index, point in enumerate(sorted(points))}
    edges = [
        (number[tuple(triangle[one])], number[tuple(triangle[(one + 1) % 3])])
        for triangle in corners
        for one in range(3)
    ]
    return len(set(edges)) == len(edges) and {(b, a) for a, b in edges} == set(edges)


def ball(geometry: Geometry, centre_mm: Any, radius_mm: float) -> Any:
    places = geometry.to_mm(np.stack(np.indices(geometry.shape), axis=-1))
    return np.linalg.norm(places - centre_mm, axis=-1) <= radius_mm


@pytest.mark.parametrize("signs", list(product([1, -1], repeat=3)))
def test_a_ball_has_its_volume_the_right_way_out(tmp_path: Path, signs: Any) -> None:
    affine = np.diag([*np.multiply(signs, SPACING), 1.0])
    geometry = Geometry((36, 26, 18), affine)
    centre = geometry.to_mm([17, 12, 8])
    mask = ball(geometry, centre, 12)
    labels = LabelMap(mask.astype(np.uint8), geometry, LabelTable.from_names({1: "ball"}))
    assert write_surfaces(labels, tmp_path / "surfaces") == ()
    header, corners, normals = read_stl(tmp_path / "surfaces" / "ball.stl")
    assert b"SPACE=RAS" in header
    assert not header.startswith(b"solid")
    assert is_closed(corners)
    assert volume_of(corners) == pytest.approx(mask.sum() * np.prod(SPACING), rel=0.03)
    assert np.abs(corners.mean(axis=(0, 1)) - centre).max() < 0.2
    outwards = corners.mean(axis=1) - centre
    assert ((normals * outwards).sum(axis=1) > 0).mean() > 0.99
    assert np.linalg.norm(normals, axis=1) == pytest.approx(1, abs=1e-5)


def test_a_sheared_and_turned_grid(tmp_path: Path) -> None:
    affine = np.array([[0, 0.2, -2.5, 30], [1.0, 0, 0.4, -9], [0.1, 1.5, 0, 77], [0, 0, 0, 1]])
    geometry = Geometry((40, 30, 24), affine)
    mask = ball(geometry, geometry.to_mm([20, 15, 12]), 11)
    labels = LabelMap(mask.astype(np.uint8), geometry, LabelTable())
    write_surfaces(labels, tmp_path / "surfaces")
    _, corners, _ = read_stl(tmp_path / "surfaces" / "label 1.stl")
    expected = mask.sum() * abs(np.linalg.det(affine[:3, :3]))
    assert volume_of(corners) == pytest.approx(expected, rel=0.03)
    assert is_closed(corners)


def test_a_structure_at_the_border_is_closed_half_a_voxel_outside(tmp_path: Path) -> None:
    geometry = Geometry((4, 5, 6), np.diag([2.0, 1.0, 3.0, 1.0]))
    labels = LabelMap(np.full((4, 5, 6), 7, np.uint8), geometry, LabelTable())
    write_surfaces(labels, tmp_path / "surfaces")
    _, corners, _ = read_stl(tmp_path / "surfaces" / "label 7.stl")
    assert is_closed(corners)
    assert corners.reshape(-1, 3).min(axis=0) == pytest.approx([-1, -0.5, -1.5])
    assert corners.reshape(-1, 3).max(axis=0) == pytest.approx([7, 4.5, 16.5])


def test_neighbours_have_surfaces_of_their_own_and_a_table(tmp_path: Path) -> None:
    array = np.zeros((6, 5, 4), np.uint16)
    array[1:3, 1:4, 1:3] = 420
    array[3:5, 1:4, 1:3] = 2
    table = LabelTable.from_names({2: "liver", 9: "absent", 420: "Milz/größer"})
    labels = LabelMap(array, Geometry((6, 5, 4), np.eye(4)), table)
    (notice,) = write_surfaces(labels, tmp_path / "surfaces")
    assert (notice.code, notice.message) == ("no-surface", "no voxel, and so no surface: absent")
    assert sorted(path.name for path in (tmp_path / "surfaces").iterdir()) == [
        "Milz_größer.stl",
        "labels.tsv",
        "liver.stl",
    ]
    assert read_label_table(tmp_path / "surfaces" / "labels.tsv") == table.keep([2, 420])
    for name, ends in (("liver", [2.5, 4.5]), ("Milz_größer", [0.5, 2.5])):
        _, corners, _ = read_stl(tmp_path / "surfaces" / f"{name}.stl")
        assert [corners[..., 0].min(), corners[..., 0].max()] == pytest.approx(ends)


def test_a_single_voxel_has_a_closed_surface(tmp_path: Path) -> None:
    array = np.zeros((3, 3, 3), np.uint8)
    array[1, 1, 1] = 1
    labels = LabelMap(array, Geometry((3, 3, 3), np.eye(4)), LabelTable())
    write_surfaces(labels, tmp_path / "surfaces")
    _, corners, _ = read_stl(tmp_path / "surfaces" / "label 1.stl")
    assert is_closed(corners)
    assert 0 < volume_of(corners) <= 1


def test_surfaces_of_nothing_are_refused(tmp_path: Path) -> None:
    labels = LabelMap(np.zeros((3, 3, 3), np.uint8), Geometry((3, 3, 3), np.eye(4)), LabelTable())
    with pytest.raises(ValueError, match="'surfaces' cannot be saved: no label has a voxel"):
        write_surfaces(labels, tmp_path / "surfaces")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "model.stl").write_text("solid")
    with pytest.raises(FileExistsError, match=r"'mine' holds 'model.stl'"):
        write_surfaces(labels, tmp_path / "mine")
