"""How a scan becomes labels; no napari, no Qt."""
