"""Labels kept without thinking: saved by one key, asked for before they go, restored after a crash."""

from __future__ import annotations

from napari_seg.viewer.keeping.keeping import Keeping

__all__ = ["Keeping"]
