"""Edit: the brushes, the tools and the history of the labels at hand."""

from napari_seg.viewer.edit_section.section import EditSection

__all__ = ["EditSection"]
