import numpy as np
import pytest
from numpy.typing import NDArray

from napari_seg.imaging.label_edits import (
    Edit,
    count_changes,
    only_in_range,
    only_over,
    respecting,
)

WHOLE = (slice(0, 3), slice(0, 4), slice(0, 5))


def before(dtype: str = "uint8") -> NDArray[np.integer]:
    """Label 1 in the first two planes, 2 in the corner of the last one."""
    labels = np.zeros((3, 4, 5), dtype)
    labels[:2, 1:3, 1:4] = 1
    labels[2, 3, 4] = 2
    return labels


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32"])
def test_an_edit_holds_the_smallest_box_of_what_changes(dtype: str) -> None:
    labels = before(dtype)
    after = labels.copy()
    after[1, 2, 3] = 2
    after[2, 2, 0] = 3
    edit = Edit.between(labels, WHOLE, after)
    assert edit.box == (slice(1, 3), slice(2, 3), slice(0, 4))
    assert edit.count == 2
    assert edit.values.dtype == labels.dtype
    assert edit.values.tolist() == after[edit.box].tolist()
    assert np.array_equal(edit.applied(labels), after)
    assert np.array_equal(labels, before(dtype))


def test_one_label_for_a_box_changes_only_where_told() -> None:
    labels = before()
    where = np.zeros((3, 4, 5), bool)
    where[0, 1, :] = True
    edit = Edit.between(labels, WHOLE, 1, where=where)
    assert edit.box == (slice(0, 1), slice(1, 2), slice(0, 5))
    assert edit.changed.tolist() == [[[True, False, False, False, True]]]
    assert edit.applied(labels)[0, 1].tolist() == [1, 1, 1, 1, 1]


def test_values_outside_of_where_do_not_count() -> None:
    labels = before()
    edit = Edit.between(labels, WHOLE, np.full((3, 4, 5), 9), where=labels == 2)
    assert edit.count == 1
    assert edit.applied(labels)[2, 3, 4] == 9


def test_an_edit_of_nothing_is_false_and_changes_nothing() -> None:
    labels = before()
    edit = Edit.between(labels, WHOLE, labels)
    assert not edit
    assert edit.count == 0
    assert labels[edit.box].size == 0
    assert np.array_equal(edit.applied(labels), labels)
    assert not respecting(edit, labels, [1])
    assert not only_over(edit, labels, {0})
    assert not edit.moved(WHOLE)


def test_an_edit_of_a_part_moves_to_the_whole() -> None:
    labels = before()
    part = (slice(1, 3), slice(2, 4), slice(1, 5))
    edit = Edit.between(labels[part], tuple(slice(0, n) for n in labels[part].shape), 7)
    expected = labels.copy()
    expected[part] = 7
    assert np.array_equal(edit.moved(part).applied(labels), expected)


def test_locked_labels_neither_lose_nor_gain() -> None:
    labels = before()
    after = np.where(labels == 1, 2, labels)  # 1 becomes 2
    after[0, 0, 0] = 1
    edit = Edit.between(labels, WHOLE, after)
    for locked in ([1], [2], [1, 2]):
        result = respecting(edit, labels, locked).applied(labels)
        for label in locked:
            assert np.array_equal(result == label, labels == label)
    assert respecting(edit, labels, [2]).applied(labels)[0, 0, 0] == 1
    assert respecting(edit, labels, [3]).count == edit.count


def test_only_empty_voxels_or_one_label_are_painted_over() -> None:
    labels = before()
    edit = Edit.between(labels, WHOLE, 5)
    assert np.array_equal(only_over(edit, labels, {0}).applied(labels) == 5, labels == 0)
    assert np.array_equal(only_over(edit, labels, {2}).applied(labels) == 5, labels == 2)
    assert np.array_equal(only_over(edit, labels, {0, 1}).applied(labels) == 5, labels != 2)


def test_only_a_range_of_intensities_is_painted_over() -> None:
    labels = before()
    scan = np.arange(60, dtype=float).reshape(3, 4, 5)
    scan[0, 0, 4] = np.nan
    edit = only_in_range(Edit.between(labels, WHOLE, 5), labels, scan, 3, 6)
    changed = edit.applied(labels) == 5
    assert np.flatnonzero(changed).tolist() == [3, 5, 6]


def test_a_scan_of_another_shape_is_refused() -> None:
    labels = before()
    with pytest.raises(ValueError, match=r"shape of the labels \(3, 4, 5\), got \(3, 4\)"):
        only_in_range(Edit.between(labels, WHOLE, 5), labels, np.zeros((3, 4)), 0, 1)


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    labels = before()
    with pytest.raises(ValueError, match="got 2 to 1"):
        only_in_range(Edit.between(labels, WHOLE, 5), labels, np.zeros((3, 4, 5)), 2, 1)


def test_gains_and_losses_are_counted() -> None:
    labels = before()
    after = np.where(labels == 1, 2, labels)
    after[0, 0, 0] = 1
    edit = Edit.between(labels, WHOLE, after)
    assert count_changes(edit, labels) == {1: -11, 2: 12}
