"""Rows of labels that a run brings or a person deletes, through undo, redo and further runs."""

from dataclasses import replace

import numpy as np
import pytest
from fake_model import fake_tools, head
from napari.components import ViewerModel

from napari_seg.segmentation.run_settings import RunSettings
from napari_seg.viewer.editing.locks import LabelLocks
from napari_seg.viewer.label_list.layer_table import LayerTable
from napari_seg.viewer.layers import grid_of, image_layer
from napari_seg.viewer.segmenting.model_run import run_model
from napari_seg.viewer.segmenting.ready_labels import ReadyLabels
from napari_seg.viewer.segmenting.result_layer import show_result

MINE = (200, 0, 200)


@pytest.fixture
def viewer(qapp):
    return ViewerModel()


@pytest.fixture
def scan(viewer):
    return viewer.add_layer(image_layer(head(), name="head"))


def run(brightness=100):
    return run_model(
        fake_tools(),
        head(brightness),
        RunSettings(),
        None,
        on_progress=lambda _: None,
        on_window=lambda _: None,
    )


def show(viewer, scan, result):
    layer, contest = show_result(viewer, scan, result, name="head labels")
    if contest is not None:
        contest.settle(viewer, keep_hand_work=False)
        layer = contest.old
    return layer


@pytest.fixture
def layer(viewer, scan):
    """A layer of a run that drew label 1 alone, as one in which no other was asked for."""
    result = run()
    array = np.where(result.labels.array == 1, result.labels.array, 0)
    labels = replace(result.labels.with_array(array), table=result.labels.table.keep([1]))
    ready = ReadyLabels.of(labels, grid_of(scan)[1])
    return show(viewer, scan, replace(result, labels=labels, ready=ready))


@pytest.fixture
def table(layer):
    return LayerTable.of(layer)


def rows(table):
    table.follow()
    return [(row.value, row.name, row.status) for row in table.rows]


ONE = (1, "anterior", "not started")


def make_mine(table, value):
    table.rename(value, "tail")
    table.recolour(value, MINE)
    table.set_status({value}, "done")


def test_a_row_is_as_a_person_left_it_after_undo_and_redo_or_another_run(
    viewer, scan, layer, table
):
    show(viewer, scan, run())
    make_mine(table, 2)
    for bring_back in (layer.redo, lambda: show(viewer, scan, run())):
        layer.undo()
        assert rows(table) == [ONE]
        bring_back()
        assert rows(table) == [ONE, (2, "tail", "done")]
        assert table.table.label(2).colour == MINE


def test_a_lock_goes_and_comes_with_its_row(viewer, scan, layer, table):
    show(viewer, scan, run())
    table.set_locked({2}, True)
    layer.undo()
    assert not LabelLocks.of(layer).labels
    layer.redo()
    assert LabelLocks.of(layer).labels == {2}
    layer.undo()
    show(viewer, scan, run())
    assert (layer.data == 2).sum() == 6


@pytest.mark.parametrize("is_merged", [False, True])
def test_a_deleted_row_comes_back_past_a_run_that_drew_its_label(viewer, scan, table, is_merged):
    layer = show(viewer, scan, run())
    make_mine(table, 2)
    if is_merged:
        table.merge({2}, 1)
    else:
        table.delete({2})
    show(viewer, scan, run())
    assert rows(table) == [ONE, (2, "posterior", "not started")]
    layer.undo()
    assert rows(table) == [ONE]
    layer.undo()
    assert rows(table) == [ONE, (2, "tail", "done")]
    assert table.table.label(2).colour == MINE
    for _ in range(2):
        layer.redo()
    assert rows(table) == [ONE, (2, "posterior", "not started")]
    assert table.table.label(2).colour != MINE


def test_a_new_label_of_the_name_of_a_row_that_is_gone_is_this_label(viewer, scan, layer, table):
    show(viewer, scan, run())
    layer.undo()
    assert table.add("Posterior") == 2
    layer.redo()
    assert [name for _, name, _ in rows(table)] == ["anterior", "Posterior"]
    layer.undo()
    # The row is a person's now.
    assert [name for _, name, _ in rows(table)] == ["anterior", "Posterior"]


def test_no_two_rows_get_one_name(viewer, scan, layer, table):
    show(viewer, scan, run())
    layer.undo()
    assert table.add("mine") == 3
    table.rename(3, "posterior")
    layer.redo()
    assert [row[:2] for row in rows(table)] == [
        (1, "anterior"),
        (2, "posterior (2)"),
        (3, "posterior"),
    ]


def test_a_row_that_a_run_brought_without_voxels_goes_with_its_undo(viewer, scan, layer, table):
    show(viewer, scan, run(40))
    assert (layer.data == 2).sum() == 0
    assert len(rows(table)) == 2
    layer.undo()
    assert rows(table) == [ONE]
    layer.redo()
    assert len(rows(table)) == 2
