"""Options of a run that most runs leave as they are: folded away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_seg.segmentation.bundle_description import describe_bundle
from napari_seg.segmentation.mirror_axes import all_mirror_axes, why_no_mirror_axes
from napari_seg.segmentation.run_settings import ENTROPY
from napari_seg.viewer.segmenting.averaging import Averaging

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from napari_seg.segmentation.bundle_description import BundleDescription
    from napari_seg.segmentation.execution import Precision


_PROBABILITY = "probability"
_AXES_SEEN = {1: "the one axis", 2: "the two axes", 3: "all three axes"}
_CERTAINTIES = {"not shown": "", "Probabilities": _PROBABILITY, "Entropy": ENTROPY}
_PRECISIONS: dict[str, Precision] = {"Fast": "fast", "Exact": "exact"}


class RunOptions(QWidget):
    """Precision, overlap and mirroring of windows, labels, clean-up, certainty and averages.

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

    def __init__(self, describe_bundle: Callable[..., BundleDescription] = describe_bundle) -> None:
        super().__init__()
        self.fold = QToolButton()
        self.fold.setText("Options")
        self.fold.setToolTip("Precision, overlap, labels to keep, clean-up, certainty, averages")
        self.fold.setCheckable(True)
        self.fold.setAutoRaise(True)
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.overlap_percent = QSpinBox()
        self.overlap_percent.setRange(0, 90)
        self.overlap_percent.setSingleStep(5)
        self.overlap_percent.setValue(25)
        self.overlap_percent.setSuffix(" %")
        self.overlap_percent.setAccessibleName("Overlap")
        self.overlap_percent.setToolTip("How much neighbouring windows overlap: more is slower")
        self.keep_largest = QCheckBox("Only the largest part of each label")
        self.keep_largest.setToolTip("Every smaller part of a label becomes background")
        self.min_ml = QDoubleSpinBox()
        self.min_ml.setRange(0, 1000)
        self.min_ml.setSingleStep(0.05)
        self.min_ml.setSuffix(" ml")
        self.min_ml.setSpecialValueText("none")
        self.min_ml.setAccessibleName("Drop parts smaller than")
        self.min_ml.setToolTip("Parts of a label that are smaller become background")
        self.precision_choice, self.certainty = _precision_choice(), _certainty_choice()
        self.mirror = QCheckBox("Average over mirrored windows")
        self.averaging = Averaging(describe_bundle)
        self._show_mirroring()
        self.labels: list[QCheckBox] = []
        self._lay_out()
        self.fold.toggled.connect(self._on_fold)
        self.certainty.currentTextChanged.connect(self._on_certainty)
        self.averaging.changed.connect(self._on_averaging)
        self._on_fold(False)

    @property
    def precision(self) -> Precision:
        """How exact the network's numbers are."""
        return _PRECISIONS[self.precision_choice.currentText()]

    @property
    def overlap(self) -> float:
        """The overlap of windows, from 0 to 0.9."""
        return float(self.overlap_percent.value() / 100)

    @property
    def kept_labels(self) -> tuple[str, ...] | None:
        """Names of the labels to keep; None for all."""
        kept = tuple(box.text() for box in self.labels if box.isChecked())
        return None if len(kept) == len(self.labels) else kept

    @property
    def maps(self) -> tuple[str, ...]:
        """What is shown beside the labels: names of labels, or the entropy."""
        wanted = _CERTAINTIES[self.certainty.currentText()]
        if wanted != _PROBABILITY:
            return (wanted,) if wanted else ()
        return tuple(box.text() for box in self.labels if box.isChecked())

    @property
    def mirrored_axes(self) -> tuple[int, ...]:
        """The axes along which windows are mirrored."""
        return self._mirror_axes if self.mirror.isChecked() else ()

    def as_settings(self) -> dict[str, Any]:
        """Give what was chosen here by the names of `RunSettings`."""
        return {
            "precision": self.precision,
            "overlap": self.overlap,
            "labels": self.kept_labels,
            "keep_largest": self.keep_largest.isChecked(),
            "min_ml": self.min_ml.value(),
            "mirror": self.mirrored_axes,
            "maps": self.maps,
            **self.averaging.as_settings(),
        }

    def set_model(self, folder: Path | None, model: BundleDescription) -> None:
        """Offer the labels of another model, and averages with it and over what it knows."""
        self.set_labels(model.label_names)
        self.averaging.set_model(folder, model)
        self._show_mirroring()

    def set_labels(self, names: Sequence[str]) -> None:
        """Offer the labels of a model; all are kept at first."""
        for old in self.labels:
            self._label_list.removeWidget(old)
            old.deleteLater()
        self.labels = [QCheckBox(name) for name in names]
        for box in self.labels:
            box.setChecked(True)
            box.setToolTip("Keep this label")
            box.toggled.connect(self._on_label)
            self._label_list.addWidget(box)

    def _lay_out(self) -> None:
        self._body = QWidget()
        form = QFormLayout(self._body)
        form.setContentsMargins(20, 0, 0, 0)
        self._label_list = QVBoxLayout()
        self._label_list.setSpacing(2)
        form.addRow("Precision", self.precision_choice)
        form.addRow("Overlap", self.overlap_percent)
        form.addRow("Labels", self._label_list)
        form.addRow("Drop parts under", self.min_ml)
        form.addRow(self.keep_largest)
        form.addRow("Certainty", self.certainty)
        form.addRow("Average with", self.averaging)
        form.addRow(self.mirror)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.fold)
        layout.addWidget(self._body)

    def _show_mirroring(self) -> None:
        """Offer to mirror windows along what all models that are averaged were trained on."""
        models = self.averaging.models
        self._mirror_axes = all_mirror_axes(models)
        flat_axis = models[0].flat_axis if models else None
        seen = [axis for axis in self._mirror_axes if axis != flat_axis]
        self.mirror.setEnabled(bool(seen))
        if not seen:
            self.mirror.setChecked(False)
            self.mirror.setToolTip(why_no_mirror_axes(models))
            return
        which = "all models were" if len(models) > 1 else "it was"
        self.mirror.setToolTip(
            f"The network also sees each window mirrored along {_AXES_SEEN[len(seen)]}\n"
            f"that {which} trained on: steadier labels, in {2 ** len(seen)} times the time"
        )

    def _on_averaging(self) -> None:
        self._show_mirroring()
        self.changed.emit()

    def _on_fold(self, open_: bool) -> None:
        self.fold.setArrowType(Qt.ArrowType.DownArrow if open_ else Qt.ArrowType.RightArrow)
        self._body.setVisible(open_)

    def _on_certainty(self, _text: str) -> None:
        self.changed.emit()

    def _on_label(self, _checked: bool) -> None:
        self.changed.emit()


def _precision_choice() -> QComboBox:
    precision = QComboBox()
    precision.addItems(list(_PRECISIONS))
    precision.setAccessibleName("Precision")
    precision.setToolTip(
        "Exact: labels as in 32-bit numbers, for results that are compared.\n"
        "Fast: shorter numbers where they are quicker and at most 1 labelled voxel in 1000 "
        "differs"
    )
    return precision


def _certainty_choice() -> QComboBox:
    certainty = QComboBox()
    certainty.addItems(list(_CERTAINTIES))
    certainty.setAccessibleName("Certainty")
    certainty.setToolTip(
        "Also show how sure the network is, as an image layer: the probability of each label\n"
        "that is kept, or the entropy of all of them in bits"
    )
    return certainty
