from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_table import Label, LabelTable
from napari_seg.imaging.overlay import write_overlay
from napari_seg.imaging.pictures import picture_geometry
from napari_seg.imaging.scan import LabelMap, Scan, Source

RED, GREEN = (255, 0, 0), (0, 255, 0)
TABLE = LabelTable((Label(1, "right half", RED), Label(2, "left half", GREEN)))


def mean_column(picture: np.ndarray, channel: int) -> float:
    """Return where along the axial plane, left to right, a colour stands out."""
    others = picture[..., [part for part in range(3) if part != channel]].max(axis=-1)
    strong = picture[..., channel].astype(int) - others > 60
    strong[:, strong.shape[1] // 3 :] = False
    return float(np.nonzero(strong)[1].mean())


@pytest.mark.parametrize("flip", [1, -1], ids=["i runs right", "i runs left"])
def test_the_right_of_the_patient_is_on_the_left(tmp_path: Path, flip: int) -> None:
    geometry = Geometry((30, 20, 10), np.diag([2.0 * flip, 2.0, 5.0, 1.0]))
    array = np.zeros(geometry.shape, np.uint8)
    array[18:26, 5:15, 3:7] = 1 if flip == 1 else 2
    array[4:12, 5:15, 3:7] = 2 if flip == 1 else 1
    path = tmp_path / "overlay.png"
    write_overlay(
        Scan(np.zeros(geometry.shape, np.int16), geometry),
        LabelMap(array, geometry, TABLE),
        path,
    )
    picture = np.array(Image.open(path).convert("RGB"))
    assert mean_column(picture, 0) < mean_column(picture, 1)


@pytest.mark.parametrize("channels", [(), (3,)], ids=["grey", "colour"])
def test_a_picture_is_shown_alone(tmp_path: Path, channels: tuple[int, ...]) -> None:
    geometry = picture_geometry(40, 30)
    array = np.zeros((40, 30, 1), np.uint8)
    array[:10, :10] = 1
    names = ("red", "green", "blue") if channels else ()
    scan = Scan(np.ones((40, 30, 1, *channels), np.uint8), geometry, names, (), Source("picture"))
    write_overlay(scan, LabelMap(array, geometry, TABLE), tmp_path / "overlay.png")
    assert Image.open(tmp_path / "overlay.png").size[0] > 400


def test_no_label_and_values_without_a_name_are_drawn(tmp_path: Path) -> None:
    geometry = Geometry((12, 10, 8), np.diag([1.0, 2.0, 3.0, 1.0]))
    scan = Scan(np.full(geometry.shape, np.nan), geometry)
    for array in (np.zeros(geometry.shape, np.uint8), np.full(geometry.shape, 9, np.uint16)):
        write_overlay(scan, LabelMap(array, geometry, TABLE), tmp_path / "overlay.png")
    assert [path.name for path in tmp_path.iterdir()] == ["overlay.png"]


def test_another_grid_or_format_is_refused(tmp_path: Path) -> None:
    geometry = Geometry((12, 10, 8), np.eye(4))
    other = Geometry((12, 10, 8), np.diag([1.0, 1.0, 2.0, 1.0]))
    labels = LabelMap(np.zeros(geometry.shape, np.uint8), other, TABLE)
    scan = Scan(np.zeros(geometry.shape), geometry)
    with pytest.raises(ValueError, match="on the scan's grid"):
        write_overlay(scan, labels, tmp_path / "x.png")
    with pytest.raises(ValueError, match=r"must end in \.png"):
        write_overlay(scan, labels, tmp_path / "x.jpg")
