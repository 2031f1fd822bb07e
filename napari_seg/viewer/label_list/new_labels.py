"""New, empty labels on a scan's grid, with values, names and colours from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_seg.imaging.label_files.tables import read_label_table
from napari_seg.imaging.label_sets import LabelSet
from napari_seg.imaging.label_table import STATUSES, Label, LabelTable
from napari_seg.imaging.scan import LabelMap
from napari_seg.segmentation.bundle_description import describe_bundle
from napari_seg.viewer.label_list.layer_table import LayerTable
from napari_seg.viewer.layers import grid_of, labels_layer, metadata_of

if TYPE_CHECKING:
    from napari.layers import Image, Labels

_LARGEST = int(np.iinfo(np.uint16).max)


def set_of_file(path: str | Path) -> LabelSet:
    """Take a set of labels from a table in a file.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such file, or it is no table of labels or one without labels.
    """
    path = Path(path)
    table = read_label_table(path)
    if not len(table):
        raise ValueError(f"'{path.name}' holds no label; choose another table of labels")
    return _unspoken(LabelSet(path.stem, table))


def set_of_bundle(folder: str | Path | None) -> LabelSet:
    """Take the set of labels that a bundle's network draws; None for the shipped bundle.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no bundle there, or its metadata tell no labels.
    """
    bundle = describe_bundle(folder)
    if not bundle.labels:
        raise ValueError(f"the bundle '{bundle.name}' names no labels; choose another one")
    return LabelSet(bundle.name, LabelTable.from_names(dict(bundle.labels)))


def set_of_layer(layer: Labels) -> LabelSet:
    """Take the labels of a layer, or the set that it was made from.

    Raises
    ------
    ValueError
        If it has no labels.
    """
    agreed = metadata_of(layer).get("label_set")
    if isinstance(agreed, LabelSet):
        return agreed
    table = LayerTable.of(layer).table
    if not len(table):
        raise ValueError(f"'{layer.name}' holds no label yet; choose another layer")
    return _unspoken(LabelSet(layer.name, table))


def empty_labels(scan: Image, agreed: LabelSet) -> Labels:
    """Make a layer without any voxel labelled, which remembers the set that it should keep to.

    Parameters
    ----------
    scan
        On whose grid it lies, at one position of its channels or times.
    agreed
        Its labels.

    Returns
    -------
    napari.layers.Labels
        Of type uint8 if its values allow that, else uint16.

    Raises
    ------
    ValueError
        If a value is too large for uint16, or the layer tells no grid.
    """
    largest = max(label.value for label in agreed.table)
    if largest > _LARGEST:
        raise ValueError(
            f"the set '{agreed.name}' holds the value {largest}, but labels go up to {_LARGEST}; "
            "give it a smaller one"
        )
    geometry, _ = grid_of(scan)
    dtype = np.uint8 if largest <= np.iinfo(np.uint8).max else np.uint16
    labels = LabelMap(np.zeros(geometry.shape, dtype), geometry, agreed.table)
    return labels_layer(
        labels,
        name=f"{scan.name} – {agreed.name}",
        like=scan,
        label_set=agreed,
        scan_id=scan.unique_id,
    )


def _unspoken(agreed: LabelSet) -> LabelSet:
    # How far somebody came with other labels says nothing of new ones.
    rows = (Label(one.value, one.name, one.colour, one.code, STATUSES[0]) for one in agreed.table)
    return LabelSet(agreed.name, LabelTable(tuple(rows)))
