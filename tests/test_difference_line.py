"""What is unlike the model's training is said before the run, and only then."""

from dataclasses import replace

import numpy as np
import pytest
from fake_model import describe, fake_tools
from napari.components import ViewerModel

from napari_seg.imaging.files import read_scan, sample_data_folder
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Scan
from napari_seg.segmentation.bundle_description import describe_bundle
from napari_seg.viewer.layers import image_layer
from napari_seg.viewer.segmenting.difference_line import DifferenceLine
from napari_seg.viewer.segmenting.segment_section import SegmentSection
from napari_seg.viewer.status_line import StatusLine

MODEL = describe_bundle()


@pytest.fixture
def line(qtbot):
    line = DifferenceLine()
    qtbot.addWidget(line)
    yield line
    line.release()


def torso():
    """A crop of a CT: half of it air."""
    rng = np.random.default_rng(0)
    array = rng.normal(40, 20, (36, 50, 36)).astype(np.int16)
    array[:18] = -1000
    return image_layer(Scan(array, Geometry(array.shape, np.eye(4))), name="torso")


def hippocampus():
    return image_layer(read_scan(sample_data_folder() / "hippocampus_left.nii.gz"), name="mr")


def compared(qtbot, line, layer, part=None):
    with qtbot.waitSignal(line.compared):
        line.compare(layer, MODEL, part)


def test_a_ct_for_a_model_of_mr_is_said_in_one_line_that_unfolds(qtbot, line):
    compared(qtbot, line, torso())
    assert not line.isHidden()
    assert line.warn.text().startswith("⚠")
    assert "looks like CT in Hounsfield units" in line.warn.toolTip()
    assert line.notices.isHidden()
    line.warn.click()
    assert not line.notices.isHidden()
    assert "looks like CT in Hounsfield units" in line.notices.text


def test_a_scan_like_those_of_the_training_says_nothing(qtbot, line):
    compared(qtbot, line, hippocampus())
    assert line.isHidden()


def test_another_scan_takes_the_line_away_at_once(qtbot, line):
    compared(qtbot, line, torso())
    line.compare(hippocampus(), MODEL, None)
    assert line.isHidden()
    line.compare(None, MODEL, None)
    assert line.isHidden()


def test_what_is_asked_again_is_not_measured_again(qtbot, line):
    layer = torso()
    compared(qtbot, line, layer)
    with qtbot.assertNotEmitted(line.compared, wait=500):
        line.compare(layer, MODEL, None)
    assert not line.isHidden()


def test_a_box_is_compared_by_itself(qtbot, line):
    compared(qtbot, line, torso(), ((20, 36), (0, 50), (0, 36)))
    assert "Hounsfield" not in line.warn.toolTip()
    assert "field of view is small" in line.warn.toolTip()


def test_a_model_that_says_nothing_of_its_training_is_not_compared(qtbot, line):
    with qtbot.assertNotEmitted(line.compared, wait=500):
        line.compare(torso(), replace(MODEL, fingerprint=None), None)
    assert line.isHidden()


def test_the_section_says_it_as_soon_as_scan_and_model_are_chosen(qtbot):
    viewer = ViewerModel()

    def describe_known(folder=None, *, variant=None):
        fingerprint = None if variant else MODEL.fingerprint
        return replace(describe(folder, variant=variant), fingerprint=fingerprint)

    section = SegmentSection(viewer, fake_tools(describe=describe_known), StatusLine())
    qtbot.addWidget(section)
    with qtbot.waitSignal(section.differences.compared):
        section.set_scan(viewer.add_layer(torso()))
    assert not section.differences.isHidden()
    assert section.start.isEnabled()
    section.model.list.setCurrentIndex(1)
    assert section.differences.isHidden()
    section.release()
