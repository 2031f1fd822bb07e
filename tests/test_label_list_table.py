"""The table of a layer's labels, without its window: what it does to the layer, and follows."""

import gc
import weakref

import numpy as np
import pytest
from labels_in_hand import remove
from napari.components import ViewerModel
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_seg.imaging.files import read_labels, write_labels
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_files.tables import read_label_table, write_label_table
from napari_seg.imaging.label_table import Label, LabelTable
from napari_seg.imaging.scan import LabelMap
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.editing.locks import LabelLocks
from napari_seg.viewer.label_list.colours import TableColormap
from napari_seg.viewer.label_list.layer_table import LayerTable
from napari_seg.viewer.label_list.whole_labels import told
from napari_seg.viewer.layers import label_map_of, labels_layer, metadata_of, update_metadata
from napari_seg.viewer.undo import write_region

LIVER, SPLEEN, CYST = 1, 2, 7
TABLE = LabelTable(
    (
        Label(LIVER, "liver", (200, 10, 20)),
        Label(SPLEEN, "spleen", (30, 140, 240)),
        Label(CYST, "cyst", (250, 200, 40), "12345", "flagged"),
    )
)


def organs(dtype=np.uint8):
    """Liver of 2 × 3 × 4 voxels, spleen of 2 × 2 × 2, no cyst; a voxel is 1 × 2 × 5 mm, 0.01 ml."""
    array = np.zeros((10, 8, 6), dtype)
    array[1:3, 1:4, 1:5] = LIVER
    array[6:8, 4:6, 2:4] = SPLEEN
    return LabelMap(array, Geometry(array.shape, np.diag([1.0, 2.0, 5.0, 1.0])), TABLE)


@pytest.fixture
def viewer(qapp):
    return ViewerModel()


@pytest.fixture
def layer(viewer):
    return viewer.add_layer(labels_layer(organs(), name="organs"))


@pytest.fixture
def table(layer):
    return LayerTable.of(layer)


def row(table, value):
    return next(row for row in table.rows if row.value == value)


def values(table):
    return [row.value for row in table.rows]


def count(layer, value):
    return int(np.count_nonzero(np.asarray(layer.data) == value))


def drawn(layer, value):
    return [round(255 * float(part)) for part in layer.get_color(value)]


def whole(layer):
    return tuple(slice(0, length) for length in layer.data.shape)


def paint(layer, value):
    corner = (slice(0, 1), slice(0, 1), slice(0, 2))
    assert write_region(layer, corner, value, name="brush") == 2


def test_each_label_has_a_row_with_all_that_is_known_of_it(table):
    assert [row.name for row in table.rows] == ["liver", "spleen", "cyst"]
    assert [row.volume_ml for row in table.rows] == pytest.approx([0.24, 0.08, 0])
    assert [row.volume_text for row in table.rows] == ["0.24", "0.08", "0"]
    assert row(table, CYST).colour == (250, 200, 40)
    assert row(table, CYST).status == "flagged"
    assert all(row.is_visible and not row.is_locked for row in table.rows)


def test_volumes_follow_strokes_and_undo_and_stand_in_the_features(qtbot, layer, table):
    layer.features = {**{k: list(v) for k, v in layer.features.items()}, "dice": [0.9, 0.8, 0.1]}
    paint(layer, CYST)
    qtbot.waitUntil(lambda: row(table, CYST).volume_ml == pytest.approx(0.02))
    assert list(layer.features["volume_ml"]) == [0.24, 0.08, 0.02]
    assert list(layer.features["dice"]) == [0.9, 0.8, 0.1]
    layer.undo()
    qtbot.waitUntil(lambda: row(table, CYST).volume_ml == 0)
    assert list(layer.features["volume_ml"]) == [0.24, 0.08, 0]


