"""Bring a scan to a network's grid and intensity, in parts of bounded size."""
