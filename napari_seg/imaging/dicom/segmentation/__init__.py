"""DICOM segmentations (DICOM-SEG) in and out."""