def test_a_painted_value_without_a_row_makes_one(qtbot, layer, table):
    paint(layer, 9)
    qtbot.waitUntil(lambda: 9 in values(table))
    assert row(table, 9).name == "label 9"
    assert metadata_of(layer)["table"].name_of(9) == "label 9"
    assert drawn(layer, 9)[:3] == list(row(table, 9).colour)
    assert list(layer.features["index"]) == [1, 2, 7, 9]


def test_what_a_network_names_while_it_writes_keeps_its_name(qtbot, layer, table):
    paint(layer, 9)
    update_metadata(layer, table=LabelTable((*TABLE, Label(9, "tumour", (9, 9, 9)))))
    qtbot.waitUntil(lambda: 9 in values(table))
    assert row(table, 9).name == "tumour"


def test_add_takes_the_next_value(layer, table):
    assert table.add("tumour") == 8
    assert row(table, 8).name == "tumour"
    assert count(layer, 8) == 0
    assert not layer._undo_history


def test_add_goes_on_in_a_gap_where_the_type_ends(layer, table):
    update_metadata(layer, table=LabelTable((*TABLE, Label(255, "last", (1, 1, 1)))))
    table.follow()
    assert table.add() == 3


def test_add_says_when_the_type_holds_no_more(layer, table):
    full = LabelTable.from_names({value: f"n{value}" for value in range(1, 256)})
    update_metadata(layer, table=full)
    table.follow()
    with pytest.raises(ValueError, match="uint8 holds labels up to 255, and all of them are used"):
        table.add()


def test_a_name_can_be_given_once(table):
    with pytest.raises(ValueError, match="'spleen' is the name of label 2 already"):
        table.rename(LIVER, " Spleen ")
    with pytest.raises(ValueError, match="choose another name"):
        table.add("LIVER")
    table.rename(LIVER, "Liver")
    assert row(table, LIVER).name == "Liver"


def test_recolour_draws_the_label_in_it(layer, table):
    table.recolour(SPLEEN, (1, 2, 3))
    assert row(table, SPLEEN).colour == (1, 2, 3)
    assert drawn(layer, SPLEEN) == [1, 2, 3, 255]
    assert drawn(layer, LIVER) == [200, 10, 20, 255]
    assert metadata_of(layer)["table"].label(SPLEEN).colour == (1, 2, 3)


def test_hidden_labels_are_not_drawn_and_keep_their_colour(layer, table):
    table.set_visible([LIVER], False)
    table.recolour(SPLEEN, (1, 2, 3))
    assert drawn(layer, LIVER)[3] == 0
    assert not row(table, LIVER).is_visible
    assert row(table, LIVER).colour == (200, 10, 20)
    table.show_only([CYST])
    assert [row.is_visible for row in table.rows] == [False, False, True]
    table.show_all()
    assert [drawn(layer, value) for value in (LIVER, SPLEEN)] == [
        [200, 10, 20, 255],
        [1, 2, 3, 255],
    ]


def test_the_only_label_shown_stays_so_when_colours_change(layer, table):
    layer.selected_label = SPLEEN
    layer.show_selected_label = True
    table.recolour(LIVER, (1, 2, 3))
    assert (layer.colormap.use_selection, layer.colormap.selection) == (True, SPLEEN)
    assert row(table, LIVER).colour == (1, 2, 3)


def test_colours_given_by_others_are_taken_over(qtbot, layer, table):
    colours = {None: "grey", 0: "transparent", LIVER: "#0a0b0c", SPLEEN: (0, 0, 0, 0)}
    layer.colormap = DirectLabelColormap(color_dict=colours)
    qtbot.waitUntil(lambda: row(table, LIVER).colour == (10, 11, 12))
    assert not row(table, SPLEEN).is_visible
    assert row(table, SPLEEN).colour == (30, 140, 240)
    assert row(table, CYST).colour == (250, 200, 40)


