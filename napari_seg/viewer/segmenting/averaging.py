"""Choose the networks whose scores are averaged with those of the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_seg.segmentation.bundle_description import shipped_bundle_folder
from napari_seg.segmentation.ensemble import bundles_in, folds_of
from napari_seg.segmentation.model_names import model_names
from napari_seg.segmentation.models_alike import why_not_alike

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_seg.segmentation.bundle_description import BundleDescription


class Averaging(QWidget):
    """A list of further models, and whether all folds of each take part.

    Parameters
    ----------
    describe_bundle
        Reads what a bundle says of itself, without running it.

    Attributes
    ----------
    changed
        Signal: another choice.
    """

    changed = Signal()

    def __init__(self, describe_bundle: Callable[..., BundleDescription]) -> None:
        super().__init__()
        self._describe = describe_bundle
        self._folder: Path | None = None
        self._model: BundleDescription | None = None
        self._rows: list[_Row] = []
        self.add = QPushButton("Add a model…")
        self.add.setToolTip(
            "Average the scores of several models: open the folder of one, or of many.\n"
            "They must prepare scans and name labels alike; each takes its own time"
        )
        self.folds = QCheckBox("All folds")
        self._list = QVBoxLayout()
        self._list.setSpacing(2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(self._list)
        layout.addWidget(self.add)
        layout.addWidget(self.folds)
        self.add.clicked.connect(self._on_add)
        self.folds.toggled.connect(self._on_folds)

    @property
    def further(self) -> tuple[Path, ...]:
        """The folders of the further models."""
        return tuple(row.folder for row in self._rows)

    @property
    def models(self) -> tuple[BundleDescription, ...]:
        """What the model and the further ones say of themselves; empty before there is one."""
        return (
            () if self._model is None else (self._model, *(row.description for row in self._rows))
        )

    def as_settings(self) -> dict[str, Any]:
        """Give what was chosen here by the names of `RunSettings`."""
        return {"further": self.further, "folds": self.folds.isChecked()}

    def set_model(self, folder: Path | None, model: BundleDescription) -> None:
        """Average with another model; further ones that do not go with it are dropped."""
        self._folder, self._model = folder, model
        for row in list(self._rows):
            other = self._described_if_alike(model, row.folder)
            if row.folder == folder or other is None:
                self._drop(row)
            else:
                row.description = other
        self._name_rows()
        self._show_folds()

    def add_folder(self, folder: Path) -> None:
        """Add the bundle in a folder, or all bundles in it.

        Raises
        ------
        FileNotFoundError, ValueError
            If it is no bundle, or does not go with the model; nothing is added then.
        """
        if self._model is None:
            return
        known = {self._folder or shipped_bundle_folder(), *self.further}
        found = {
            bundle: self._describe(bundle, variant=self._model.variant)
            for bundle in bundles_in(folder)
            if bundle not in known
        }
        listed = [self._model, *(row.description for row in self._rows)]
        names = model_names([*listed, *found.values()])[len(listed) :]
        for name, described in zip(names, found.values(), strict=True):
            reason = why_not_alike(self._model, described)
            if reason:
                raise ValueError(f"'{name}' cannot be averaged with the model: {reason}")
        for bundle, described in found.items():
            row = _Row(bundle, described)
            row.removed.connect(self._on_removed)
            self._rows.append(row)
            self._list.addWidget(row)
        self._name_rows()
        self._show_folds()
        self.changed.emit()

    def _described_if_alike(
        self, model: BundleDescription, folder: Path
    ) -> BundleDescription | None:
        """Read what another model says of itself; None if it does not go with a model."""
        try:
            other = self._describe(folder, variant=model.variant)
        except (FileNotFoundError, ValueError):
            return None  # such as a bundle without a 2D network
        return None if why_not_alike(model, other) else other

    def _drop(self, row: _Row) -> None:
        self._rows.remove(row)
        self._list.removeWidget(row)
        row.deleteLater()

    def _name_rows(self) -> None:
        """Name each model as notices do, told from the others and from the one that is chosen."""
        if self._model is None:
            return
        names = model_names([self._model, *(row.description for row in self._rows)])[1:]
        for row, name in zip(self._rows, names, strict=True):
            row.show_name(name)

    def _show_folds(self) -> None:
        """Offer the folds where every model has some."""
        lacking = []
        for folder in (self._folder, *self.further):
            try:
                folds_of(folder)
            except FileNotFoundError as error:
                lacking.append(str(error))
        self.folds.setEnabled(not lacking)
        if lacking:
            self.folds.setChecked(False)
        self.folds.setToolTip(lacking[0] if lacking else "Average over models/*fold*.pt of each")

    def _on_add(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Open the folder of a MONAI bundle")
        if folder:
            self.add_folder(Path(folder))

    def _on_removed(self, row: _Row) -> None:
        self._drop(row)
        self._name_rows()
        self._show_folds()
        self.changed.emit()

    def _on_folds(self, _checked: bool) -> None:
        self.changed.emit()


class _Row(QWidget):
    """A further model, with a button that takes it away."""

    removed = Signal(object)

    def __init__(self, folder: Path, description: BundleDescription) -> None:
        super().__init__()
        self.folder, self.description = folder, description
        self.name = QLabel()
        self.name.setToolTip(str(folder))
        # A long name is cut off rather than making the panel wider.
        self.name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.remove = QToolButton()
        self.remove.setText("✕")
        self.remove.setAutoRaise(True)
        self.remove.setToolTip("Leave this model out")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.name, 1)
        layout.addWidget(self.remove)
        self.remove.clicked.connect(self._on_remove)

    def show_name(self, name: str) -> None:
        """Show what the model is called among the others."""
        self.name.setText(name)
        self.remove.setAccessibleName(f"Leave out {name}")

    def _on_remove(self) -> None:
        self.removed.emit(self)
