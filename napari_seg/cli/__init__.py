"""The command line: ``napari-seg segment | demo | doctor | bundle-path``."""

from napari_seg.cli.commands import app, main

__all__ = ["app", "main"]
