"""The table of a layer's labels: what a person calls them, and what is done with whole ones."""

from napari_seg.viewer.label_list.label_list import LabelList
from napari_seg.viewer.label_list.layer_table import LayerTable

__all__ = ["LabelList", "LayerTable"]
