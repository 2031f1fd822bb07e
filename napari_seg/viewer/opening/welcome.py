"""What the panel shows while neither a scan nor labels are open."""

from __future__ import annotations

from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget


class Welcome(QWidget):
    """Three buttons that open a scan."""

    def __init__(self) -> None:
        super().__init__()
        text = QLabel(
            "Open a scan to segment it. An image that another reader opened will do, too."
        )
        text.setWordWrap(True)
        self.file = QPushButton("Open a scan…")
        self.file.setToolTip("NIfTI, NRRD, MetaImage, DICOM or a picture; labels, too")
        self.folder = QPushButton("Open a folder…")
        self.folder.setToolTip("DICOM series at any depth, or one mask a structure")
        self.sample = QPushButton("Open the sample")
        self.sample.setToolTip("A whole brain (T1 MR) that comes with napari-seg")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(text)
        for button in (self.file, self.folder, self.sample):
            layout.addWidget(button)
        layout.addStretch()
