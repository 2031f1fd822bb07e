"""The command line: ``napari-seg segment | convert | series | demo | doctor | bundle-path``."""

from napari_seg.cli.program import main

__all__ = ["main"]