def test_delete_is_one_named_step_and_undo_brings_row_and_voxels_back(qtbot, layer, table):
    table.delete([LIVER])
    assert values(table) == [SPLEEN, CYST]
    assert count(layer, LIVER) == 0
    history = EditHistory.of(layer)
    assert [step.name for step in history.steps] == ["Delete liver"]
    layer.undo()
    assert row(table, LIVER).name == "liver"
    assert count(layer, LIVER) == 24
    layer.redo()
    assert values(table) == [SPLEEN, CYST]
    qtbot.wait(20)
    assert values(table) == [SPLEEN, CYST]
    layer.undo()
    qtbot.wait(20)
    assert row(table, LIVER)[:3] == (LIVER, "liver", (200, 10, 20))
    assert row(table, LIVER).volume_ml == pytest.approx(0.24)


@pytest.mark.parametrize(
    ("voxels", "said"),
    [(24, "+24 voxels"), (-24, "−24 voxels")],  # noqa: RUF001 - a minus sign
    ids=["more", "less"],
)
def test_what_a_layer_with_times_gains_is_told_in_voxels(voxels, said):
    with_times = Labels(np.zeros((2, 3, 4, 5), np.uint8))
    assert told(with_times, "Merge", voxels) == f"Merge: {said}. Ctrl+Z takes it back."


def test_several_labels_are_deleted_in_one_step(layer, table):
    said = table.delete([LIVER, SPLEEN])
    # 24 and 8 voxels of 10 mm³.
    assert said == "Delete 2 labels: −0.32 ml. Ctrl+Z takes it back."  # noqa: RUF001
    assert not np.asarray(layer.data).any()
    assert [step.name for step in EditHistory.of(layer).steps] == ["Delete 2 labels"]
    layer.undo()
    assert values(table) == [LIVER, SPLEEN, CYST]
    np.testing.assert_array_equal(label_map_of(layer).array, organs().array)


def test_deleting_a_label_without_voxels_makes_no_step(layer, table):
    said = table.delete([CYST])
    assert said == "Delete cyst: only in the list, there were no voxels"
    assert values(table) == [LIVER, SPLEEN]
    assert not EditHistory.of(layer).steps


def test_a_new_label_does_not_take_the_value_that_undo_would_bring_back(layer, table):
    table.delete([CYST, SPLEEN])
    assert table.add("tumour") == 8


def test_merge_is_one_named_step(qtbot, layer, table):
    said = table.merge([LIVER, CYST], SPLEEN)
    assert said == "Merge 2 labels into spleen: +0.24 ml. Ctrl+Z takes it back."
    assert values(table) == [SPLEEN]
    assert (count(layer, LIVER), count(layer, SPLEEN)) == (0, 32)
    assert [step.name for step in EditHistory.of(layer).steps] == ["Merge 2 labels into spleen"]
    qtbot.waitUntil(lambda: row(table, SPLEEN).volume_ml == pytest.approx(0.32))
    layer.undo()
    qtbot.waitUntil(lambda: row(table, SPLEEN).volume_ml == pytest.approx(0.08))
    assert values(table) == [LIVER, SPLEEN, CYST]
    assert row(table, CYST).status == "flagged"


def test_delete_and_merge_heed_no_preserve_labels(layer, table):
    layer.preserve_labels = True
    table.merge([LIVER], SPLEEN)
    assert count(layer, SPLEEN) == 32


def test_locked_labels_refuse_in_one_sentence(layer, table):
    table.set_locked([LIVER], True)
    assert row(table, LIVER).is_locked
    with pytest.raises(ValueError, match=r"^'liver' is locked; unlock it to delete it$"):
        table.delete([LIVER, SPLEEN])
    with pytest.raises(ValueError, match=r"^'liver' is locked; unlock it to merge it$"):
        table.merge([LIVER], SPLEEN)
    with pytest.raises(ValueError, match=r"^'liver' is locked; unlock it to merge into it$"):
        table.merge([SPLEEN], LIVER)
    np.testing.assert_array_equal(label_map_of(layer).array, organs().array)
    assert values(table) == [LIVER, SPLEEN, CYST]
    table.set_locked([LIVER], False)
    table.delete([LIVER])
    assert count(layer, LIVER) == 0


