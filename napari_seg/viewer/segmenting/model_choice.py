"""Choose the model: one that comes with napari-seg, or a bundle's folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget

from napari_seg.segmentation.bundle_description import SHIPPED_VARIANTS
from napari_seg.segmentation.model_names import model_names
from napari_seg.viewer.elided_choice import ElidedChoice

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_seg.segmentation.bundle_description import BundleDescription


class ModelChoice(QWidget):
    """A list of models, and a button that adds one from a folder.

    Parameters
    ----------
    describe_bundle
        Reads what a bundle says of itself, without running it.

    Attributes
    ----------
    changed
        Signal: another model.
    """

    changed = Signal()

    def __init__(self, describe_bundle: Callable[..., BundleDescription]) -> None:
        super().__init__()
        self._describe = describe_bundle
        self._models: list[tuple[Path | None, BundleDescription]] = []
        self.list = ElidedChoice()
        self.list.setAccessibleName("Model")
        self.other = QPushButton("…")
        self.other.setAccessibleName("Open a model")
        self.other.setToolTip("Open the folder of another MONAI bundle")
        self.other.setMaximumWidth(self.other.sizeHint().height() * 2)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.other)
        for variant in SHIPPED_VARIANTS:
            self._add(None, self._describe(None, variant=variant))
        self.list.currentIndexChanged.connect(self._on_chosen)
        self.other.clicked.connect(self._on_other)
        self._on_chosen(0)

    @property
    def folder(self) -> Path | None:
        """The folder of the chosen model; None for one that comes with napari-seg."""
        return self._models[self.list.currentIndex()][0]

    @property
    def description(self) -> BundleDescription:
        """What the chosen model says of itself."""
        return self._models[self.list.currentIndex()][1]

    def add_folder(self, folder: Path) -> None:
        """Add the bundle in a folder to the list, and choose it.

        Raises
        ------
        FileNotFoundError, ValueError
            If it is no bundle, or its metadata cannot be read.
        """
        folders = [known for known, _ in self._models]
        if folder not in folders:
            self._add(folder, self._describe(folder))
            folders.append(folder)
        self.list.setCurrentIndex(folders.index(folder))

    def _add(self, folder: Path | None, description: BundleDescription) -> None:
        self._models.append((folder, description))
        self.list.addItem("")
        # A folder of the same name makes those of others longer.
        names = model_names([model for _, model in self._models])
        for row, (own, model) in enumerate(self._models):
            place = "" if own is None else f" ({names[row]})"
            self.list.setItemText(row, model.title + place)

    def _on_chosen(self, _index: int) -> None:
        model = self.description
        place = "" if self.folder is None else f"\n{self.folder}"
        self.list.setToolTip(
            f"{model.name} {model.version}, a {model.spatial_dims}D network.\n"
            f"It draws: {', '.join(model.label_names)}{place}"
        )
        self.changed.emit()

    def _on_other(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Open the folder of a MONAI bundle")
        if folder:
            self.add_folder(Path(folder))
