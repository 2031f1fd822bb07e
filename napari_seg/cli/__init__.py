"""The command line: ``napari-seg segment | demo | doctor | bundle-path``."""

from napari_seg.cli.commands import app
from napari_seg.cli.program import main

__all__ = ["app", "main"]
