"""Texts at the edges of a canvas, painted once and drawn together as one picture.

napari draws each text overlay of its own anew from outlines, and its box: the letters of three
canvases took a fifth of the time in which a stroke is shown without a graphics card. All that is
private to napari here is in this file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari._vispy.overlays.base import ViewerOverlayMixin, VispyCanvasOverlay
from napari._vispy.utils.visual import overlay_to_visual
from napari.components.overlays import CanvasOverlay
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath, QPen
from vispy.gloo import Texture2D, VertexBuffer
from vispy.scene.visuals import create_visual_node
from vispy.visuals import Visual

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_FONT_POINTS = 15
_PIXELS_A_POINT = 96 / 72
# By its halo a letter is read on bright voxels and on dark ones.
_HALO, _MARGIN = 3.0, 3.0
_VERTEX = """
attribute vec2 a_place;
attribute vec2 a_from;
varying vec2 v_from;
void main() { v_from = a_from; gl_Position = $transform(vec4(a_place, 0.0, 1.0)); }
"""
_FRAGMENT = """
uniform sampler2D u_picture;
varying vec2 v_from;
void main() { gl_FragColor = texture2D(u_picture, v_from); }
"""
# Two triangles, as shares of width and height.
_CORNERS = np.array([(0, 0), (1, 0), (1, 1), (0, 0), (1, 1), (0, 1)], dtype=np.float32)


class EdgeTexts(CanvasOverlay):  # type: ignore[misc]  # napari carries no types
    """Texts of a canvas, by place: left, right, top, bottom and corner (the upper left one)."""

    # Any place that is none of napari's own: it need not be fitted between other overlays.
    position: Any = "edges"
    box: bool = False
    texts: dict[str, str] = {}  # noqa: RUF012 - a field of a pydantic model, copied for each


def corner_of(place: str, size: Sequence[float], canvas: Sequence[float]) -> tuple[float, float]:
    """Give the upper left corner of a text, ``(x, y)``, by its and the canvas's width and height.

    Examples
    --------
    >>> corner_of("right", (20, 10), (200, 100))
    (177.0, 45.0)
    """
    across = {"left": 0.0, "corner": 0.0, "right": 1.0}.get(place, 0.5)
    down = {"top": 0.0, "corner": 0.0, "bottom": 1.0}.get(place, 0.5)
    room = [whole - part - 2 * _MARGIN for whole, part in zip(canvas, size, strict=True)]
    return _MARGIN + across * room[0], _MARGIN + down * room[1]


def places_of(
    sizes: dict[str, tuple[float, float]], canvas: Sequence[float]
) -> dict[str, tuple[float, float]]:
    """Give the upper left corner of each text; on a narrow canvas that in the corner stands lower.

    Parameters
    ----------
    sizes
        Width and height of each text, by its place.
    canvas
        Width and height of the canvas.

    Examples
    --------
    >>> places_of({"top": (20, 10), "corner": (60, 10)}, (120, 200))
    {'top': (50.0, 3.0), 'corner': (3.0, 13.0)}
    """
    places = {place: corner_of(place, size, canvas) for place, size in sizes.items()}
    if {"top", "corner"} <= set(places):
        x, y = places["corner"]
        if x + sizes["corner"][0] > places["top"][0]:
            places["corner"] = x, y + sizes["top"][1]
    return places


class _PictureVisual(Visual):  # type: ignore[misc]  # vispy carries no types
    """Parts of one picture, each at a place of its own."""

    def __init__(self) -> None:
        super().__init__(vcode=_VERTEX, fcode=_FRAGMENT)
        self._picture = Texture2D((1, 1, 4), interpolation="linear")
        self._place, self._from = VertexBuffer(), VertexBuffer()
        self.shared_program["u_picture"] = self._picture
        self.shared_program["a_place"] = self._place
        self.shared_program["a_from"] = self._from
        self._draw_mode = "triangles"
        self._is_empty = True
        self.freeze()

    def show(self, picture: NDArray[np.uint8], parts: NDArray[np.float32]) -> None:
        """Show parts, each as ``(x, y, width, height)`` in the picture and then on the canvas."""
        self._is_empty = not len(parts)
        if not self._is_empty:
            height, width = picture.shape[:2]
            boxes = parts / np.array([[width, height, width, height], [1, 1, 1, 1]], np.float32)
            corners = boxes[..., None, :2] + boxes[..., None, 2:] * _CORNERS
            self._picture.set_data(picture)
            self._from.set_data(np.ascontiguousarray(corners[:, 0].reshape(-1, 2)))
            self._place.set_data(np.ascontiguousarray(corners[:, 1].reshape(-1, 2)))
        self.update()

    def _prepare_transforms(self, view: Any) -> None:
        view.view_program.vert["transform"] = view.transforms.get_transform()

    def _prepare_draw(self, view: Any) -> bool:
        return not self._is_empty


_Picture = create_visual_node(_PictureVisual)


class _DrawnTexts(ViewerOverlayMixin, VispyCanvasOverlay):  # type: ignore[misc]  # as above
    """What napari's canvas draws for `EdgeTexts`."""

    def __init__(self, **given: Any) -> None:
        super().__init__(node=_Picture(), **given)
        self.overlay.events.texts.connect(self._on_position_change)
        self.viewer.canvas.events.size.connect(self._on_position_change)
        self.viewer.canvas.events.background_color.connect(self._on_position_change)
        self.reset()

    def _on_position_change(self, event: object = None) -> None:
        texts = {place: text for place, text in self.overlay.texts.items() if text}
        height, width = self.viewer.canvas.size
        ratio = self.node.transforms.pixel_scale
        pictures = [
            painted(text, self._get_fgcolor(), self.viewer.canvas.background_color, ratio)
            for text in texts.values()
        ]
        sizes = {
            place: (one.shape[1] / ratio, one.shape[0] / ratio)
            for place, one in zip(texts, pictures, strict=True)
        }
        places = places_of(sizes, (width, height))
        parts, down = [], 0
        for place, one in zip(texts, pictures, strict=True):
            size, (x, y) = sizes[place], places[place]
            # On whole pixels, or they are blurred.
            shown = (round(x * ratio) / ratio, round(y * ratio) / ratio, *size)
            parts.append([(0, down, one.shape[1], one.shape[0]), shown])
            down += one.shape[0]
        whole = np.zeros((max(down, 1), max([1, *(one.shape[1] for one in pictures)]), 4), np.uint8)
        for (source, _), one in zip(parts, pictures, strict=True):
            whole[source[1] : source[1] + source[3], : source[2]] = one
        self.node.show(whole, np.array(parts, np.float32).reshape(-1, 2, 4))


