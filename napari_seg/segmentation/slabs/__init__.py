"""Segment without an array of all scores: from windows to labels, slab by slab."""