def test_locks_set_elsewhere_are_shown(qtbot, layer, table):
    LabelLocks.of(layer).lock(SPLEEN)
    qtbot.waitUntil(lambda: row(table, SPLEEN).is_locked)


def test_deleting_keeps_other_labels_of_a_large_layer(qtbot, viewer):
    data = np.zeros((130, 130, 130), np.uint16)
    data[10:20, 10:20, 10:20] = 1
    data[30:40, 30:40, 30:40] = 300
    layer = viewer.add_labels(data)
    table = LayerTable.of(layer)
    qtbot.waitUntil(lambda: values(table) == [1, 300], timeout=10_000)
    table.delete([300])
    qtbot.wait(50)
    assert values(table) == [1]
    assert count(layer, 1) == 1000


@pytest.mark.parametrize("file", ["case_dseg.nii.gz", "case.seg.nrrd"])
def test_names_colours_and_status_survive_saving_and_reading(tmp_path, layer, table, file):
    table.rename(LIVER, "hepar")
    table.recolour(LIVER, (4, 5, 6))
    table.set_status([LIVER, SPLEEN], "done")
    table.add("tumour")
    write_labels(label_map_of(layer), tmp_path / file)
    again = read_labels(tmp_path / file).table
    assert again == metadata_of(layer)["table"]
    assert again.label(LIVER) == Label(LIVER, "hepar", (4, 5, 6), status="done")
    assert again.label(CYST).status == "flagged"


@pytest.mark.parametrize("file", ["labels.tsv", "labels.txt", "labels.ctbl"])
def test_tables_in_files_keep_the_status(tmp_path, table, file):
    table.set_status([LIVER], "in progress")
    write_label_table(table.table, tmp_path / file)
    assert read_label_table(tmp_path / file) == table.table


def test_a_layer_of_napari_keeps_its_looks_and_gets_rows(qtbot, viewer):
    data = np.zeros((4, 5), int)
    data[1, 1:3] = 3
    layer = viewer.add_labels(data)
    before = drawn(layer, 3)
    table = LayerTable.of(layer)
    assert [(row.value, row.name) for row in table.rows] == [(3, "label 3")]
    assert list(row(table, 3).colour) == before[:3]
    layer.data_setitem((np.array([3]), np.array([3])), 11)
    qtbot.waitUntil(lambda: 11 in values(table))
    assert list(row(table, 11).colour) == drawn(layer, 11)[:3]
    table.set_visible([11], False)
    assert (drawn(layer, 3), drawn(layer, 11)[3]) == (before, 0)


def test_a_layer_of_a_million_cells_gets_no_more_rows_than_a_person_reads(viewer):
    layer = viewer.add_labels(np.arange(5000, dtype=np.uint16).reshape(50, 100))
    assert len(LayerTable.of(layer).rows) == 2000


@pytest.mark.parametrize("kind", ["read-only", "multiscale"])
def test_a_layer_that_cannot_be_edited_shows_its_rows_and_refuses(viewer, kind):
    made = labels_layer(organs(), name="organs")
    if kind == "multiscale":
        data = [np.asarray(made.data), np.asarray(made.data)[::2, ::2, ::2]]
        layer = Labels(
            data,
            name="organs",
            multiscale=True,
            metadata=made.metadata,
            features=made.features,
            colormap=made.colormap,
        )
    else:
        layer = made
        layer.data.flags.writeable = False
    viewer.add_layer(layer)
    table = LayerTable.of(layer)
    assert [row.volume_text for row in table.rows] == ["0.24", "0.08", "0"]
    reason = "several resolutions" if kind == "multiscale" else "read-only"
    assert reason in table.reason_not_to_edit
    for refused in (
        lambda: table.delete([LIVER]),
        lambda: table.merge([LIVER], SPLEEN),
        lambda: table.set_locked([LIVER], True),
    ):
        with pytest.raises(ValueError, match=f"'organs' .*{reason}"):
            refused()
    table.rename(LIVER, "hepar")
    assert row(table, LIVER).name == "hepar"
    table.set_visible([LIVER], False)
    assert not row(table, LIVER).is_visible


