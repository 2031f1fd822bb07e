"""The series of a DICOM folder as a list: what each is, and what is wrong with it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from qtpy.QtCore import QModelIndex, QSize, Qt
from qtpy.QtGui import QColor, QPalette, QTextDocument
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFrame,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtGui import QPainter, QResizeEvent

    from napari_seg.imaging.dicom.series import Series

_HTML = Qt.ItemDataRole.UserRole + 1
_MARGIN = 8
_STRIPE = 4
_SHOWN_ROWS = 12


def facts_of(series: Series) -> tuple[str, str]:
    """Say what a series is: modality, orientation, slices and their size; and the spacing."""
    rows, columns = series.shape
    slices = f"{series.count} slice{'s' if series.count != 1 else ''}"
    parts = (series.modality, series.orientation, slices, f"{columns} × {rows}")
    spacing = () if series.spacing is None else series.spacing
    steps = " × ".join(f"{step:.2f}" for step in spacing)
    return " · ".join(filter(None, parts)), f"{steps} mm" if steps else ""


def can_open(series: Series) -> bool:
    """Tell whether a series can be read, with or without a repair."""
    return series.spacing is not None


class SeriesList(QListWidget):
    """One entry for each series; those that cannot be read are there, and cannot be chosen."""

    def __init__(self) -> None:
        super().__init__()
        self._series: tuple[Series, ...] = ()
        self.setAccessibleName("Series")
        self._entry = _Entry(self)
        self.setItemDelegate(self._entry)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)

    @property
    def chosen(self) -> Series | None:
        """The series that is selected."""
        rows = self.selectedIndexes()
        return self._series[rows[0].row()] if rows else None

    def show_series(self, series: Sequence[Series]) -> None:
        """List other series, and select the largest that needs no repair."""
        self._series = tuple(series)
        self.clear()
        for one in series:
            self.addItem(_item(one))
        good = [number for number, one in enumerate(series) if can_open(one)]
        whole = [number for number in good if not series[number].can_repair]
        if good:
            self.setCurrentRow(max(whole or good, key=lambda number: series[number].count))
        self.updateGeometry()

    def set_accent(self, colour: str) -> None:
        """Mark the selected entry in this colour from now on."""
        self._entry.accent = QColor(colour)
        self.update()

    def sizeHint(self) -> QSize:
        """Ask for the height of the entries, up to that of some of them."""
        heights = [self.sizeHintForRow(row) for row in range(min(self.count(), _SHOWN_ROWS))]
        return QSize(super().sizeHint().width(), sum(heights) + 2 * self.frameWidth())

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Wrap the entries anew."""
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()
        self.updateGeometry()


class _Entry(QStyledItemDelegate):
    """Draws an entry as rich text, wrapped to the width of the list."""

    accent = QColor()

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Draw one entry."""
        if painter is None:
            return
        full = QStyleOptionViewItem(option)
        self.initStyleOption(full, index)
        full.text = ""
        style = full.widget.style() if full.widget is not None else QApplication.style()
        if style is None:
            return
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, full, painter, full.widget)
        enabled = bool(full.state & QStyle.StateFlag.State_Enabled)
        group = QPalette.ColorGroup.Normal if enabled else QPalette.ColorGroup.Disabled
        colour = full.palette.color(group, QPalette.ColorRole.Text)
        document = self._document(index, full.rect.width(), colour.name())
        painter.save()
        if full.state & QStyle.StateFlag.State_Selected and self.accent.isValid():
            stripe = full.rect.adjusted(0, 0, _STRIPE - full.rect.width(), 0)
            painter.fillRect(stripe, self.accent)
        painter.setOpacity(1.0 if enabled else 0.55)
        painter.translate(full.rect.left() + _MARGIN, full.rect.top() + _MARGIN // 2)
        document.drawContents(painter)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Measure one entry."""
        view = self.parent()
        width = option.rect.width()
        if isinstance(view, QListWidget) and (viewport := view.viewport()) is not None:
            width = viewport.width()
        document = self._document(index, width, "")
        return QSize(width, int(document.size().height()) + _MARGIN)

    def _document(self, index: QModelIndex, width: int, colour: str) -> QTextDocument:
        document = QTextDocument()
        view = self.parent()
        if isinstance(view, QListWidget):
            document.setDefaultFont(view.font())
        document.setDocumentMargin(2)
        document.setDefaultStyleSheet(f"body {{ color: {colour}; }}" if colour else "")
        document.setHtml(f"<body>{index.data(_HTML)}</body>")
        document.setTextWidth(max(width - 2 * _MARGIN, 60))
        return document


def _item(series: Series) -> QListWidgetItem:
    name = series.description or "without a description"
    title = " ".join(filter(None, (f"{series.number}", name, series.distinction)))
    problems = [problem[:1].upper() + problem[1:] for problem in series.problems]
    facts = [fact for fact in facts_of(series) if fact]
    item = QListWidgetItem("\n".join((title, *facts, *problems)))
    head = escape(f"{name} {series.distinction}".strip())
    lines = [f"{series.number} &nbsp;<b>{head}</b>", *map(escape, facts)]
    if problems and can_open(series):
        lines += [f"⚠ <i>{escape(problem)}</i>" for problem in problems]
    elif problems:
        lines += [f"✕ <i>{escape(problem)}</i>" for problem in problems]
    item.setData(_HTML, "<br>".join(lines))
    if not can_open(series):
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        item.setToolTip("Cannot be opened: " + "; ".join(series.problems))
    elif series.can_repair:
        item.setToolTip("Opens once it is repaired, which a notice will say")
    return item
