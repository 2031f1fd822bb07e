"""What a scan and its labels are: files in and out, geometry, edits, measures."""