def test_two_layers_of_one_name_have_tables_of_their_own(viewer):
    one = viewer.add_layer(labels_layer(organs(), name="organs"))
    other = Labels(np.array(one.data), name="organs", metadata=dict(one.metadata))
    viewer.add_layer(other)
    LayerTable.of(one).rename(LIVER, "hepar")
    LayerTable.of(one).delete([SPLEEN])
    assert [row.name for row in LayerTable.of(other).rows] == ["liver", "spleen", "cyst"]
    assert count(other, SPLEEN) == 8


def test_the_table_goes_with_its_layer(viewer):
    layer = viewer.add_layer(labels_layer(organs(), name="organs"))
    table = LayerTable.of(layer)
    table.set_visible([LIVER], False)
    gone = weakref.ref(layer)
    remove(viewer, layer)
    del layer
    gc.collect()
    assert gone() is None
    assert table.table == LabelTable()
    table.follow()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int8, np.int32])
def test_colours_are_mapped_as_napari_maps_them(dtype):
    colours = {None: (0.6, 0.6, 0.6, 1), 0: (0, 0, 0, 0), 3: (1, 0, 0, 1), 90: (0, 1, 0, 0)}
    values = np.array([[0, 1, 3], [90, 100, 127]], dtype)
    ours, napari_s = (kind(color_dict=colours) for kind in (TableColormap, DirectLabelColormap))
    np.testing.assert_allclose(ours.map(values), napari_s.map(values))
    assert isinstance(ours, DirectLabelColormap)


def test_many_scattered_labels_are_deleted_as_by_comparing(viewer):
    rng = np.random.default_rng(5)
    data = rng.integers(0, 40, (5, 9, 7)).astype(np.uint8)
    data[rng.random(data.shape) < 0.6] = 0
    layer = viewer.add_labels(data.copy())
    gone = list(range(3, 25))
    LayerTable.of(layer).delete(gone)
    np.testing.assert_array_equal(layer.data, np.where(np.isin(data, gone), 0, data))
    layer.undo()
    np.testing.assert_array_equal(layer.data, data)


@pytest.mark.parametrize("seed", range(8))
def test_the_table_stays_true_through_random_work(qtbot, viewer, seed):
    rng = np.random.default_rng(seed)
    layer = viewer.add_layer(labels_layer(organs(), name="organs"))
    table = LayerTable.of(layer)

    def brush():
        start = [int(rng.integers(0, length - 2)) for length in layer.data.shape]
        box = tuple(slice(one, one + 2) for one in start)
        write_region(layer, box, int(rng.integers(0, 12)), name="brush")

    def some(count):
        return [int(value) for value in rng.permutation(values(table))[:count]]

    acts = {
        "brush": brush,
        "delete": lambda: table.delete(some(2)),
        "merge": lambda: table.merge(some(2), some(1)[0]) if table.rows else None,
        "add": table.add,
        "undo": layer.undo,
        "redo": layer.redo,
    }
    chances = [0.4, 0.08, 0.08, 0.04, 0.25, 0.15]
    for _ in range(60):
        acts[str(rng.choice(list(acts), p=chances))]()
        qtbot.wait(2)
        found = dict(zip(*np.unique(layer.data[layer.data > 0], return_counts=True), strict=True))
        assert set(found) <= set(values(table))
        for one in table.rows:
            assert one.volume_ml == pytest.approx(0.01 * found.get(one.value, 0))
        names = [one.name for one in table.rows]
        assert len(set(names)) == len(names)
        assert metadata_of(layer)["table"].names == {one.value: one.name for one in table.rows}
