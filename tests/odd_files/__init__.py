"""Odd scans, pictures and label files, each with what is to become of it."""
