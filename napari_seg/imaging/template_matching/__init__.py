"""Find where a template lies in a scan: coarse search, affine refinement, and a score."""
