"""Find by itself what a model segments: a template with boxes, laid over the scan."""
