"""Run a model on a scan from the panel: what, where, how, and where its labels go."""
