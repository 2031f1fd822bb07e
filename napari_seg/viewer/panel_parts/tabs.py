"""The tabs of the panel: one section each, scrolled on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QScrollArea, QTabWidget, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Section(Protocol):
    """What a tab holds: a widget with one primary action."""

    def run(self) -> None:
        """Do what the primary button does; nothing where it is disabled."""


class Tabs(QTabWidget):
    """One section at a time, and what is shared stays above."""

    def __init__(self) -> None:
        super().__init__()
        self.setDocumentMode(True)
        bar = self.tabBar()
        if bar is not None:
            # napari's themes leave its line white.
            bar.setDrawBase(False)
        self.setUsesScrollButtons(True)
        self.setAccessibleName("What to do")

    @property
    def section(self) -> QWidget | None:
        """The section that is shown."""
        page = self.currentWidget()
        return page.section if isinstance(page, _Page) else None

    def add(self, section: QWidget, title: str, tip: str) -> None:
        """Add a section, which is a `Section`, behind the others."""
        self.addTab(_Page(section), title)
        self.setTabToolTip(self.count() - 1, tip)

    def show_section(self, section: QWidget) -> None:
        """Turn to a section."""
        for page in self._pages():
            if page.section is section:
                self.setCurrentWidget(page)

    @property
    def settings(self) -> dict[str, str]:
        """Which section is shown, to be remembered."""
        return {"section": self.tabText(self.currentIndex())}

    def restore(self, settings: Mapping[str, Any]) -> None:
        """Show the section that was remembered, if there is one of that title."""
        for place in range(self.count()):
            if self.tabText(place) == settings.get("section"):
                self.setCurrentIndex(place)

    def run(self) -> None:
        """Do what the primary button of the tab that is shown does."""
        section = self.section
        if section is not None and section.isEnabled():
            section.run()  # type: ignore[attr-defined] # see `Section`

    def _pages(self) -> Iterator[_Page]:
        for place in range(self.count()):
            page = self.widget(place)
            if isinstance(page, _Page):
                yield page


class _Page(QScrollArea):
    def __init__(self, section: QWidget) -> None:
        super().__init__()
        self.section = section
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 6, 0, 0)
        layout.addWidget(section)
        layout.addStretch()
        self.setWidget(body)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
