"""Two scans that are open together show one millimetre under the cursor, or say that they do not."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from napari.layers import Image
from nibabel.affines import apply_affine
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from napari_seg import Geometry, Scan, read_scan
from napari_seg.imaging.scan import Source
from napari_seg.viewer.layers import image_layer
from napari_seg.viewer.opening.scans_together import mismatches

SHAPE = (20, 24, 16)
STRAIGHT = nib.affines.from_matvec(np.diag([2.0, 2.0, 3.0]), (-19.0, -23.0, -22.0))
# The same place, indexed from left, superior and posterior.
TURNED = nib.affines.from_matvec(
    np.array([[0, -2.0, 0], [0, 0, 2.0], [-3.0, 0, 0]]), (19.0, -23.0, 23.0)
)
FINE = nib.affines.from_matvec(np.diag([0.7, -0.9, 1.1]), (-11.3, 13.1, -9.7))


def oblique(affine: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
    """Turn a grid about its middle and the axis from left to right."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    turned: NDArray[np.float64] = nib.affines.from_matvec(turn) @ affine
    return turned


def layer_of_places(
    affine: NDArray[np.float64],
    shape: tuple[int, int, int] = SHAPE,
    *,
    frame: str = "scanner",
) -> Image:
    """Show a scan whose three channels hold the x, y and z of each voxel, by nibabel."""
    places = apply_affine(affine, np.moveaxis(np.indices(shape), 0, -1))
    scan = Scan(places, Geometry(shape, affine), source=Source("NIfTI", frame=frame))
    return image_layer(scan, name="scan")


def mm_under(layer: Image, world: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the millimetres that the layer shows there: linear, so interpolation is exact."""
    index = np.asarray(layer.world_to_data((0.0, *world)))[1:]
    return np.array(
        [map_coordinates(channel, index[:, None], order=1)[0] for channel in layer.data]
    )


def worst_gap_mm(one: Image, other: Image) -> float:
    """Move a cursor through both; return the largest gap between what they show."""
    gaps = []
    for world in np.stack(np.meshgrid(*[np.linspace(-7, 7, 5)] * 3), axis=-1).reshape(-1, 3):
        gaps.append(np.linalg.norm(mm_under(one, world) - mm_under(other, world)))
    return float(max(gaps))


@pytest.mark.parametrize(
    ("affine", "shape"),
    [
        pytest.param(TURNED, (16, 20, 24), id="another order of axes"),
        pytest.param(FINE, (32, 28, 18), id="another spacing and place"),
        pytest.param(oblique(STRAIGHT, 0.5), SHAPE, id="half a degree"),
    ],
)
def test_straight_scans_show_one_place(
    affine: NDArray[np.float64], shape: tuple[int, int, int]
) -> None:
    one, other = layer_of_places(STRAIGHT), layer_of_places(affine, shape)
    assert mismatches(other, [one, other]) == []
    assert worst_gap_mm(one, other) <= min(*one.scale[1:], *other.scale[1:]) / 2


def test_oblique_scans_of_equal_axes_show_one_place() -> None:
    one = layer_of_places(oblique(STRAIGHT, 17))
    other = layer_of_places(oblique(FINE, 17), (32, 28, 18))
    assert mismatches(other, [one, other]) == []
    assert worst_gap_mm(one, other) < 1e-6


def test_an_oblique_scan_over_a_straight_one_is_said_with_its_error() -> None:
    one, other = layer_of_places(STRAIGHT), layer_of_places(oblique(STRAIGHT, 17))
    [found] = mismatches(other, [one, other])
    assert found.other is one
    assert found.can_resample
    assert "mm" in found.message
    # It is no false alarm.
    assert worst_gap_mm(one, other) > 1


def test_another_frame_of_reference_is_said() -> None:
    one, other = layer_of_places(STRAIGHT), layer_of_places(STRAIGHT, frame="mni")
    [found] = mismatches(other, [one, other])
    assert found.message.startswith("not registered")


def test_a_real_scan_and_its_turned_crop_show_the_same_voxel(
    tmp_path: Path, shared_data: Path
) -> None:
    path = shared_data / "ct" / "torso_ct.nii.gz"
    turned = nib.load(path).slicer[20:90, 10:80, 4:25]
    turned = turned.as_reoriented(np.array([[2, -1], [0, 1], [1, -1]]))
    turned.to_filename(tmp_path / "crop.nii.gz")
    whole = image_layer(read_scan(path), name="whole")
    crop = image_layer(read_scan(tmp_path / "crop.nii.gz"), name="crop")
    assert mismatches(crop, [whole, crop]) == []
    for index in ((3, 4, 5), (20, 60, 60), (10, 33, 2)):
        world = crop.data_to_world(index)
        in_whole = np.asarray(whole.world_to_data(world))
        assert np.abs(in_whole - np.rint(in_whole)).max() < 1e-3
        assert whole.data[tuple(np.rint(in_whole).astype(int))] == crop.data[index]
