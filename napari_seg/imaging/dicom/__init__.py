"""DICOM in and out: find the series, judge its geometry, decode its pixels."""