overlay_to_visual[EdgeTexts] = _DrawnTexts


def painted(text: str, colour: Any, halo: Any, ratio: float = 1.0) -> NDArray[np.uint8]:
    """Paint a text with a halo.

    Parameters
    ----------
    text
        One line.
    colour, halo
        Red, green, blue and alpha from 0 to 1.
    ratio
        So many pixels of the screen are one of the picture.

    Returns
    -------
    NDArray
        Of shape ``(height, width, 4)``.
    """
    font = QFont()
    font.setPixelSize(round(_FONT_POINTS * _PIXELS_A_POINT * ratio))
    metrics, around = QFontMetricsF(font), _HALO * ratio
    size = (metrics.horizontalAdvance(text) + 2 * around, metrics.height() + 2 * around)
    image = QImage(int(size[0]) + 1, int(size[1]) + 1, QImage.Format.Format_RGBA8888)
    inner, outer = (QColor.fromRgbF(*map(float, each[:3])) for each in (colour, halo))
    clear = QColor(outer)
    clear.setAlpha(0)
    image.fill(clear)
    path = QPainterPath()
    path.addText(around, around + metrics.ascent(), font, text)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(outer, 2 * around)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.strokePath(path, pen)
    painter.fillPath(path, inner)
    painter.end()
    rows = np.frombuffer(image.constBits().asstring(image.sizeInBytes()), np.uint8)
    return rows.reshape(image.height(), image.bytesPerLine() // 4, 4)[:, : image.width()]
