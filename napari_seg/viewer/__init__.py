"""How a person sees and edits labels: layers, panel and jobs of napari."""
