import numpy as np
import pytest

from napari_seg.imaging.label_edits.each import edit_each
from napari_seg.imaging.label_edits.holes import fill_holes
from napari_seg.imaging.label_edits.margins import shrink


def rings():
    """A ring of label 2 inside a ring of label 1, around one empty voxel."""
    labels = np.ones((7, 7), np.uint8)
    labels[1:6, 1:6] = 0
    labels[2:5, 2:5] = 2
    labels[3, 3] = 0
    return labels


def test_the_inner_label_gets_the_hole_that_both_enclose():
    labels = rings()
    filled = edit_each(labels, lambda label, _report: fill_holes(labels, label)).applied(labels)
    assert filled[3, 3] == 2
    assert np.count_nonzero(filled == 1) == 7 * 7 - 3 * 3


def test_labels_that_are_left_out_do_not_change():
    labels = rings()
    edit = edit_each(labels, lambda label, _report: fill_holes(labels, label), but={1})
    assert edit.count == 1


@pytest.mark.parametrize("labels", [np.zeros((3, 4), np.uint8), np.full((3, 4), 5, np.uint8)])
def test_nothing_to_change_is_no_edit(labels):
    assert not edit_each(labels, lambda label, _report: fill_holes(labels, label), but={5})


def test_each_label_is_seen_as_it_was_before():
    labels = np.array([[1, 1, 1, 2, 2, 2]], np.uint16)
    both = edit_each(labels, lambda label, _report: shrink(labels, label, (1, 1), 1)).applied(
        labels
    )
    assert both.tolist() == [[1, 1, 0, 0, 2, 2]]
