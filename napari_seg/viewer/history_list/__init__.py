"""The history of the labels at hand, to be seen and gone through."""

from napari_seg.viewer.history_list.history_list import HistoryList

__all__ = ["HistoryList"]
