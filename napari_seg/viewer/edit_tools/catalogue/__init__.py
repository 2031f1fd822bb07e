"""All tools, each described in the file of its group."""

from __future__ import annotations

from typing import Any

from napari_seg.viewer.edit_tools.catalogue import (
    between,
    cut,
    fill,
    islands,
    logic,
    margins,
    seeds,
    smooth,
    threshold,
)
from napari_seg.viewer.edit_tools.tool import Tool

TOOLS: tuple[Tool[Any], ...] = (
    *fill.TOOLS,
    *islands.TOOLS,
    *margins.TOOLS,
    *smooth.TOOLS,
    *between.TOOLS,
    *seeds.TOOLS,
    *cut.TOOLS,
    *logic.TOOLS,
    *threshold.TOOLS,
)
