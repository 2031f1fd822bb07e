"""What all tools of the Edit tab share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_seg.viewer.edit_tools.applying import Applying
    from napari_seg.viewer.edit_tools.computing import Paces
    from napari_seg.viewer.edit_tools.source import SubjectSource
    from napari_seg.viewer.edit_tools.watched import Watched
    from napari_seg.viewer.preferences import Preferences
    from napari_seg.viewer.viewing.three_views import ThreeViews


class Bench(NamedTuple):
    """What tools are opened on.

    Attributes
    ----------
    viewer
        That shows scan and labels.
    three_views
        Whose canvases show them, too; None for the one canvas.
    source
        Of what a tool works on.
    watched
        The same layer.
    applying
        That writes.
    paces
        How fast each tool is.
    preferences
        Of the person, about editing.
    """

    viewer: ViewerModel
    three_views: ThreeViews | None
    source: SubjectSource
    watched: Watched
    applying: Applying
    paces: Paces
    preferences: Preferences
